-- The link by which somebody new signs in for the first time. The web's login asks for one, and
-- takes one that was sent; what a link says is in no table.

revoke all on access_invitation from connectcare_web, connectcare_pipeline;
grant select, update (digest, sent) on access_invitation to connectcare_pipeline;
grant select, insert, update on access_invitation to connectcare_gate;
grant usage on sequence access_invitation_id_seq to connectcare_gate;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether an account never had a password: whoever has one signs in with it.
create function access.never_signed_in(in_person public.organisations_staffmember)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (in_person).password like '!%' and (in_person).last_login is null
$$;

-- Has a link sent to somebody who has or is to have a role at an organisation that is theirs who
-- ask. The address is put right as long as nobody signed in. Former links are good for nothing.
create function access.invite(
    in_staff bigint, in_membership bigint, in_request uuid, in_person uuid, in_email text,
    in_hours integer, out outcome text, out invitation bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person public.organisations_staffmember;
begin
    select * into person from public.organisations_staffmember s
    where s.public_id = in_person for update;
    outcome := case
        when person.id is null or not exists (
            select from (
                select m.organisation_id from public.organisations_membership m
                where m.staff_id = person.id and m.state = 'active'
                  and (m.valid_until is null or m.valid_until > statement_timestamp())
                union all
                select p.organisation_id from public.organisations_proposal p
                where p.about_id = person.id and p.confirmed_at is null
                  and p.withdrawn_at is null
            ) as works
            where organisations.administers(in_staff, in_membership, works.organisation_id))
            then 'not-allowed'
        when person.id = in_staff then 'own'
        when not person.is_active then 'suspended'
        when not access.never_signed_in(person) then 'has-password'
        when position('@' in btrim(coalesce(in_email, ''))) < 2 then 'email-missing'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('staff', person.id));
        return;
    end if;
    perform organisations.says_who(in_staff, 'First sign-in');
    update public.organisations_staffmember set email = btrim(in_email)
    where id = person.id and email <> btrim(in_email);
    update public.access_invitation set expires = statement_timestamp()
    where staff_id = person.id and used is null and expires > statement_timestamp();
    insert into public.access_invitation (staff_id, made_by_id, expires)
    values (person.id, in_staff, statement_timestamp() + make_interval(hours => in_hours))
    returning id into invitation;
    perform organisations.noted(in_staff, in_membership, in_request, 'done', 'staff-invited',
        jsonb_build_object('id', person.id));
    perform organisations.says_who(null, null);
    outcome := 'invited';
end $$;

-- Whose link it is, as long as it works; else null.
create function access.invited(in_digest bytea) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select i.staff_id from public.access_invitation i
    join public.organisations_staffmember s on s.id = i.staff_id and s.is_active
    where i.digest = in_digest and i.used is null and i.expires > statement_timestamp()
      and access.never_signed_in(s)
$$;

-- Takes a link, once, and with it the first password, as a hash. Answers whose it is, or null.
create function access.accept_invitation(in_digest bytea, in_password text, in_request uuid)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person public.organisations_staffmember;
begin
    select * into person from public.organisations_staffmember s
    where s.id = access.invited(in_digest) for update;
    -- At a snapshot of its own: of two who press at once the second finds it used.
    if person.id is null or access.invited(in_digest) is null or in_password not like 'argon2$%'
    then
        return null;
    end if;
    update public.access_invitation set used = statement_timestamp() where digest = in_digest;
    perform organisations.says_who(person.id, 'First sign-in');
    update public.organisations_staffmember set password = in_password where id = person.id;
    perform organisations.says_who(null, null);
    perform audit.record('factor-changed', 'done', 'password-set', person.id, person.name,
        null, null, null, null, null, null, null, in_request, null);
    return person.id;
end $$;

-- Until when the last link works that somebody was sent, for their administrators' page.
create function access.invited_until(in_person bigint) returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select max(i.expires) from public.access_invitation i
    where i.staff_id = in_person and i.used is null and i.expires > statement_timestamp()
$$;

revoke all on function access.never_signed_in(public.organisations_staffmember),
    access.invite(bigint, bigint, uuid, uuid, text, integer), access.invited(bytea),
    access.accept_invitation(bytea, text, uuid), access.invited_until(bigint) from public;
grant execute on function access.invite(bigint, bigint, uuid, uuid, text, integer),
    access.invited(bytea), access.accept_invitation(bytea, text, uuid),
    access.invited_until(bigint) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
