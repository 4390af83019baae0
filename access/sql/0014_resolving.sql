-- The records officers' work: questions about who somebody is, joining, and taking apart again.
--
-- An officer sees questions about their own organisation's source persons, and about residents
-- whom their organisation may know of. Nothing clinical is shown, and everyone shown is audited.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether an officer may see a question.
create function access.question_is_for(in_question bigint, in_organisation bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.identity_linkquestion q
        left join public.identity_sourceperson p on p.id = q.source_person_id
        where q.id = in_question
          and (p.source_id = in_organisation
               or (q.resident_id is not null
                   and access.may_know_of(q.resident_id, in_organisation))))
$$;

-- Who a resident is, for comparing: as little of where they live as anybody may see, of their
-- sources the kind alone, of identifiers those of the reader's own organisation.
create function access.side_as_json(in_resident bigint, in_organisation bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'resident', r.id, 'id', r.public_id, 'title', r.title, 'family_name', r.family_name,
        'given_names', r.given_names, 'birth_date', r.birth_date, 'sex', r.sex,
        'deceased', r.deceased, 'deceased_on', r.deceased_on,
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

-- The staff member who did something, in words; empty for the system's own doing.
create function access.officer_named(in_membership bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((
        select s.name || ', ' || o.name from public.organisations_membership m
        join public.organisations_staffmember s on s.id = m.staff_id
        join public.organisations_organisation o on o.id = m.organisation_id
        where m.id = in_membership), '')
$$;

-- The officer, if their membership resolves identities now; else no row, and the refusal's event.
create function access.resolving_officer(in_staff bigint, in_membership bigint, in_request uuid)
returns table (organisation_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'resolve-identity' = any (asker.activities) then
        perform audit.record('identity-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.organisation_id::bigint;
end $$;

-- The event of having seen who somebody is.
create function access.identity_was_read(
    in_membership bigint, in_reason text, in_residents bigint[], in_request uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select identity.record_event('identity-read', in_reason, in_membership,
        case when cardinality(in_residents) = 1 then in_residents[1] end, in_residents, in_request,
        '{}')
$$;

-- ── The work list ───────────────────────────────────────────────────────────────────────────

-- A part of the questions that wait, oldest first, or of those that are settled, latest first.
-- NULL: not for the role.
create function access.read_questions(
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
            'birth_date', coalesce(p.said ->> 'birth_date', r.birth_date::text))
            order by part.nth)
        from unnest(shown) with ordinality as part (id, nth)
        join public.identity_linkquestion q on q.id = part.id
        left join public.identity_sourceperson p on p.id = q.source_person_id
        join public.identity_resident r on r.id = coalesce(q.resident_id, p.resident_id)), '[]'));
end $$;

-- One question with both sides and its history. NULL: none, or not for this officer.
create function access.read_question(
    in_staff bigint, in_membership bigint, in_question uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    known record;
    subject bigint;
    candidate bigint;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return null;
    end if;
    select * into known from public.identity_sourceperson where id = q.source_person_id;
    subject := coalesce(q.resident_id, known.resident_id);
    -- Whoever may not be known of is not shown as a candidate either.
    candidate := case when access.may_know_of(q.candidate_id, organisation)
        and not identity.separated(q.candidate_id, subject) then q.candidate_id end;
    perform access.identity_was_read(in_membership, 'question',
        array_remove(array[subject, candidate], null), in_request);
    return jsonb_build_object(
        'id', q.public_id, 'reason', q.reason, 'raised', q.raised, 'settled', q.settled,
        'decision', q.decision, 'decided_by', access.officer_named(q.decided_by_id),
        'retry_asked', q.retry_asked, 'split_due', q.split_due,
        'source', (select o.name from public.organisations_organisation o
                   where o.id = known.source_id),
        'identifiers', case when known.source_id = organisation
            then to_jsonb(array_prepend(known.identifier, known.local_identifiers)) else '[]' end,
        'number_sent', case when access.number_may_be_shown(subject, organisation)
            then coalesce(known.number_claimed, '') else '' end,
        'said', case when access.place_may_be_shown(subject)
                          and coalesce(known.said ->> 'protection', 'U') = 'U' then known.said
            else known.said - '{address_lines,postcode,phone,practice_code}'::text[] end,
        'in_place', known.resident_id is not distinct from q.candidate_id,
        'subject', access.side_as_json(subject, organisation),
        'candidate', access.side_as_json(candidate, organisation),
        'notes', (
            select coalesce(jsonb_agg(jsonb_build_object('words', n.words, 'at', n.at,
                'by', access.officer_named(n.by_id)) order by n.at, n.id), '[]')
            from public.identity_questionnote n where n.question_id = q.id));
end $$;

-- Settles a question. in_decision: 'same' joins the two, 'different' keeps them apart, 'separate'
-- for ever (in_why, and in_current says which record is used now: 'subject' or 'candidate'),
-- 'checked' changes nothing. Answers 'settled', or why not: 'not-known', 'settled-already',
-- 'no-candidate', or what identity.merge answered.
create function access.decide_question(
    in_staff bigint, in_membership bigint, in_question uuid, in_decision text, in_words text,
    in_why text, in_current text, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    known record;
    subject bigint;
    joined record;
    known_subject boolean;
    known_candidate boolean;
begin
    if in_decision not in ('same', 'different', 'separate', 'checked')
       or length(btrim(in_words)) = 0 then
        raise exception 'a question is settled by one of the decisions, and words'
            using errcode = 'invalid_parameter_value';
    end if;
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    -- The locks of the residents come first, as in every merge; then the question is looked at.
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return 'not-known';
    end if;
    select * into known from public.identity_sourceperson where id = q.source_person_id;
    perform identity.hold_still(array_remove(
        array[coalesce(q.resident_id, known.resident_id), q.candidate_id], null));
    select * into q from public.identity_linkquestion where id = q.id for update;
    select * into known from public.identity_sourceperson where id = q.source_person_id;
    subject := coalesce(q.resident_id, known.resident_id);
    if q.settled is not null then
        return 'settled-already';
    end if;
    if in_decision in ('same', 'separate') and (
            q.candidate_id is null or not access.may_know_of(q.candidate_id, organisation)
            or (in_decision = 'separate' and subject = q.candidate_id)) then
        return 'no-candidate';
    end if;
    if in_decision = 'same' then
        if subject = q.candidate_id then
            update public.identity_sourceperson set link = 'linked' where id = known.id;
        else
            select r.known_to_all into known_subject
            from public.identity_resident r where r.id = subject;
            select r.known_to_all into known_candidate
            from public.identity_resident r where r.id = q.candidate_id;
            select * into joined from identity.merge(
                case when known_subject and not known_candidate then subject
                     else q.candidate_id end,
                case when known_subject and not known_candidate then q.candidate_id
                     else subject end,
                case q.reason when 'superseded-conflict' then 'superseded'
                    else 'duplicate' end,
                in_words, in_membership, in_request);
            if joined.outcome <> 'merged' then
                return joined.outcome;
            end if;
        end if;
    elsif in_decision in ('different', 'separate') and known.id is not null
          and known.link = 'in-doubt' then
        -- Whose link is in doubt where they are is taken out by a worker; who has a record of
        -- their own stands alone in it.
        if subject = q.candidate_id then
            update public.identity_linkquestion set split_due = true where id = q.id;
        else
            update public.identity_sourceperson set link = 'alone' where id = known.id;
        end if;
    end if;
    insert into public.identity_questionnote (question_id, words, by_id)
    values (q.id, btrim(in_words), in_membership);
    update public.identity_linkquestion
    set settled = coalesce(settled, statement_timestamp()), decision = in_decision,
        decided_by_id = in_membership, retry_asked = null
    where id = q.id;
    if in_decision = 'separate' then
        insert into public.identity_separatedpair (former_id, current_id, why, by_id)
        values (
            case in_current when 'subject' then q.candidate_id else subject end,
            case in_current when 'subject' then subject else q.candidate_id end,
            in_why, in_membership);
        perform identity.record_event('residents-separated', in_why, in_membership,
            case in_current when 'subject' then subject else q.candidate_id end,
            array[subject, q.candidate_id], in_request, '{}');
    end if;
    perform identity.record_event('question-decided', in_decision, in_membership, subject,
        array_remove(array[subject, q.candidate_id], null), in_request,
        jsonb_build_object('question', q.id, 'reason', q.reason));
    return 'settled';
end $$;

-- Notes something about a question, or asks that it be tried again. Answers as above.
create function access.note_question(
    in_staff bigint, in_membership bigint, in_question uuid, in_words text, in_retry boolean,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question for update;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return 'not-known';
    end if;
    if in_retry and q.settled is not null then
        return 'settled-already';
    end if;
    if in_retry then
        update public.identity_linkquestion set retry_asked = statement_timestamp()
        where id = q.id;
    end if;
    if length(btrim(in_words)) > 0 then
        insert into public.identity_questionnote (question_id, words, by_id)
        values (q.id, btrim(in_words), in_membership);
    end if;
    perform identity.record_event('question-decided',
        case when in_retry then 'try-again' else 'note' end, in_membership, null, '{}', in_request,
        jsonb_build_object('question', q.id, 'reason', q.reason));
    return 'noted';
end $$;

-- ── Joining, and taking apart ───────────────────────────────────────────────────────────────

-- One resident, or two side by side, for an officer whose organisation may know of each. Whoever
-- was merged is answered as whom they are now. NULL: not to be known of, or kept apart.
create function access.read_identities(
    in_staff bigint, in_membership bigint, in_residents uuid[], in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    found bigint[];
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select array_agg(identity.survivor_of(r.id) order by asked.nth) into found
    from unnest(in_residents) with ordinality as asked (id, nth)
    join public.identity_resident r on r.public_id = asked.id;
    if organisation is null or found is null
       or cardinality(found) <> cardinality(in_residents)
       or exists (select from unnest(found) as one
                  where not access.may_know_of(one, organisation))
       or (cardinality(found) = 2 and identity.separated(found[1], found[2])) then
        return null;
    end if;
    perform access.identity_was_read(in_membership,
        case cardinality(found) when 1 then 'one' else 'compared' end, found, in_request);
    return (select jsonb_agg(access.side_as_json(one, organisation) order by nth)
            from unnest(found) with ordinality as each (one, nth));
end $$;

-- Joins two residents by an officer's decision. Answers what identity.merge does, and the merge.
create function access.join_residents(
    in_staff bigint, in_membership bigint, in_survivor uuid, in_merged uuid, in_cause text,
    in_words text, in_request uuid) returns table (outcome text, merge uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    survivor bigint;
    merged bigint;
    joined record;
begin
    if in_cause not in ('duplicate', 'superseded') or length(btrim(in_words)) = 0 then
        raise exception 'residents are joined for a cause that an officer can know, with words'
            using errcode = 'invalid_parameter_value';
    end if;
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select r.id into survivor from public.identity_resident r where r.public_id = in_survivor;
    select r.id into merged from public.identity_resident r where r.public_id = in_merged;
    if organisation is null or survivor is null or merged is null
       or not access.may_know_of(survivor, organisation)
       or not access.may_know_of(merged, organisation)
       -- Who is kept apart is not told of either.
       or identity.separated(survivor, merged) then
        return query select 'not-known', null::uuid;
        return;
    end if;
    select * into joined
    from identity.merge(survivor, merged, in_cause, in_words, in_membership, in_request);
    -- In a statement of its own, which sees what the one before has written.
    return query select joined.outcome, (
        select made.public_id from public.identity_merge made where made.id = joined.merge_id);
end $$;

-- One merge with what hangs on it: what was moved, who saw the joined record in between, and what
-- was said and declared of it since. NULL: none, or not to be known of.
create function access.read_merge(
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
                'kind', saw.kind, 'role', saw.role_code, 'first', saw.first, 'last', saw.last, 'pages', saw.pages)
                order by saw.last desc), '[]')
            from (
                select e.staff_name, e.organisation_name, o.kind, e.role_code, min(e.at) as first,
                    max(e.at) as last, count(*) as pages
                from public.audit_event e
                left join public.organisations_organisation o on o.id = e.organisation_id
                where e.resident_id = made.survivor_id and e.action = 'opening'
                  and e.at >= made.at and e.at < ended
                group by e.staff_id, e.staff_name, e.organisation_name, o.kind, e.role_code
                order by max(e.at) desc limit 200) saw));
end $$;

-- Undoes a merge by an officer's decision. Answers what identity.unmerge does.
create function access.take_apart(
    in_staff bigint, in_membership bigint, in_merge uuid, in_words text, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    made record;
begin
    if length(btrim(in_words)) = 0 then
        raise exception 'a merge is undone with words' using errcode = 'invalid_parameter_value';
    end if;
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into made from public.identity_merge where public_id = in_merge;
    if organisation is null or made.id is null
       or not access.may_know_of(identity.survivor_of(made.survivor_id), organisation) then
        return 'not-known';
    end if;
    return identity.unmerge(made.id, in_words, in_membership, in_request);
end $$;

-- ── Numbers on a resident's or carer's word ─────────────────────────────────────────────────

-- Enters an NHS number that a resident or carer gives: present, not traced. Answers 'given', or why
-- not: 'not-known', 'same' (it is theirs already), 'verified-already' (another number is verified,
-- and no word changes that).
create function access.give_number(
    in_staff bigint, in_membership bigint, in_resident uuid, in_number text, in_said_by text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    resident bigint;
    live record;
begin
    if in_said_by not in ('resident', 'carer') then
        raise exception 'a number is given by the resident or a carer'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select identity.survivor_of(r.id) into resident
    from public.identity_resident r where r.public_id = in_resident;
    if asker is null or not 'give-numbers' = any (asker.activities) or resident is null
       or not access.may_know_of(resident, asker.organisation_id)
       or not access.number_may_be_shown(resident, asker.organisation_id) then
        perform audit.record('number-changed', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return 'not-known';
    end if;
    perform identity.hold_still(array[resident]);
    select * into live from public.identity_residentnhsnumber n
    where n.resident_id = resident and n.valid_until is null;
    if live.number = in_number then
        return 'same';
    end if;
    if live.status = '01' then
        return 'verified-already';
    end if;
    update public.identity_residentnhsnumber
    set valid_until = statement_timestamp(), ended_because = 'replaced' where id = live.id;
    insert into public.identity_residentnhsnumber (
        resident_id, number, status, said_by, given_by, entered_as_id, ended_because)
    values (resident, in_number, '02', in_said_by, asker.organisation_id, in_membership, '');
    perform identity.record_event('number-changed', in_said_by, in_membership, resident,
        array[resident], in_request, '{}');
    return 'given';
end $$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                'question_is_for', 'side_as_json', 'officer_named', 'resolving_officer',
                'identity_was_read', 'read_questions', 'read_question', 'decide_question',
                'note_question', 'read_identities', 'join_residents', 'read_merge', 'take_apart',
                'give_number') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name not in ('question_is_for', 'side_as_json', 'officer_named', 'resolving_officer',
                          'identity_was_read') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
