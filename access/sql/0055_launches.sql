-- Host systems that may launch the portal, and what they launched. Of these the web's login reads the
-- hosts and their public keys; everything else goes through functions.

revoke all on access_launchhost, access_launch from connectcare_pipeline, connectcare_web;
grant select on access_launchhost to connectcare_web;
grant select, insert, update on access_launchhost to connectcare_gate;
grant select, insert, update, delete on access_launch to connectcare_gate;
grant usage on sequence access_launchhost_id_seq, access_launch_id_seq to connectcare_gate;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

create function access.may_manage_hosts(in_staff bigint, in_membership bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from organisations.acting(in_staff, in_membership) a
                   where 'manage-registry' = any (a.activities))
$$;

-- One administrator proposes a host's key; it lets nothing in before another one confirms it.
create function access.propose_host(
    in_staff bigint, in_membership bigint, in_request uuid, in_organisation uuid, in_name text,
    in_key_id text, in_public_key text)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    place bigint;
    made bigint;
    outcome text;
begin
    select o.id into place from public.organisations_organisation o
    where o.public_id = in_organisation and o.kind <> 'group'
      and organisations.in_force(o.state, o.valid_from, o.valid_until);
    outcome := case
        when not access.may_manage_hosts(in_staff, in_membership) then 'not-allowed'
        when place is null then 'organisation-not-in-force'
        when exists (select from public.access_launchhost h where h.key_id = in_key_id)
            then 'key-known' end;
    if outcome is null then
        insert into public.access_launchhost
            (organisation_id, name, key_id, public_key, proposed_by_id)
        values (place, in_name, in_key_id, in_public_key, in_staff) returning id into made;
        outcome := 'proposed';
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case outcome when 'proposed' then 'done' else 'refused' end,
        case outcome when 'proposed' then 'launch-host-proposed' else outcome end,
        jsonb_build_object('id', made, 'organisation', place));
    return outcome;
end $$;

-- Confirmed by a second one, or ended by any one.
create function access.settle_host(
    in_staff bigint, in_membership bigint, in_request uuid, in_host uuid, in_ends boolean)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    host public.access_launchhost;
    outcome text;
begin
    if access.may_manage_hosts(in_staff, in_membership) then
        select * into host from public.access_launchhost h where h.public_id = in_host for update;
    end if;
    outcome := case
        when host.id is null then 'not-allowed'
        when host.ended_at is not null then 'over'
        when in_ends then 'ended'
        when host.confirmed_at is not null
          or host.proposed_at < statement_timestamp() - interval '30 days' then 'over'
        when host.proposed_by_id = in_staff then 'own'
        else 'confirmed' end;
    if outcome = 'confirmed' then
        update public.access_launchhost
        set confirmed_by_id = in_staff, confirmed_at = statement_timestamp() where id = host.id;
    elsif outcome = 'ended' then
        update public.access_launchhost
        set ended_by_id = in_staff, ended_at = statement_timestamp() where id = host.id;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case when outcome in ('confirmed', 'ended') then 'done' else 'refused' end,
        case when outcome in ('confirmed', 'ended') then 'launch-host-' || outcome
             else outcome end,
        jsonb_build_object('id', host.id));
    return outcome;
end $$;

-- Keeps a launch whose token was found right: once for each token, of a host in force.
create function access.keep_launch(
    in_key_id text, in_token text, in_staff bigint, in_launch uuid, in_sealed bytea)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from public.access_launch where came < statement_timestamp() - interval '1 day';
    insert into public.access_launch (public_id, host_id, token, staff_id, sealed)
    select in_launch, h.id, in_token, in_staff, in_sealed
    from public.access_launchhost h
    join public.organisations_organisation o on o.id = h.organisation_id
    where h.key_id = in_key_id and h.confirmed_at is not null and h.ended_at is null
      and organisations.in_force(o.state, o.valid_from, o.valid_until)
    on conflict do nothing;
    return found;
end $$;

-- Takes a launch, for whom it is: what was sealed is gone with it.
create function access.take_launch(
    in_launch uuid, in_staff bigint, in_life interval,
    out outcome text, out organisation bigint, out sealed bytea)
returns record
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.access_launch;
    host public.access_launchhost;
begin
    select * into one from public.access_launch l where l.public_id = in_launch for update;
    select * into host from public.access_launchhost h where h.id = one.host_id;
    outcome := case
        when one.id is null or one.taken is not null
          or one.came < statement_timestamp() - in_life or host.ended_at is not null then 'over'
        when one.staff_id <> in_staff then 'somebody-else'
        else 'taken' end;
    if outcome = 'taken' then
        organisation := host.organisation_id;
        sealed := one.sealed;
        update public.access_launch l set taken = statement_timestamp(), sealed = null
        where l.id = one.id;
    end if;
end $$;

revoke all on function
    access.may_manage_hosts(bigint, bigint),
    access.propose_host(bigint, bigint, uuid, uuid, text, text, text),
    access.settle_host(bigint, bigint, uuid, uuid, boolean),
    access.keep_launch(text, text, bigint, uuid, bytea),
    access.take_launch(uuid, bigint, interval)
    from public;
grant execute on function
    access.propose_host(bigint, bigint, uuid, uuid, text, text, text),
    access.settle_host(bigint, bigint, uuid, uuid, boolean),
    access.keep_launch(text, text, bigint, uuid, bytea),
    access.take_launch(uuid, bigint, interval)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
