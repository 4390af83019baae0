-- Requests for all that is held of a resident: the gate's functions and the worker that makes the
-- pack write them; the web's login reaches neither table (docs/adr/0047).

revoke all on subject_access_request, subject_access_part from connectcare_web;
revoke all on subject_access_request, subject_access_part from connectcare_pipeline;
grant select on subject_access_request, subject_access_part to connectcare_pipeline;
grant update (state, done, total, pack, made, expires, ended) on subject_access_request
    to connectcare_pipeline;
grant insert, delete on subject_access_part to connectcare_pipeline;
grant usage on sequence subject_access_part_id_seq to connectcare_pipeline;
grant select, insert on subject_access_request to connectcare_gate;
grant update (due, extended_words, state, pack, ended) on subject_access_request
    to connectcare_gate;
grant select on subject_access_part to connectcare_gate;
grant update (decision, words, decided_by_id, decided_at) on subject_access_part
    to connectcare_gate;
grant usage on sequence subject_access_request_id_seq to connectcare_gate;

do $$
declare
    walled text;
begin
    foreach walled in array array['subject_access_request', 'subject_access_part'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format(
            'create policy gate on %I to connectcare_gate using (true) with check (true)', walled);
    end loop;
end $$;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('subject_access_request', 'resident_id', 'stays', '[]', 'Asked for everyone who is one person.');

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Compares who somebody says that they are, and only where it agrees takes in the request.
create function access.begin_subject_access(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_family text,
    in_given text, in_birth_date date, in_number text, in_postcode text, in_phone text,
    in_received date, in_due date, in_reference text)
returns table (answer text, made uuid, id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    compared text;
    begun record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'tell-who-looked' = any (asker.activities) then
        return query select 'differs', null::uuid, null::bigint;
        return;
    end if;
    compared := access.check_identity(in_staff, in_membership, in_request, in_resident, in_family,
        in_given, in_birth_date, in_number, in_postcode, in_phone);
    if compared <> 'agrees' then
        return query select compared, null::uuid, null::bigint;
        return;
    end if;
    insert into public.subject_access_request as r (
        reference, resident_id, membership_id, organisation_id, received, due)
    select in_reference, p.id, in_membership, asker.organisation_id, in_received, in_due
    from public.identity_resident p where p.public_id = in_resident
    returning r.public_id, r.id, r.resident_id into begun;
    perform audit.record('subject-access', 'done', 'begun', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        begun.resident_id, null, null, in_request,
        jsonb_build_object('reference', in_reference, 'due', in_due));
    return query select compared, begun.public_id, begun.id;
end $$;

-- Writes what came of dealing with a request. Never called from outside.
create function access.subject_access_event(
    in_staff bigint, in_membership bigint, in_of public.subject_access_request, in_outcome text,
    in_reason text, in_request uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    perform audit.record('subject-access', in_outcome, in_reason, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        identity.survivor_of(in_of.resident_id), null, null, in_request,
        jsonb_build_object('reference', in_of.reference));
end $$;

-- A request of this organisation, for whoever may deal with it, locked. No row: none, or not theirs,
-- which is recorded. Never called from outside.
create function access.subject_access_for(
    in_staff bigint, in_membership bigint, in_access uuid, in_request uuid)
returns public.subject_access_request
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found public.subject_access_request;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.* into found from public.subject_access_request r
    where r.public_id = in_access and r.organisation_id = asker.organisation_id
      and 'tell-who-looked' = any (asker.activities)
      and access.may_know_of(identity.survivor_of(r.resident_id), asker.organisation_id)
    for update;
    if found.id is null then
        perform access.subject_access_event(
            in_staff, in_membership, found, 'refused', 'not-known', in_request);
    end if;
    return found;
end $$;

-- One request with its parts, in counts; whose it is, glimpsed. NULL: none, or not theirs.
create function access.read_subject_access(
    in_staff bigint, in_membership bigint, in_access uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    found public.subject_access_request;
    whose bigint;
begin
    found := access.subject_access_for(in_staff, in_membership, in_access, in_request);
    if found.id is null then
        return null;
    end if;
    perform access.subject_access_event(
        in_staff, in_membership, found, 'done', 'read', in_request);
    whose := identity.survivor_of(found.resident_id);
    perform access.glimpse_of_alerts(array[whose]);
    return jsonb_build_object(
        'id', found.public_id, 'reference', found.reference, 'resident', whose,
        'protection', (select p.protection from public.identity_resident p where p.id = whose),
        'received', found.received, 'due', found.due, 'extended', found.extended_words,
        'state', found.state, 'done', found.done, 'total', found.total, 'made', found.made,
        'expires', found.expires, 'ended', found.ended,
        'parts', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', p.id, 'source', o.name, 'kind', o.kind, 'category', p.category,
                'sensitive', p.sensitive, 'entries', p.entries, 'aside', p.aside,
                'decision', p.decision, 'words', p.words, 'by', coalesce(s.name, ''))
                order by o.name, o.id, p.category, p.sensitive, p.certain desc), '[]')
            from public.subject_access_part p
            join public.organisations_organisation o on o.id = p.source_id
            left join public.organisations_membership m on m.id = p.decided_by_id
            left join public.organisations_staffmember s on s.id = m.staff_id
            where p.request_id = found.id));
end $$;

