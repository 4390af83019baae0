-- Decisions hold for whom the officer compared, and for nobody's record besides.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- How a source person stands in the record that holds them: 'alone' (it holds nobody else's; so it
-- is of nobody), 'with-others', or 'in-doubt' among others, whose record then says nothing about them and
-- is not to be moved by what is decided about them. One that another of the same record has
-- replaced is no other.
create function access.stands_in_record(in_source_person bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((
        select case when p.link = 'in-doubt' then 'in-doubt' else 'with-others' end
        from public.identity_sourceperson p
        where p.id = in_source_person and exists (
            select from public.identity_sourceperson other
            where other.resident_id = p.resident_id and other.id <> p.id
              and not exists (
                  select from public.identity_sourceperson instead
                  where instead.id = other.replaced_by_id
                    and instead.resident_id = p.resident_id))), 'alone')
$$;

-- Whether a question asks who somebody is, and not whether two are one: the reasons whose
-- identity.questions.Asked has candidates and does not compare.
create function access.asks_whom(in_reason text) returns boolean
language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
    select in_reason in ('no-match', 'many-matches', 'invalidated', 'protected')
$$;

-- One question with both sides and its history. NULL: none, or not for this officer.
create or replace function access.read_question(
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
        'in_place', coalesce(known.resident_id = q.candidate_id, false),
        'stands', access.stands_in_record(known.id),
        'subject', access.side_as_json(subject, organisation),
        'candidate', access.side_as_json(candidate, organisation),
        'notes', (
            select coalesce(jsonb_agg(jsonb_build_object('words', n.words, 'at', n.at,
                'by', access.officer_named(n.by_id)) order by n.at, n.id), '[]')
            from public.identity_questionnote n where n.question_id = q.id));
end $$;

-- Settles a question about the two whom the officer compared, by their public ids: whoever has come
-- to stand in the place of either since, the decision is not about. in_decision: 'same' joins the
-- two, 'different' keeps them apart, 'separate' for ever (in_why, and in_current says which record
-- is used now: 'subject' or 'candidate'), 'checked' changes nothing and is about nobody else.
-- Separating one candidate does not answer a trace that found nobody, or several: that question
-- stays open. Answers 'settled', or why not: 'not-known', 'settled-already', 'no-candidate',
-- 'in-doubt-there' (nothing is decided for a record of others by whose place in it is in doubt),
-- or what identity.merge answered.
drop function access.decide_question(bigint, bigint, uuid, text, text, text, text, uuid);
create function access.decide_question(
    in_staff bigint, in_membership bigint, in_question uuid, in_decision text, in_words text,
    in_why text, in_current text, in_subject uuid, in_candidate uuid, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    known record;
    subject bigint;
    held bigint[];
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
    held := array_remove(array[coalesce(q.resident_id, known.resident_id), q.candidate_id], null);
    perform identity.hold_still(held);
    select * into q from public.identity_linkquestion where id = q.id for update;
    select * into known from public.identity_sourceperson where id = q.source_person_id;
    subject := coalesce(q.resident_id, known.resident_id);
    if q.settled is not null then
        return 'settled-already';
    end if;
    if in_decision <> 'checked' and (
            not array_remove(array[subject, q.candidate_id], null) <@ held
            or in_subject is distinct from (
                select r.public_id from public.identity_resident r where r.id = subject)
            or in_candidate is distinct from (
                select r.public_id from public.identity_resident r
                where r.id = q.candidate_id)) then
        return 'no-candidate';
    end if;
    if in_decision in ('same', 'separate') and (
            q.candidate_id is null or not access.may_know_of(q.candidate_id, organisation)
            or (in_decision = 'separate' and subject = q.candidate_id)) then
        return 'no-candidate';
    end if;
    if in_decision in ('same', 'separate') and subject <> q.candidate_id
       and access.stands_in_record(known.id) = 'in-doubt' then
        return 'in-doubt-there';
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
        -- their own stands alone in it. In a record of others they stay in doubt, until it is
        -- decided whether they belong there.
        if subject = q.candidate_id then
            update public.identity_linkquestion set split_due = true where id = q.id;
        elsif access.stands_in_record(known.id) = 'in-doubt' then
            insert into public.identity_linkquestion (source_person_id, reason, candidate_id,
                decision, split_due)
            select known.id, 'disagrees-with-resident', subject, '', false
            where not exists (
                select from public.identity_linkquestion asked
                where asked.source_person_id = known.id and asked.candidate_id = subject
                  and (asked.settled is null or asked.split_due))
            on conflict do nothing;
        else
            update public.identity_sourceperson set link = 'alone' where id = known.id;
        end if;
    end if;
    insert into public.identity_questionnote (question_id, words, by_id)
    values (q.id, btrim(in_words), in_membership);
    if in_decision <> 'separate' or not access.asks_whom(q.reason) then
        update public.identity_linkquestion
        set settled = coalesce(settled, statement_timestamp()), decision = in_decision,
            decided_by_id = in_membership, retry_asked = null
        where id = q.id;
    end if;
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

-- Proposes a candidate for a question, or with NULL takes the proposed one back: nothing is decided
-- by it. Answers 'proposed', or why not: 'not-known', 'settled-already', 'not-asked' (the question
-- is about two already), 'in-doubt-there' (the source's person is in doubt in a record of others,
-- which what is decided would move with them).
create or replace function access.propose_candidate(
    in_staff bigint, in_membership bigint, in_question uuid, in_candidate uuid, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    subject bigint;
    candidate bigint;
    held bigint[];
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return 'not-known';
    end if;
    -- Both are held still before the question is, as where one is decided.
    select identity.survivor_of(r.id) into candidate
    from public.identity_resident r where r.public_id = in_candidate;
    select coalesce(q.resident_id, (
        select p.resident_id from public.identity_sourceperson p
        where p.id = q.source_person_id)) into subject;
    held := array_remove(array[subject, candidate], null);
    perform identity.hold_still(held);
    select * into q from public.identity_linkquestion where id = q.id for update;
    if q.settled is not null then
        return 'settled-already';
    end if;
    select coalesce(q.resident_id, (
        select p.resident_id from public.identity_sourceperson p
        where p.id = q.source_person_id)) into subject;
    if not (access.asks_whom(q.reason) or q.reason = 'trace-conflict')
       or subject is not distinct from q.candidate_id then
        return 'not-asked';
    end if;
    if in_candidate is not null and access.stands_in_record(q.source_person_id) = 'in-doubt' then
        return 'in-doubt-there';
    end if;
    if in_candidate is not null and (
            candidate is null or candidate = subject
            or not array[subject, candidate] <@ held
            or identity.survivor_of(candidate) <> candidate
            or not access.may_know_of(candidate, organisation)
            or identity.separated(candidate, subject)) then
        return 'not-known';
    end if;
    update public.identity_linkquestion set candidate_id = candidate where id = q.id;
    perform identity.record_event('question-decided',
        case when candidate is null then 'propose-nobody' else 'propose' end, in_membership,
        subject, array_remove(array[subject, candidate], null), in_request,
        jsonb_build_object('question', q.id, 'reason', q.reason));
    return 'proposed';
end $$;

revoke all on function access.stands_in_record(bigint), access.asks_whom(text),
    access.decide_question(bigint, bigint, uuid, text, text, text, text, uuid, uuid, uuid)
    from public;
grant execute on function
    access.decide_question(bigint, bigint, uuid, text, text, text, text, uuid, uuid, uuid)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
