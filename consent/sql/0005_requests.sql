-- Requests from the public form and from paper, and the opt-outs that hold until a desk verified
-- them. docs/adr/0021 says why a provisional opt-out is a choice like any other.
--
-- A provisional opt-out is a row of consent_choice, so that every wall that counts refusals counts
-- it. Only the gate writes one, where one resident is meant beyond doubt (consent/beyond_doubt.py).

revoke all on consent_choicerequest, consent_requeststep from connectcare_web;
revoke insert, update, delete on consent_choicerequest, consent_requeststep
    from connectcare_pipeline;
grant select, insert on consent_choicerequest, consent_requeststep to connectcare_gate;
grant usage on sequence consent_choicerequest_id_seq, consent_requeststep_id_seq,
    consent_choice_id_seq to connectcare_gate;
grant insert on consent_choice to connectcare_gate;
grant select on identity_merge to connectcare_gate;
create policy provisional on consent_choice for insert to connectcare_gate
    with check (provisional);

create trigger requests_are_only_added before update or delete on consent_choicerequest
    for each row execute function audit.refuse_change();
create trigger requests_are_never_emptied before truncate on consent_choicerequest
    for each statement execute function audit.refuse_change();
create trigger request_steps_are_only_added before update or delete on consent_requeststep
    for each row execute function audit.refuse_change();
create trigger request_steps_are_never_emptied before truncate on consent_requeststep
    for each statement execute function audit.refuse_change();

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- The secret of the digests by which a request finds whom it may be about. Without it a copy of
-- the requests alone tells of nobody.
create table consent.request_secret (
    one boolean primary key default true check (one),
    secret bytea not null
);
insert into consent.request_secret (secret)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid())));

-- The one who made it may read it, and no more.
revoke all on consent.request_secret from connectcare_gate;
grant select on consent.request_secret to connectcare_gate;

create function consent.request_key(in_number text, in_birth_date date, in_family text)
returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select sha256(s.secret || sha256(s.secret || convert_to(
        concat_ws('|', coalesce(in_number, ''), in_birth_date::text, in_family), 'utf8')))
    from consent.request_secret s
$$;

-- Who has all three: the live number, the birth date and the family name. Whoever was merged is
-- found as whom they are now.
create function consent.who_fits(in_number text, in_birth_date date, in_family text)
returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(distinct identity.survivor_of(r.id)), '{}')
    from public.identity_residentnhsnumber n
    join public.identity_resident r on r.id = n.resident_id
    where n.number = in_number and n.valid_until is null
      and r.birth_date = in_birth_date and r.family_folded = in_family and in_family <> ''
$$;

create function consent.is_adult_in_care(in_birth_date date) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        extract(year from age(consent.day_of(clock_timestamp()), in_birth_date)) >= 16, false)
$$;

create function consent.is_settled(in_request bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.consent_requeststep s
        where s.request_id = in_request and s.kind in ('recorded', 'already', 'not-verified'))
$$;

-- Whether an opt-out that was asked for would change anything for a resident: none is in force,
-- and nobody who was verified has said otherwise since it was asked for.
create function consent.would_hold(in_resident bigint, in_asked timestamptz) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select consent.is_adult_in_care(r.birth_date)
        and not exists (
            select from consent.refusals(in_resident, clock_timestamp()) c
            where c.kind = 'connect-care')
        and not exists (
            select from public.consent_choice c
            where c.resident_id in (select identity.same_person(in_resident))
              and c.kind = 'connect-care' and c.recorded_at > in_asked
              and (c.answer = 'consents'
                   or (c.answer = 'withdrawn' and c.withdrawn_because <> 'not-verified')))
    from public.identity_resident r where r.id = in_resident
$$;

-- Opts a resident out until a desk has verified the request. Unless it is in earnest, all of it is
-- done and undone: so much work it is to find nobody, too.
create function consent.hold(in_request bigint, in_resident bigint, in_earnest boolean)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asked public.consent_choicerequest;
    moment timestamptz;
    made bigint;
