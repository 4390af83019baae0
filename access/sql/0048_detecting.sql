-- What the detectors ask of the audit, for the pipeline, which may read none of it itself. Ids,
-- codes and times alone: names are compared where they are folded.

revoke all on access_judgedspan from connectcare_web;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The looks that opened a record and began within a time, with the sections that were asked for.
create function access.looks_to_judge(in_from timestamptz, in_until timestamptz)
returns table (look uuid, staff_id bigint, membership_id bigint, organisation_id bigint,
    role_code text, resident_id bigint, began timestamptz, basis text, care text, parts integer[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.look, min(e.staff_id), min(e.membership_id), min(e.organisation_id),
        min(e.role_code), min(e.resident_id), min(e.at),
        (array_agg(e.reason order by e.id))[1],
        coalesce((array_agg(e.detail -> 'relationship' ->> 'kind' order by e.id))[1], ''),
        coalesce(array_agg(distinct (e.detail ->> 'part')::integer)
                 filter (where e.detail ->> 'part' is not null), '{}')
    from public.audit_event e
    where e.at >= in_from and e.at < in_until and e.action = 'opening' and e.outcome = 'done'
      and e.look is not null and e.membership_id is not null and e.organisation_id is not null
      and e.resident_id is not null
    group by e.look
    having min(e.resident_id) = max(e.resident_id)
$$;

-- In which hours of London's clock each of these staff opened anything, and in how many looks.
create function access.usual_hours(
    in_staff bigint[], in_from timestamptz, in_until timestamptz)
returns table (staff_id bigint, hours integer[], looks bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.staff_id,
        array_agg(distinct extract(hour from e.at at time zone 'Europe/London')::integer),
        count(distinct e.look)
    from public.audit_event e
    where e.staff_id = any (in_staff) and e.at >= in_from and e.at < in_until
      and e.action = 'opening'
    group by e.staff_id
$$;

-- In how many looks each role opened each section, and in how many it opened any.
create function access.sections_of_roles(in_from timestamptz, in_until timestamptz)
returns table (role_code text, part integer, looks bigint, of_all bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with opened as (
        select distinct e.role_code, (e.detail ->> 'part')::integer as part, e.look
        from public.audit_event e
        where e.at >= in_from and e.at < in_until and e.action = 'opening'
          and e.detail ->> 'part' is not null
    )
    select o.role_code, o.part, count(*),
        (select count(distinct a.look) from opened a where a.role_code = o.role_code)
    from opened o group by o.role_code, o.part
$$;

revoke all on function access.looks_to_judge(timestamptz, timestamptz),
    access.usual_hours(bigint[], timestamptz, timestamptz),
    access.sections_of_roles(timestamptz, timestamptz) from public;
grant execute on function access.looks_to_judge(timestamptz, timestamptz),
    access.usual_hours(bigint[], timestamptz, timestamptz),
    access.sections_of_roles(timestamptz, timestamptz) to connectcare_pipeline;

reset role;
revoke create on schema access from connectcare_gate;
