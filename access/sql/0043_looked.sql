-- Who looked: for officers whose role reads the audit, of a resident or of their own staff.
--
-- The events of one look are one line; whatever has no look (a search, broken glass) is a line of
-- its own. Nothing of this decides anything: the audit is read here, and by nobody else.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Lines of looks, latest first, and how many there are: at these residents (in a list as well), or
-- of one staff member for one organisation. in_all: also those of other councils' adult social
-- care, that they know somebody being social care information itself. Never called from outside.
create function access.looks_between(
    in_residents bigint[], in_of bigint, in_organisation bigint, in_all boolean,
    in_since timestamptz, in_until timestamptz, in_limit integer, in_offset integer)
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with events as (
        select e.* from public.audit_event e
        where e.resident_id = any (in_residents) and e.at >= in_since and e.at < in_until
          and e.staff_id is not null
        union all
        -- A list; an event that is about one of them and lists them too is above.
        select e.* from public.audit_event e
        where e.residents && in_residents and e.residents <> '{}'
          and e.at >= in_since and e.at < in_until and e.staff_id is not null
          and (e.resident_id is null or e.resident_id <> all (in_residents))
        union all
        select e.* from public.audit_event e
        where e.staff_id = in_of and e.organisation_id = in_organisation
          and e.at >= in_since and e.at < in_until
          and (e.resident_id is not null or e.residents <> '{}')
    ), told as (
        select e.*, o.kind as organisation_kind, e.organisation_id = in_organisation as own,
            case when in_residents is null then e.resident_id end as of_resident
        from events e
        left join public.organisations_organisation o on o.id = e.organisation_id
        where in_all or e.organisation_id = in_organisation
           or o.kind is distinct from 'adult_social_care'
    ), looks as (
        select coalesce(t.look, t.public_id) as line, t.staff_id, t.role_code,
            t.organisation_id, t.of_resident,
            min(t.at) as first, max(t.at) as last, min(t.id) as id,
            (array_agg(t.staff_name order by t.id))[1] as staff_name,
            (array_agg(t.organisation_name order by t.id))[1] as organisation_name,
            (array_agg(t.organisation_kind order by t.id))[1] as organisation_kind,
            bool_and(t.own) as own,
            count(*) filter (where t.action = 'opening') as pages,
            max(cardinality(t.residents)) as listed,
            (array_agg(t.detail order by t.id) filter (where t.action = 'opening'))[1] as opened,
            (array_agg(t.reason order by t.id) filter (where t.action = 'opening'))[1] as basis,
            jsonb_agg(distinct jsonb_strip_nulls(jsonb_build_object(
                'action', t.action, 'outcome', t.outcome,
                'reason', case when t.action <> 'opening' then t.reason end,
                'page', t.detail -> 'page', 'part', t.detail -> 'part',
                'why', case when t.action in ('glass-broken', 'relationship-declared')
                            then t.detail -> 'reason' end))) as did
        from told t
        group by coalesce(t.look, t.public_id), t.staff_id, t.role_code, t.organisation_id,
            t.of_resident
    ), counted as (
        -- How often this person has opened this record in the time: the nth of so many.
        select l.*, count(*) over () as total,
            count(*) filter (where l.pages > 0)
                over (partition by l.staff_id, l.of_resident order by l.first, l.id) as nth,
            count(*) filter (where l.pages > 0)
                over (partition by l.staff_id, l.of_resident) as times
        from looks l
    ), part as (
        select * from counted order by last desc, id desc limit in_limit offset in_offset
    )
    select jsonb_build_object(
        'total', coalesce((select total from part limit 1), 0),
        'looks', coalesce(jsonb_agg(jsonb_build_object(
            'line', p.line, 'first', p.first, 'last', p.last,
            'staff', case when p.own then p.staff_id end,
            'staff_name', case when p.own then p.staff_name else '' end,
            'role', coalesce((select r.name from public.organisations_role r
                              where r.code = p.role_code order by r.id desc limit 1), ''),
            'organisation', p.organisation_name, 'kind', coalesce(p.organisation_kind, ''),
            'own', p.own, 'resident', p.of_resident,
            'protection', coalesce(person.protection, 'U'),
            'pages', p.pages, 'listed', p.listed, 'basis', coalesce(p.basis, ''),
            'care', p.opened -> 'relationship' ->> 'kind', 'since', p.opened ->> 'since',
            'did', p.did, 'nth', p.nth, 'times', p.times) order by p.last desc, p.id desc), '[]'))
    from part p left join public.identity_resident person on person.id = p.of_resident