-- The requests of the reader's organisation, those due first first; those whose pack is gone last.
-- Whose they are, glimpsed. NULL: may not.
create function access.read_subject_accesses(
    in_staff bigint, in_membership bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    whose bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'tell-who-looked' = any (asker.activities) then
        perform audit.record('subject-access', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select array_agg(listed.id), array_agg(distinct listed.whose) into shown, whose from (
        select r.id, identity.survivor_of(r.resident_id) as whose
        from public.subject_access_request r
        where r.organisation_id = asker.organisation_id
        order by r.ended is not null, r.due, r.id limit 200) listed;
    perform access.glimpse_of_alerts(coalesce(whose, '{}'));
    perform audit.record('subject-access', 'done', 'listed', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request, null);
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', r.public_id, 'reference', r.reference,
            'resident', identity.survivor_of(r.resident_id), 'due', r.due, 'state', r.state)
            order by r.ended is not null, r.due, r.id), '[]')
        from public.subject_access_request r where r.id = any (shown));
end $$;

-- Decides a part that was set aside; or with it all that waits from the same source for the same
-- cause. The last decision has the pack made. Answers 'decided' or 'not-known', and the row to nudge.
create function access.decide_subject_access_part(
    in_staff bigint, in_membership bigint, in_access uuid, in_part bigint, in_source boolean,
    in_decision text, in_words text, in_request uuid)
returns table (answer text, to_make bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    found public.subject_access_request;
    part record;
begin
    found := access.subject_access_for(in_staff, in_membership, in_access, in_request);
    select p.* into part from public.subject_access_part p
    where p.id = in_part and p.request_id = found.id and p.aside <> '';
    if part.id is null or found.state <> 'review' then
        if found.id is not null then
            perform access.subject_access_event(
                in_staff, in_membership, found, 'refused', 'no-such-part', in_request);
        end if;
        return query select 'not-known', null::bigint;
        return;
    end if;
    update public.subject_access_part p
    set decision = in_decision, words = btrim(in_words), decided_by_id = in_membership,
        decided_at = statement_timestamp()
    where p.request_id = found.id and p.aside <> ''
      and (p.id = part.id
           or (in_source and p.source_id = part.source_id and p.aside = part.aside
               and p.decision = ''));
    perform access.subject_access_event(
        in_staff, in_membership, found, 'done', in_decision, in_request);
    if exists (select from public.subject_access_part p
               where p.request_id = found.id and p.aside <> '' and p.decision = '') then
        return query select 'decided', null::bigint;
        return;
    end if;
    update public.subject_access_request r set state = 'making' where r.id = found.id;
    return query select 'decided', found.id;
end $$;

-- Extends the clock once, with a reason, before the day it is due. Answers 'extended', 'too-late'
-- (or extended already), or 'not-known'.
create function access.extend_subject_access(
    in_staff bigint, in_membership bigint, in_access uuid, in_due date, in_words text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    found public.subject_access_request;
begin
    found := access.subject_access_for(in_staff, in_membership, in_access, in_request);
    if found.id is null then
        return 'not-known';
    end if;
    if found.extended_words <> '' or found.ended is not null or in_due <= found.due
       or in_due > found.received + interval '3 months 14 days'
       or (statement_timestamp() at time zone 'Europe/London')::date > found.due then
        perform access.subject_access_event(
            in_staff, in_membership, found, 'refused', 'too-late', in_request);
        return 'too-late';
    end if;
    perform access.subject_access_event(
        in_staff, in_membership, found, 'done', 'extended', in_request);
    update public.subject_access_request r
    set due = in_due, extended_words = btrim(in_words) where r.id = found.id;
    return 'extended';
end $$;

-- Hands out the pack, sealed as it is, and has it no more. NULL: there is none, or not theirs.
create function access.fetch_subject_access(
    in_staff bigint, in_membership bigint, in_access uuid, in_request uuid) returns bytea
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    found public.subject_access_request;
begin
    found := access.subject_access_for(in_staff, in_membership, in_access, in_request);
    if found.id is null then
        return null;
    end if;
    if found.state <> 'ready' or found.expires <= statement_timestamp() then
        perform access.subject_access_event(
            in_staff, in_membership, found, 'refused', 'not-ready', in_request);
        return null;
    end if;
    perform access.subject_access_event(
        in_staff, in_membership, found, 'done', 'fetched', in_request);
    update public.subject_access_request r
    set state = 'fetched', pack = null, ended = statement_timestamp() where r.id = found.id;
    return found.pack;
end $$;

-- Every look at one resident, of every organisation, and what officers decided of its lines: for the
-- worker that makes a pack. The same that an account is told of (access.read_account).
create function access.looks_for_pack(in_request bigint, in_limit integer) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select access.looks_between(whose.ids, null, null, true, '-infinity', r.at, in_limit, 0)
        || jsonb_build_object(
            'protection', 'U',
            'lines', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'line', a.look, 'kind', a.kind, 'outcome', a.outcome)), '[]')
                from public.access_alert a
                where a.resident_id = any (whose.ids) and a.kind = 'held-line'))
    from public.subject_access_request r
    cross join lateral (
        select array(select identity.same_person(identity.survivor_of(r.resident_id))) as ids) whose
    where r.id = in_request
$$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'begin_subject_access', 'subject_access_for', 'subject_access_event', 'read_subject_access',
                 'read_subject_accesses', 'decide_subject_access_part', 'extend_subject_access',
                 'fetch_subject_access', 'looks_for_pack') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name = 'looks_for_pack' then
            execute format('grant execute on function %s to connectcare_pipeline', f.signature);
        elsif f.name not in ('subject_access_for', 'subject_access_event') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
