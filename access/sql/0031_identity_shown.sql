-- What the records officers are shown of who somebody is: births and deaths that are not known to
-- the day, how a death is known, which parts of a joined record were open to whom, and how far each
-- trace has come.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Who a resident is, for comparing: as little of where they live as anybody may see, of their
-- sources the kind alone, of identifiers those of the reader's own organisation.
create or replace function access.side_as_json(in_resident bigint, in_organisation bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'resident', r.id, 'id', r.public_id, 'title', r.title, 'family_name', r.family_name,
        'given_names', r.given_names, 'birth_date', r.birth_date, 'sex', r.sex,
        'birth_date_part', r.birth_date_part,
        'deceased', r.deceased, 'deceased_on', r.deceased_on,
        'deceased_on_part', r.deceased_on_part, 'death_notice', r.death_notice,
        'protected', r.protection <> 'U', 'known_to_all', r.known_to_all,
        'place', case when access.place_may_be_shown(r.id) then (
            select jsonb_build_object('address_lines', to_jsonb(p.address_lines),
                'postcode', p.postcode, 'phone', p.phone)
            from public.identity_residentplace p where p.resident_id = r.id) end,
        'numbers', case when access.number_may_be_shown(r.id, in_organisation) then (
            select coalesce(jsonb_agg(jsonb_build_object(
                'number', n.number, 'status', n.status, 'said_by', n.said_by,
                'until', n.valid_until, 'ended_because', n.ended_because,
                'history', (
                    select coalesce(jsonb_agg(jsonb_build_object(
                        'status', h.status, 'said_by', h.said_by, 'at', h.at)
                        order by h.at, h.id), '[]')
                    from public.identity_numberstatuschange h where h.number_id = n.id))
                order by n.valid_until desc nulls first, n.id desc), '[]')
            from public.identity_residentnhsnumber n where n.resident_id = r.id) end,
        'sources', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', o.kind, 'link', s.link,
                'identifiers', case when s.source_id = in_organisation
                    then to_jsonb(array_prepend(s.identifier, s.local_identifiers)) else '[]' end)
                order by o.kind, s.id), '[]')
            from public.identity_sourceperson s
            join public.organisations_organisation o on o.id = s.source_id
            where s.resident_id = r.id),
        'merged', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', m.public_id, 'at', m.at, 'cause', m.cause, 'undone_at', m.undone_at)
                order by m.at desc, m.id desc), '[]')
            from public.identity_merge m where r.id in (m.survivor_id, m.merged_id)))
    from public.identity_resident r where r.id = in_resident
$$;