$$;

-- Who looked at one resident: of the reader's own organisation by name, of others the role. The
-- resident is glimpsed; that it was read is an event, after what it answers. NULL: may not.
create function access.who_looked_at(
    in_staff bigint, in_membership bigint, in_resident uuid, in_since timestamptz,
    in_until timestamptz, in_limit integer, in_offset integer, in_how text, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found public.identity_resident;
    answer jsonb;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.* into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if asker is null or found.id is null or not 'read-audit' = any (asker.activities) then
        perform audit.record('audit-read', 'refused',
            case when 'read-audit' = any (asker.activities) then 'not-known'
                 else 'activity-not-in-role' end,
            in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request, null);
        return null;
    end if;
    answer := access.looks_between(array(select identity.same_person(found.id)), null,
        asker.organisation_id, false, in_since, in_until, in_limit, in_offset);
    perform access.glimpse_of_alerts(array[found.id]);
    perform audit.record('audit-read', 'done', in_how, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found.id, null, null, in_request, jsonb_build_object(
            'of', 'resident', 'since', in_since, 'until', in_until, 'offset', in_offset,
            'shown', jsonb_array_length(answer -> 'looks')));
    return answer || jsonb_build_object('resident', found.id, 'protection', found.protection);
end $$;

-- At whom one staff member of the reader's own organisation looked for it, now or in the past. The
-- residents of the lines that are shown are glimpsed, and in the event. NULL: may not.
create function access.looks_of_staff(
    in_staff bigint, in_membership bigint, in_of bigint, in_since timestamptz,
    in_until timestamptz, in_limit integer, in_offset integer, in_how text, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer jsonb;
    shown bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select s.id, s.name into found from public.organisations_staffmember s
    where s.id = in_of and exists (
        select from public.organisations_membership m
        where m.staff_id = s.id and m.organisation_id = asker.organisation_id);
    if asker is null or found.id is null or not 'read-audit' = any (asker.activities) then
        perform audit.record('audit-read', 'refused',
            case when 'read-audit' = any (asker.activities) then 'not-known'
                 else 'activity-not-in-role' end,
            in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request, null);
        return null;
    end if;
    answer := access.looks_between(null, found.id, asker.organisation_id, false, in_since,
        in_until, in_limit, in_offset);
    shown := array(select distinct (each ->> 'resident')::bigint
                   from jsonb_array_elements(answer -> 'looks') as each
                   where each ->> 'resident' is not null);
    perform access.glimpse_of_alerts(shown);
    perform audit.record('audit-read', 'done', in_how, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, shown, null, in_request, jsonb_build_object(
            'of', 'staff', 'staff', found.id, 'since', in_since, 'until', in_until,
            'offset', in_offset, 'shown', jsonb_array_length(answer -> 'looks')));
    return answer || jsonb_build_object('staff_name', found.name);
end $$;

revoke all on function
    access.looks_between(bigint[], bigint, bigint, boolean, timestamptz, timestamptz, integer,
        integer),
    access.who_looked_at(bigint, bigint, uuid, timestamptz, timestamptz, integer, integer, text,
        uuid),
    access.looks_of_staff(bigint, bigint, bigint, timestamptz, timestamptz, integer, integer, text,
        uuid) from public;
grant execute on function
    access.who_looked_at(bigint, bigint, uuid, timestamptz, timestamptz, integer, integer, text,
        uuid),
    access.looks_of_staff(bigint, bigint, bigint, timestamptz, timestamptz, integer, integer, text,
        uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
