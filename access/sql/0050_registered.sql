-- "My residents" of a practice: who is registered with it, by name, a page at a time.
--
-- They are everybody there, so they are no part of the list of who is worked with now: they are
-- asked for by themselves, by name, and found as that list finds its own.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- One page of who is registered with the membership's own practice: those whose family name begins
-- so, after somebody of the same list. Everyone on the page is glimpsed, and named in the event.
-- Nobody is listed who opted out. "More" says whether the list goes on. NULL if not for the role.
--
-- In the order of names first, and only then asked about one by one until the page is full: what
-- may be known of somebody is asked of as many as are shown, and not of the whole practice.
create function access.registered_residents(
    in_staff bigint, in_membership bigint, in_letter text, in_after uuid, in_limit integer,
    in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    answer jsonb;
    shown bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'read-records' = any (asker.activities) then
        perform audit.record('glimpse', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    with registered as materialized (
        select p.id, p.public_id, p.protection, p.family_folded, p.given_folded,
            min(c.valid_from) as valid_from
        from access.relationships_in_force f
        join public.access_carerelationship c on c.id = f.id
        join public.identity_resident p on p.id = c.resident_id
        where f.membership_id = in_membership
          and c.organisation_id = asker.organisation_id
          and c.kind = 'registered-practice'
          and not p.deceased
        group by p.id
    ), ordered as (
        select r.*
        from registered r
        where starts_with(r.family_folded, in_letter)
          and (not exists (select from registered a where a.public_id = in_after)
               or (r.family_folded, r.given_folded, r.id) > (
                   select a.family_folded, a.given_folded, a.id
                   from registered a where a.public_id = in_after))
        order by r.family_folded, r.given_folded, r.id
        offset 0
    ), found as (
        select o.* from ordered o
        where access.may_know_of(o.id, asker.organisation_id)
          and not exists (
              select from consent.refusals(o.id, statement_timestamp()) c
              where c.kind = 'connect-care')
        order by o.family_folded, o.given_folded, o.id
        limit in_limit + 1
    ), page as (
        select row_number() over (order by family_folded, given_folded, id) as nth, * from found
        order by nth limit in_limit
    )
    select jsonb_build_object(
            'more', (select count(*) from found) > in_limit,
            'residents', coalesce(jsonb_agg(jsonb_build_object(
                'id', id, 'public_id', public_id, 'protection', protection,
                'kind', 'registered-practice', 'has_left', false, 'from', valid_from,
                'until', null, 'team', '', 'place', '') order by nth), '[]')),
        coalesce(array_agg(id order by nth), '{}')
        into answer, shown
    from page;
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), mine.resident, false,
        access.number_may_be_shown(mine.resident, asker.organisation_id), false
    from unnest(shown) as mine (resident);
    perform audit.record('glimpse', 'done', 'registered-residents', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, shown, null, in_request, null);
    return answer;
end $$;

revoke all on function access.registered_residents(bigint, bigint, text, uuid, integer, uuid)
    from public;
grant execute on function access.registered_residents(bigint, bigint, text, uuid, integer, uuid)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
