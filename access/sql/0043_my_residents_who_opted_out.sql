-- Whoever opted out is found by number, or by exact name and birth date, and is on nobody's list: why
-- somebody is in a team's care, and since when, is what they said must not be shown.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- One page of whom a membership cares for now: each once, for the first reason in the order of the
-- list, with how many there are. Everyone on the page is glimpsed, and named in the event. Where a
-- resident lies is told, and ordered by, only if their place may be shown. Nobody is listed who
-- opted out, who objects to this council's use of the NHS number, or whom a referral that was sent
-- here would keep on it after death. NULL if not for the role.
create or replace function access.my_residents(
    in_staff bigint, in_membership bigint, in_before_appointment interval,
    in_today timestamptz, in_tomorrow timestamptz, in_limit integer, in_offset integer,
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
    with reasons as (
        select distinct on (c.resident_id)
            c.resident_id, c.kind, c.team_id, c.place, c.valid_from, c.valid_until,
            c.kind in ('admission', 'attendance') and c.valid_until is not null as has_left,
            w.nth
        from access.relationships_in_force f
        join public.access_carerelationship c on c.id = f.id
        cross join lateral (select case
            when c.kind in ('admission', 'attendance') and c.valid_until is not null then 99
            else coalesce(array_position(array[
                'appointment', 'admission', 'attendance', 'out-of-hours', 'allocated-worker',
                'social-care-service', 'caseload', 'discharge-referral', 'referral',
                'temporary-registration', 'granted-by-colleague', 'self-declared',
                'express-consent'], c.kind::text), 98) end as nth) w
        where f.membership_id = in_membership
          -- Said so that the index of those who are worked with serves it.
          and c.organisation_id = asker.organisation_id
          and c.kind <> 'registered-practice'
          and (c.kind <> 'appointment'
               or (c.valid_from + in_before_appointment >= in_today
                   and c.valid_from + in_before_appointment < in_tomorrow))
          and (w.nth <> 99 or c.team_id is not distinct from asker.team_id)
          and access.may_know_of(c.resident_id, asker.organisation_id)
          and (c.from_feeds or not exists (
              select from public.identity_resident d where d.id = c.resident_id and d.deceased))
          and not exists (
              select from consent.refusals(c.resident_id, statement_timestamp()) r
              where r.kind = 'connect-care'
                 or (r.kind = 'nhs-number' and r.council_id = asker.organisation_id))
        order by c.resident_id, w.nth, c.valid_from desc, c.id
    ), listed as (
        select n.resident_id, n.kind, n.has_left, n.valid_from, n.valid_until, p.public_id,
            p.protection, t.name as team, s.place,
            count(*) over () as total,
            row_number() over (order by n.nth,
                case when n.kind = 'appointment' then n.valid_from end,
                coalesce(t.name, '') = '', t.name, s.place = '', s.place,
                p.family_folded, p.given_folded, p.id) as nth
        from reasons n
        join public.identity_resident p on p.id = n.resident_id
        cross join lateral (select access.place_may_be_shown(n.resident_id) as shown) may
        cross join lateral (select case when may.shown and not n.has_left then n.place else '' end as place) s
        left join public.organisations_team t
            on t.id = n.team_id and may.shown and t.id is distinct from asker.team_id
    ), page as (
        select * from listed order by nth limit in_limit offset in_offset
    )
    select jsonb_build_object(
            'total', coalesce((select max(total) from listed), 0),
            'residents', coalesce(jsonb_agg(jsonb_build_object(
                'id', resident_id, 'public_id', public_id, 'protection', protection,
                'kind', kind, 'has_left', has_left, 'from', valid_from, 'until', valid_until,
                'team', coalesce(team, ''), 'place', place) order by nth), '[]')),
        coalesce(array_agg(resident_id order by nth), '{}')
        into answer, shown
    from page;
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), mine.resident, false,
        access.number_may_be_shown(mine.resident, asker.organisation_id), false
    from unnest(shown) as mine (resident);
    perform audit.record('glimpse', 'done', 'my-residents', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, shown, null, in_request,
        jsonb_build_object('found', answer -> 'total', 'from', in_offset));
    return answer;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
