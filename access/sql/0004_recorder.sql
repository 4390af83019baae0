-- Who writes a choice: only whom this transaction's glimpse was given to, and only what is theirs.
--
-- The page checks the same (consent/kinds.py). This is the wall behind it: a view that names
-- somebody else as the recorder, or another council, writes nothing.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- One resident, by the id that pages show: for the pages that say who it is and nothing more.
-- Answers the resident's own id, or NULL where this membership may not know of them.
create or replace function access.glimpse_resident(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_activity text)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint;
begin
    if in_activity not in ('find-residents', 'read-records', 'record-choices') then
        raise exception 'no glimpse is given for this activity'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not in_activity = any (asker.activities) then
        perform audit.record('glimpse', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select r.id into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if found is null then
        perform audit.record('glimpse', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    insert into public.access_glimpse (
        began, resident_id, staff_id, membership_id, with_place, with_number, with_choices)
    values (transaction_timestamp(), found, in_staff, in_membership, true,
        not exists (select from consent.refusals(found, statement_timestamp()) c
                    where c.kind = 'connect-care'),
        in_activity = 'record-choices');
    perform audit.record('glimpse', 'done', in_activity, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found, null, null, in_request, null);
    return found;
end $$;

-- Whether this transaction may write a choice with these columns: as the staff member and the
-- membership that glimpsed the resident's choices, whose role still records choices; about a
-- council only where the membership is of that council's own adult social care.
create function access.may_record_choice(
    in_resident bigint, in_council bigint, in_staff bigint, in_membership bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_glimpse g
        cross join lateral access.membership_in_force(g.staff_id, g.membership_id) m
        where g.transaction = pg_current_xact_id_if_assigned()
          and g.began = transaction_timestamp() and g.with_choices
          and g.resident_id = in_resident
          and g.staff_id = in_staff and g.membership_id = in_membership
          and 'record-choices' = any (m.activities)
          and (in_council is null
               or (in_council = m.organisation_id and m.organisation_kind = 'adult_social_care')))
$$;
revoke all on function access.may_record_choice(bigint, bigint, bigint, bigint) from public;
grant execute on function access.may_record_choice(bigint, bigint, bigint, bigint)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;

drop policy said on consent_choice;
create policy said on consent_choice for insert to connectcare_web
    with check (access.may_record_choice(resident_id, council_id, recorded_by_id, recorded_as_id));
