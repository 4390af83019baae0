-- Roles are confirmed each period by the organisation that gave them, or end; accounts that nobody
-- signs in to stop.

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- Says of memberships that they are still needed. One person does it, and not of their own.
create function organisations.certify(
    in_staff bigint, in_membership bigint, in_request uuid, in_memberships bigint[],
    out outcome text, out certified integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    certified := 0;
    outcome := case
        when exists (
            select from public.organisations_membership m
            where m.id = any (in_memberships) and m.staff_id = in_staff) then 'own'
        when exists (
            select from public.organisations_membership m
            where m.id = any (in_memberships)
              and not organisations.administers(in_staff, in_membership, m.organisation_id))
            or cardinality(in_memberships) = 0 then 'not-allowed'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('memberships', in_memberships));
        return;
    end if;
    perform organisations.says_who(in_staff, 'Still needed');
    update public.organisations_membership m set certified_at = statement_timestamp()
    where m.id = any (in_memberships)
      and organisations.in_force(m.state, m.valid_from, m.valid_until);
    get diagnostics certified = row_count;
    outcome := 'certified';
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        'memberships-certified', jsonb_build_object('memberships', in_memberships));
    perform organisations.says_who(null, null);
end $$;

-- Ends the memberships that nobody confirmed for so long; of a team of which that is true of
-- everybody, none: nobody attended to it, and a ward must not lose its staff overnight. Answers
-- how many ended.
create function organisations.end_uncertified(in_longest interval) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one record;
    ended integer := 0;
begin
    perform organisations.says_who(null, 'Not confirmed in time');
    for one in
        with held as (
            select m.id, m.staff_id, m.organisation_id, m.team_id,
                m.certified_at <= statement_timestamp() - in_longest as overdue
            from public.organisations_membership m
            join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
            where organisations.in_force(m.state, m.valid_from, m.valid_until)
        ), attended as (
            select h.*, bool_and(h.overdue) over (
                partition by h.organisation_id, h.team_id) as unattended
            from held h
        )
        update public.organisations_membership m
        set state = 'ended',
            valid_until = greatest(statement_timestamp(), m.valid_from + interval '1 microsecond')
        from attended a
        where a.id = m.id and a.overdue and not a.unattended
        returning m.id, m.staff_id, m.organisation_id
    loop
        perform organisations.settle_administrator(one.staff_id, one.organisation_id);
        perform audit.record('registry-changed', 'done', 'membership-lapsed', null, null, null,
            null, one.organisation_id, null, null, null, null, null,
            jsonb_build_object('id', one.id, 'staff', one.staff_id));
        ended := ended + 1;
    end loop;
    perform organisations.says_who(null, null);
    return ended;
end $$;

-- Stops the accounts that nobody signed in to for so long. Answers how many.
create function organisations.stop_dormant(in_longest interval) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one record;
    stopped integer := 0;
begin
    perform organisations.says_who(null, 'Nobody signed in for too long');
    for one in
        update public.organisations_staffmember s
        set is_active = false, dormant_since = statement_timestamp()
        where s.is_active
          and greatest(s.date_joined, s.last_login, s.let_in_again) < statement_timestamp()
              - in_longest
        returning s.id
    loop
        perform audit.record('registry-changed', 'done', 'staff-dormant', null, null, null, null,
            null, null, null, null, null, null, jsonb_build_object('id', one.id));
        stopped := stopped + 1;
    end loop;
    perform organisations.says_who(null, null);
    return stopped;
end $$;

-- Lets somebody sign in again whose account stopped by itself. One that was suspended on purpose
-- is not theirs to let in.
create function organisations.let_in_again(
    in_staff bigint, in_membership bigint, in_request uuid, in_person uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person public.organisations_staffmember;
    outcome text;
begin
    select * into person from public.organisations_staffmember s where s.public_id = in_person;
    outcome := case
        when person.id is null or not exists (
            select from public.organisations_membership m
            where m.staff_id = person.id and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())
              and organisations.administers(in_staff, in_membership, m.organisation_id))
            then 'not-allowed'
        when person.id = in_staff then 'own'
        when person.is_active or person.dormant_since is null then 'not-dormant'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('staff', person.id));
        return outcome;
    end if;
    perform organisations.says_who(in_staff, 'Needed again');
    update public.organisations_staffmember
    set is_active = true, dormant_since = null, let_in_again = statement_timestamp()
    where id = person.id;
    perform organisations.noted(in_staff, in_membership, in_request, 'done', 'staff-let-in-again',
        jsonb_build_object('id', person.id));
    perform organisations.says_who(null, null);
    return 'let-in';
end $$;

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.certify(bigint, bigint, uuid, bigint[]),
    organisations.let_in_again(bigint, bigint, uuid, uuid)
    to connectcare_web;
grant execute on function
    organisations.end_uncertified(interval), organisations.stop_dormant(interval)
    to connectcare_pipeline;
reset role;
revoke create on schema organisations from connectcare_gate;
