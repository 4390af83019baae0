-- The desk's queue of requests: whoever records choices for an NHS trust, as with letters that came by
-- the public form. What was typed stays sealed here. Each reading is in the audit.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Who sits at the desk, or no row where this membership does not: refusals are written.
create function access.request_desk(
    in_staff bigint, in_membership bigint, in_request uuid, in_action text)
returns table (organisation_id bigint, organisation_name text, role_code text, staff_name text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'record-choices' = any (asker.activities)
       or asker.organisation_kind <> 'nhs_trust' then
        perform audit.record(in_action, 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.organisation_id, asker.organisation_name, asker.role_code,
        asker.staff_name;
end $$;

-- What became of a request last; null where nothing did.
create function access.last_of_request(in_request bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.kind from public.consent_requeststep s
    where s.request_id = in_request order by s.id desc limit 1
$$;

-- The provisional choice of a request, while nobody has taken it back.
create function access.held_by_request(in_submission uuid) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select c.id from public.consent_choice c
    where c.submission = in_submission and c.provisional
      and not exists (select from public.consent_choice t where t.withdraws_id = c.id)
$$;

-- What waits at the desk, oldest first. Nobody is named: who was meant is sealed.
create function access.read_requests(
    in_staff bigint, in_membership bigint, in_limit integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    answer jsonb;
begin
    select * into asker
    from access.request_desk(in_staff, in_membership, in_request, 'requests-read');
    if asker is null then
        return null;
    end if;
    with waiting as (
        select q.*, access.last_of_request(q.id) as last
        from public.consent_choicerequest q
        where not consent.is_settled(q.id)
          and access.last_of_request(q.id) is distinct from 'not-matched'
        order by q.received_at, q.id limit in_limit
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', w.public_id, 'reference', w.reference, 'source', w.source, 'wants', w.wants,
        'for_whom', w.for_whom, 'received', w.received_at, 'last', coalesce(w.last, ''),
        'held', access.held_by_request(w.submission) is not null,
        'taken_by', coalesce((
            select s.name from public.consent_requeststep t
            join public.organisations_membership m on m.id = t.membership_id
            join public.organisations_staffmember s on s.id = m.staff_id
            where t.request_id = w.id order by t.id desc limit 1), ''))
        order by w.received_at, w.id), '[]') into answer
    from waiting w;
    perform audit.record('requests-read', 'done', 'queue', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, null, null, in_request, jsonb_build_object('count', jsonb_array_length(answer)));
    return answer;
end $$;

-- One request with all that became of it, what was typed still sealed; and what else was asked for
-- with the same family name and birth date and is not settled.
create function access.read_request(
    in_staff bigint, in_membership bigint, in_asked uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    asked public.consent_choicerequest;
    held bigint;
begin
    select * into asker
    from access.request_desk(in_staff, in_membership, in_request, 'requests-read');
    select * into asked from public.consent_choicerequest where public_id = in_asked;
    if asker is null or asked.id is null then
        return null;
    end if;
    held := access.held_by_request(asked.submission);
    perform audit.record('requests-read', 'done', 'one', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        (select c.resident_id from public.consent_choice c where c.id = held), null, null,
        in_request, jsonb_build_object('reference', asked.reference));
    return jsonb_build_object(
        'id', asked.public_id, 'reference', asked.reference, 'source', asked.source,
        'wants', asked.wants, 'for_whom', asked.for_whom, 'received', asked.received_at,
        'written', asked.written_on, 'submission', asked.submission,
        'sealed', encode(asked.sealed, 'hex'),
        'settled', consent.is_settled(asked.id),
        'held_for', (select r.public_id from public.consent_choice c
                     join public.identity_resident r on r.id = c.resident_id
                     where c.id = held),
        'held_as', (select c.public_id from public.consent_choice c where c.id = held),
        'steps', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', s.kind, 'at', s.at, 'note', encode(s.note, 'hex'),
                'by', coalesce(m.name, '')) order by s.id), '[]')
            from public.consent_requeststep s
            left join (public.organisations_membership x
                       join public.organisations_staffmember m on m.id = x.staff_id)
                on x.id = s.membership_id
            where s.request_id = asked.id),
        'others', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', o.public_id, 'reference', o.reference, 'wants', o.wants,
                'received', o.received_at) order by o.id), '[]')
            from public.consent_choicerequest o
            where o.near_key = asked.near_key and o.id <> asked.id
              and not consent.is_settled(o.id)));
