-- Searching that a privacy officer must look at, and alerts that are about no one resident.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Which memberships searched, within a time, too often ('searched-too-often': they were stopped)
-- or more than so many times with nothing of it opened ('fishing'). A search led to something if
-- its person has since opened the record of somebody it showed, or gone on with their choices or
-- their care. Counted from the last alert of the kind; nothing while that is open. For the
-- pipeline, which may not read the audit itself.
create function access.searching_to_review(in_within interval, in_more_than integer)
returns table (kind text, membership_id bigint, organisation_id bigint, searches integer,
    people integer, since timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with recent as (
        select e.id, e.at, e.staff_id, e.membership_id, e.organisation_id, e.residents,
            case when e.outcome = 'done' then 'fishing' else 'searched-too-often' end as kind
        from public.audit_event e
        where e.action = 'search' and e.at > statement_timestamp() - in_within
          and e.membership_id is not null and e.organisation_id is not null
          and (e.outcome = 'done' or e.reason like 'too-often-%')
    ), counted as (
        select r.* from recent r
        where not exists (
            select from public.access_alert a
            where a.membership_id = r.membership_id and a.kind = r.kind
              and (a.closed is null or a.raised >= r.at))
          and (r.kind = 'searched-too-often' or not exists (
              select from public.audit_event used
              where used.staff_id = r.staff_id and used.at >= r.at
                and used.resident_id = any (r.residents)
                and used.action in ('opening', 'glimpse', 'choice-recorded',
                                    'relationship-declared', 'glass-broken')))
    )
    select c.kind, c.membership_id, c.organisation_id, count(distinct c.id)::integer,
        count(distinct shown)::integer, min(c.at)
    from counted c left join lateral unnest(c.residents) as shown on true
    group by c.kind, c.membership_id, c.organisation_id
    having c.kind = 'searched-too-often' or count(distinct c.id) > in_more_than
$$;
revoke all on function access.searching_to_review(interval, integer) from public;
grant execute on function access.searching_to_review(interval, integer) to connectcare_pipeline;

-- As before; of searching there is no resident, and what was seen of it is said.
create or replace function access.alert_as_json(in_alert bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', a.public_id, 'reference', a.reference, 'kind', a.kind, 'raised', a.raised,
        'resident', a.resident_id, 'protection', coalesce(p.protection, 'U'),
        'outcome', a.outcome, 'closed', a.closed, 'notified', a.notified, 'staff', s.id,
        'staff_name', s.name, 'role', r.name, 'team', coalesce(t.name, ''),
        'reason', coalesce(g.reason, c.reason), 'words', coalesce(g.words, c.words, ''),
        'opened_by', c.kind, 'until', coalesce(g.ended_at, g.ends_at, c.valid_until),
        'searching', a.searching)
    from public.access_alert a
    left join public.identity_resident p on p.id = a.resident_id
    join public.organisations_membership m on m.id = a.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    left join public.access_brokenglass g on g.id = a.glass_id
    left join public.access_carerelationship c on c.id = a.relationship_id
    where a.id = in_alert
$$;

-- As before, leaving out the resident that an alert has not.
create or replace function access.glimpse_of_alerts(in_residents bigint[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.access_glimpse (began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), one.id, false,
        not exists (select from consent.refusals(one.id, statement_timestamp()) c
                    where c.kind = 'connect-care'), false
    from unnest(in_residents) as one (id)
    where one.id is not null
$$;

reset role;
revoke create on schema access from connectcare_gate;