begin
    select * into asked from public.consent_choicerequest where id = in_request;
    perform pg_advisory_xact_lock(hashtextextended('consent choice', in_resident));
    moment := clock_timestamp();
    insert into public.consent_choice (
        reference, resident_id, kind, answer, decided_by, decider_name, authority_seen,
        relayed_by, channel, identity_checked, provisional, explanation, recorded_at,
        effective_from, submission)
    values (
        asked.reference, in_resident, 'connect-care', 'refuses', 'resident', '', '', '', 'online',
        array['birth-date', 'name', 'nhs-number'], true, asked.explanation, moment, moment,
        asked.submission)
    returning id into made;
    insert into public.consent_requeststep (request_id, kind, choice_id, at)
    values (asked.id, 'held', made, moment);
    perform audit.record('choice-recorded', 'done', 'refuses', null, null, null, null, null, null,
        in_resident, null, null, null, jsonb_build_object(
            'choice', made, 'reference', asked.reference, 'kind', 'connect-care',
            'answer', 'refuses', 'channel', 'online', 'provisional', true,
            'explanation', asked.explanation));
    if not in_earnest then
        raise exception 'undone' using errcode = 'CC001';
    end if;
end $$;

-- Tries what waits again for residents who are new, or of whom something is new: in the transaction
-- that made it so, before anything of theirs can be shown.
create function consent.try_requests(in_residents bigint[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person record;
    asked record;
    fits bigint[];
begin
    if cardinality(in_residents) = 0
       or not exists (select from public.consent_choicerequest) then
        return;
    end if;
    for person in
        select r.birth_date, r.family_folded, n.number from public.identity_resident r
        left join public.identity_residentnhsnumber n
            on n.resident_id = r.id and n.valid_until is null
        where r.id = any (in_residents) and r.birth_date is not null and r.family_folded <> ''
        order by r.id
    loop
        for asked in
            select q.id, q.received_at from public.consent_choicerequest q
            where person.number is not null and q.may_hold
              and q.exact_key = consent.request_key(
                  person.number, person.birth_date, person.family_folded)
              and not consent.is_settled(q.id)
              and not exists (
                  select from public.consent_choice c where c.submission = q.submission)
            order by q.id
        loop
            fits := consent.who_fits(person.number, person.birth_date, person.family_folded);
            if cardinality(fits) = 1 and consent.would_hold(fits[1], asked.received_at) then
                perform consent.hold(asked.id, fits[1], true);
            end if;
        end loop;
        -- Whoever was looked for in vain may be this one: the desk is told.
        insert into public.consent_requeststep (request_id, kind, at)
        select q.id, 'may-fit', clock_timestamp() from public.consent_choicerequest q
        where q.near_key = consent.request_key('', person.birth_date, person.family_folded)
          and (select s.kind from public.consent_requeststep s
               where s.request_id = q.id order by s.id desc limit 1) = 'not-matched';
    end loop;
end $$;

create function consent.try_for_new_residents() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform consent.try_requests(array(select id from changed));
    return null;
end $$;

create function consent.try_for_renamed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform consent.try_requests(array(
        select c.id from changed c join before_change b on b.id = c.id
        where (c.family_folded, c.birth_date)
            is distinct from (b.family_folded, b.birth_date)));
    return null;
end $$;

create function consent.try_for_numbers() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform consent.try_requests(array(select distinct resident_id from changed));
    return null;
end $$;

-- One request turned out not to be theirs: another that waited behind it may be.
create function consent.try_for_taken_back() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform consent.try_requests(array(
        select identity.same_person(new.resident_id)));
    return null;
end $$;

grant execute on function consent.try_for_new_residents(), consent.try_for_renamed(),
    consent.try_for_numbers(), consent.try_for_taken_back() to connectcare_owner;
revoke all on function consent.request_key(text, date, text),
    consent.who_fits(text, date, text), consent.is_settled(bigint),
    consent.would_hold(bigint, timestamptz), consent.hold(bigint, bigint, boolean),
    consent.try_requests(bigint[]), consent.is_adult_in_care(date) from public;
reset role;
revoke create on schema consent from connectcare_gate;

create trigger requests_are_tried after insert on identity_resident
    referencing new table as changed
    for each statement execute function consent.try_for_new_residents();
create trigger requests_are_tried_again after update on identity_resident
    referencing old table as before_change new table as changed
    for each statement execute function consent.try_for_renamed();
create trigger requests_are_tried after insert on identity_residentnhsnumber
    referencing new table as changed
    for each statement execute function consent.try_for_numbers();
create trigger requests_are_tried_again after update on identity_residentnhsnumber
    referencing new table as changed
    for each statement execute function consent.try_for_numbers();
create trigger requests_are_tried_again after insert on consent_choice
    for each row when (new.kind = 'connect-care' and new.answer = 'withdrawn')
    execute function consent.try_for_taken_back();