end $$;

-- Notes what became of a request. 'noted', or why not: 'not-known', 'settled' already, or
-- 'still-held': its provisional opt-out has to be taken back first.
create function access.note_request(
    in_staff bigint, in_membership bigint, in_asked uuid, in_kind text, in_note bytea,
    in_choice uuid, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    asked public.consent_choicerequest;
    made bigint;
    whose bigint;
begin
    select * into asker
    from access.request_desk(in_staff, in_membership, in_request, 'request-decided');
    select * into asked from public.consent_choicerequest where public_id = in_asked;
    if asker is null or asked.id is null or in_kind in ('held', 'may-fit') then
        return 'not-known';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('choice request', asked.id));
    if consent.is_settled(asked.id) then
        return 'settled';
    end if;
    if in_kind in ('not-verified', 'not-matched')
       and access.held_by_request(asked.submission) is not null then
        return 'still-held';
    end if;
    if in_kind in ('recorded', 'already') then
        select c.id, c.resident_id into made, whose from public.consent_choice c
        where c.public_id = in_choice and c.kind = 'connect-care' and not c.provisional
          and c.answer = asked.wants;
        if made is null then
            return 'not-known';
        end if;
    end if;
    insert into public.consent_requeststep (request_id, kind, note, choice_id, membership_id, at)
    values (asked.id, in_kind, in_note, made, in_membership, clock_timestamp());
    perform audit.record('request-decided', 'done', in_kind, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whose, null, null, in_request,
        jsonb_build_object('reference', asked.reference, 'choice', made));
    return 'noted';
end $$;

-- Enters a request that came on paper. A form sent twice is one request: its public id is answered.
create function access.enter_request(
    in_staff bigint, in_membership bigint, in_reference text, in_wants text, in_for_whom text,
    in_number text, in_birth_date date, in_family text, in_sealed bytea, in_explanation text,
    in_submission uuid, in_written date, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    kept text;
begin
    select * into asker
    from access.request_desk(in_staff, in_membership, in_request, 'choice-requested');
    if asker is null then
        return null;
    end if;
    select q.reference into kept from public.consent_choicerequest q
    where q.submission = in_submission;
    if kept is not null then
        return kept;
    end if;
    if exists (select from public.consent_choicerequest where reference = in_reference)
       or exists (select from public.consent_choice where reference = in_reference) then
        return 'reference-taken';
    end if;
    insert into public.consent_choicerequest (
        reference, source, wants, for_whom, sealed, exact_key, near_key, may_hold, explanation,
        submission, received_at, written_on, entered_as_id)
    values (
        in_reference, 'paper', in_wants, in_for_whom, in_sealed,
        case when in_number <> ''
            then consent.request_key(in_number, in_birth_date, in_family) end,
        consent.request_key('', in_birth_date, in_family), false, in_explanation, in_submission,
        clock_timestamp(), in_written, in_membership);
    perform audit.record('choice-requested', 'done', in_wants, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, null, null, in_request, jsonb_build_object(
            'reference', in_reference, 'for_whom', in_for_whom, 'paper', true));
    return in_reference;
end $$;

revoke all on function access.request_desk(bigint, bigint, uuid, text),
    access.last_of_request(bigint), access.held_by_request(uuid),
    access.read_requests(bigint, bigint, integer, uuid),
    access.read_request(bigint, bigint, uuid, uuid),
    access.note_request(bigint, bigint, uuid, text, bytea, uuid, uuid),
    access.enter_request(bigint, bigint, text, text, text, text, date, text, bytea, text, uuid,
        date, uuid) from public;
grant execute on function access.read_requests(bigint, bigint, integer, uuid),
    access.read_request(bigint, bigint, uuid, uuid),
    access.note_request(bigint, bigint, uuid, text, bytea, uuid, uuid),
    access.enter_request(bigint, bigint, text, text, text, text, date, text, bytea, text, uuid,
        date, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