-- A part of the questions that wait, oldest first, or of those that are settled, latest first.
-- NULL: not for the role.
create or replace function access.read_questions(
    in_staff bigint, in_membership bigint, in_settled boolean, in_limit integer, in_offset integer,
    in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    shown bigint[];
    people bigint[];
    total bigint;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    if organisation is null then
        return null;
    end if;
    select count(*) into total from public.identity_linkquestion q
    where (q.settled is not null) = in_settled and access.question_is_for(q.id, organisation);
    select array_agg(part.id), array_agg(distinct part.subject) into shown, people from (
        select q.id, coalesce(q.resident_id, p.resident_id) as subject
        from public.identity_linkquestion q
        left join public.identity_sourceperson p on p.id = q.source_person_id
        where (q.settled is not null) = in_settled and access.question_is_for(q.id, organisation)
        order by case when in_settled then null else q.raised end, q.settled desc, q.id
        limit in_limit offset in_offset) as part;
    perform access.identity_was_read(in_membership,
        case when in_settled then 'settled-questions' else 'questions' end,
        coalesce(people, '{}'), in_request);
    return jsonb_build_object('total', total, 'questions', coalesce((
        select jsonb_agg(jsonb_build_object(
            'id', q.public_id, 'reason', q.reason, 'raised', q.raised, 'settled', q.settled,
            'decision', q.decision, 'retry_asked', q.retry_asked,
            'family_name', coalesce(nullif(p.said ->> 'family_name', ''), r.family_name),
            'given_names', coalesce(nullif(p.said ->> 'given_names', ''), r.given_names),
            'born', coalesce(p.said ->> 'birth_date', nullif(p.said ->> 'birth_date_part', ''),
                r.birth_date::text, r.birth_date_part))
            order by part.nth)
        from unnest(shown) with ordinality as part (id, nth)
        join public.identity_linkquestion q on q.id = part.id
        left join public.identity_sourceperson p on p.id = q.source_person_id
        join public.identity_resident r on r.id = coalesce(q.resident_id, p.resident_id)), '[]'));
end $$;

-- One merge with what hangs on it: what was moved, who saw which parts of the joined record in
-- between, and what was said and declared of it since. NULL: none, or not to be known of.
create or replace function access.read_merge(
    in_staff bigint, in_membership bigint, in_merge uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    made record;
    ended timestamptz;
    people bigint[];
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into made from public.identity_merge where public_id = in_merge;
    if organisation is null or made.id is null
       or not access.may_know_of(identity.survivor_of(made.survivor_id), organisation) then
        return null;
    end if;
    ended := coalesce(made.undone_at, 'infinity');
    people := array[made.survivor_id, made.merged_id];
    perform access.identity_was_read(in_membership, 'merge', people, in_request);
    return jsonb_build_object(
        'id', made.public_id, 'cause', made.cause, 'words', made.words, 'at', made.at,
        'by', access.officer_named(made.by_id), 'undone_at', made.undone_at,
        'undone_by', access.officer_named(made.undone_by_id), 'undone_words', made.undone_words,
        'survivor', access.side_as_json(made.survivor_id, organisation),
        'merged', access.side_as_json(made.merged_id, organisation),
        'later', (
            select l.public_id from public.identity_merge l
            where l.undone_at is null and l.id > made.id
              and made.survivor_id in (l.survivor_id, l.merged_id)
            order by l.id desc limit 1),
        'moved', (
            select coalesce(jsonb_object_agg(moved.table_name, moved.rows), '{}') from (
                select m.table_name, count(*) as rows from public.identity_movedrow m
                where m.merge_id = made.id group by m.table_name) moved),
        'choices_since', (
            select count(*) from public.consent_choice c
            where c.resident_id = made.survivor_id and c.recorded_at >= made.at
              and c.recorded_at < ended),
        'declared_since', (
            select count(*) from public.access_carerelationship c
            where c.resident_id = any (people) and not c.derived and c.recorded >= made.at
              and c.recorded < ended),
        'seen', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'staff', saw.staff_name, 'organisation', saw.organisation_name,
                'kind', saw.kind, 'role', saw.role_code, 'first', saw.first, 'last', saw.last,
                'pages', saw.pages, 'granted', saw.granted)
                order by saw.last desc), '[]')
            from (
                select e.staff_name, e.organisation_name, o.kind, e.role_code, min(e.at) as first,
                    max(e.at) as last, count(*) as pages,
                    -- What each opening granted, as its decision says it (access.decision).
                    jsonb_agg(distinct e.detail -> 'grants') as granted
                from public.audit_event e
                left join public.organisations_organisation o on o.id = e.organisation_id
                where e.resident_id = made.survivor_id and e.action = 'opening'
                  and e.at >= made.at and e.at < ended
                group by e.staff_id, e.staff_name, e.organisation_name, o.kind, e.role_code
                order by max(e.at) desc limit 200) saw));
end $$;

-- Every trace of whom a question is about, the latest first, each with its steps in order: by
-- which identifiers was asked, what came of it and which details disagreed; no value of anybody.
-- Of a question about a resident it is the traces of all their sources, each by its kind.
-- The event of who was seen is written by access.read_question, without which this shows nothing
-- that anybody may look at: so it is for the officer alone who may read that.
create or replace function access.read_traces(
    in_staff bigint, in_membership bigint, in_question uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return null;
    end if;
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'why', t.why, 'wanted', t.wanted, 'due', t.due, 'ended', t.ended,
            'finished', t.finished, 'has_number', p.number_claimed <> '',
            'asked', t.delays > 0 or t.leased_until > statement_timestamp()
                or exists (select from public.identity_tracestep s where s.trace_id = t.id),
            'kind', o.kind, 'own', p.source_id = organisation,
            'steps', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'step', s.step, 'asked_by', s.asked_by, 'service', s.service,
                    'outcome', s.outcome, 'why', s.why, 'disagrees', s.disagrees, 'at', s.at)
                    order by s.id), '[]')
                from public.identity_tracestep s where s.trace_id = t.id))
            order by t.id desc), '[]')
        from public.identity_sourceperson p
        join public.organisations_organisation o on o.id = p.source_id
        join public.identity_trace t on t.source_person_id = p.id
        where p.id = q.source_person_id or p.resident_id = q.resident_id);
end $$;

reset role;
revoke create on schema access from connectcare_gate;
