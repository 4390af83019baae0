-- Tracing everybody of a source, for staff with that activity: how far it is, and asking for it.
-- Counts alone come out of these functions; nobody's row does.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The membership, if its role has such sources traced now; else no row, and the refusal's event.
create function access.tracing_staff(in_staff bigint, in_membership bigint, in_request uuid)
returns table (staff_name text, role_code text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'trace-feeds' = any (asker.activities) then
        perform audit.record('bulk-trace-wanted', 'refused', 'activity-not-in-role', in_staff,
            null, in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.staff_name::text, asker.role_code::text;
end $$;

-- Every source that has sent somebody, with its latest bulk trace: how many of it wait, and how
-- many traces of all sources are due before a bulk one. NULL: not for the role.
create function access.read_bulk_traces(
    in_staff bigint, in_membership bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from access.tracing_staff(in_staff, in_membership, in_request)) then
        return null;
    end if;
    return jsonb_build_object(
        'last_answer', (select max(s.at) from public.identity_tracestep s
                        where s.id > (select max(l.id) - 100 from public.identity_tracestep l)),
        'sources', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', o.public_id, 'name', o.name,
                'latest', (
                    select jsonb_build_object(
                        'asked', b.asked, 'begun', b.begun, 'finished', b.finished,
                        'people', b.people, 'questions', b.questions,
                        'per_minute', b.per_minute,
                        'waiting', (select count(*) from public.identity_trace t
                                    where t.bulk_id = b.id and t.finished is null))
                    from public.identity_bulktrace b where b.source_id = o.id
                    order by b.id desc limit 1))
                order by o.name), '[]')
            from public.organisations_organisation o
            where o.ods_code is not null and exists (
                select from public.identity_sourceperson p where p.source_id = o.id)));
end $$;

-- Wants everybody of a source traced: 'wanted', 'going-on' (it was wanted already) or 'not-known'.
-- NULL: not for the role.
create function access.want_bulk_trace(
    in_staff bigint, in_membership bigint, in_source uuid, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    source record;
begin
    select * into asker from access.tracing_staff(in_staff, in_membership, in_request);
    if asker is null then
        return null;
    end if;
    select o.id, o.name into source from public.organisations_organisation o
    where o.public_id = in_source and o.ods_code is not null and exists (
        select from public.identity_sourceperson p where p.source_id = o.id);
    if source.id is null then
        return 'not-known';
    end if;
    insert into public.identity_bulktrace (source_id, by_id) values (source.id, in_membership)
    on conflict do nothing;
    if not found then
        return 'going-on';
    end if;
    perform audit.record('bulk-trace-wanted', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, source.id, source.name, null, null, null, in_request, null);
    return 'wanted';
end $$;

revoke all on function access.tracing_staff(bigint, bigint, uuid),
    access.read_bulk_traces(bigint, bigint, uuid),
    access.want_bulk_trace(bigint, bigint, uuid, uuid) from public;
grant execute on function access.read_bulk_traces(bigint, bigint, uuid),
    access.want_bulk_trace(bigint, bigint, uuid, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
