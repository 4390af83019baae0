-- Looks that are drawn for review, and the queue's words for them. What is said of an alert about
-- a resident whom PDS protects is said with it, so that names of places can be kept back.

grant usage on schema access to connectcare_pipeline;
grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The looks that began within a time and whose first opening stood on a derived relationship of
-- these kinds. For the pipeline, which may read no opening itself.
create function access.looks_by_kind(in_from timestamptz, in_until timestamptz, in_kinds text[])
returns table (look uuid, organisation_id bigint, membership_id bigint, resident_id bigint,
    relationship_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select first.look, c.organisation_id, first.membership_id, c.resident_id, c.id
    from (
        select distinct on (o.look) o.look, o.membership_id, o.basis, o.basis_id
        from public.access_opening o
        where o.began >= in_from and o.began < in_until
        order by o.look, o.began, o.id
    ) first
    join public.access_carerelationship c on c.id = first.basis_id and c.derived
        and c.kind = any (in_kinds)
    where first.basis = 'relationship'
      and not exists (
          select from public.access_opening earlier
          where earlier.look = first.look and earlier.began < in_from)
$$;

-- One alert in words for its officers: who, as what, why and until when. Never called from outside.
create or replace function access.alert_as_json(in_alert bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', a.public_id, 'reference', a.reference, 'kind', a.kind, 'raised', a.raised,
        'resident', a.resident_id, 'protection', p.protection, 'outcome', a.outcome,
        'closed', a.closed, 'notified', a.notified, 'staff', s.id, 'staff_name', s.name,
        'role', r.name, 'team', coalesce(t.name, ''), 'reason', coalesce(g.reason, c.reason),
        'words', coalesce(g.words, c.words), 'opened_by', c.kind,
        'until', coalesce(g.ended_at, g.ends_at, c.valid_until))
    from public.access_alert a
    join public.identity_resident p on p.id = a.resident_id
    join public.organisations_membership m on m.id = a.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    left join public.access_brokenglass g on g.id = a.glass_id
    left join public.access_carerelationship c on c.id = a.relationship_id
    where a.id = in_alert
$$;

-- As before; of a sample the openings are those of its look.
create or replace function access.read_alert(
    in_staff bigint, in_membership bigint, in_alert uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select a.*, m.staff_id into found from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    where a.public_id = in_alert and a.organisation_id = asker.organisation_id;
    if found.id is null or not 'review-alerts' = any (asker.activities) then
        perform audit.record('alerts-read', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    perform access.glimpse_of_alerts(array[found.resident_id]);
    perform audit.record('alerts-read', 'done', 'one', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found.resident_id, null, null, in_request,
        jsonb_build_object('alert', found.id, 'reference', found.reference));
    return access.alert_as_json(found.id) || jsonb_build_object(
        'openings', (
            select jsonb_build_object('count', count(*), 'first', min(e.at), 'last', max(e.at))
            from public.audit_event e
            where e.staff_id = found.staff_id and e.resident_id = found.resident_id
              and e.action = 'opening'
              and case when found.look is null then e.at >= found.raised
                       else e.look = found.look end),
        'care', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', c.kind, 'team', coalesce(t.name, ''), 'from', c.valid_from,
                'until', c.valid_until) order by c.valid_from desc), '[]')
            from public.access_carerelationship c
            left join public.organisations_team t on t.id = c.team_id
            where c.resident_id = found.resident_id and c.derived
              and c.organisation_id = found.organisation_id),
        'reviews', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'outcome', v.outcome, 'words', v.words, 'at', v.at,
                'by', coalesce(s.name, '')) order by v.at, v.id), '[]')
            from public.access_alertreview v
            left join public.organisations_membership m on m.id = v.membership_id
            left join public.organisations_staffmember s on s.id = m.staff_id
            where v.alert_id = found.id));
end $$;

revoke all on function access.looks_by_kind(timestamptz, timestamptz, text[]) from public;
grant execute on function access.looks_by_kind(timestamptz, timestamptz, text[])
    to connectcare_pipeline;

reset role;
revoke create on schema access from connectcare_gate;
revoke all on access_sampledday from connectcare_web;
