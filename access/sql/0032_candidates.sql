-- Who somebody may be whom a trace did not find, or found among several: residents with their name
-- and birth date, side by side for a records officer, who proposes one and then decides.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Residents who may be another one: whoever has a key of their family name and birth date, or of
-- that with day and month exchanged, or the number that they were sent with. At most in_limit, the
-- likelier first. None whom the organisation may not know of, who is kept apart from them, or whom
-- a person has found to be somebody else; and who opted out only where name and birth date are
-- exactly theirs, as in a search.
create function access.residents_like(
    in_resident bigint, in_number text, in_organisation bigint, in_limit integer) returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with own as (
        select r.*, date '1970-01-01' as epoch from public.identity_resident r
        where r.id = in_resident
    ), held as (
        select split_part(key, ' ', 1) as family,
            own.epoch + split_part(key, ' ', 2)::integer as born, own.epoch
        from own, unnest(own.search_keys) as key
    ), keys as (
        select array_agg(family || ' ' || (day - epoch)) as wanted
        from held cross join lateral (values
            (born),
            (case when extract(day from born) <= 12 then make_date(
                extract(year from born)::integer, extract(day from born)::integer,
                extract(month from born)::integer) end)) as either (day)
        where day is not null
    ), found as (
        select identity.survivor_of(r.id) as id,
            bool_or(r.family_folded = own.family_folded and r.given_folded = own.given_folded
                and r.birth_date = own.birth_date) as exact,
            bool_or(r.given_folded = own.given_folded or r.given_keys && own.given_keys) as given
        from public.identity_resident r, own, keys
        where r.search_keys && keys.wanted
        group by 1
        union all
        select identity.survivor_of(number.id), false, true
        from unnest(access.residents_by_number(in_number, in_organisation)) as number (id)
    ), fits as (
        select found.id, bool_or(found.exact) as exact, bool_or(found.given) as given from found
        where found.id <> identity.survivor_of(in_resident)
          and access.may_know_of(found.id, in_organisation)
          and not identity.separated(found.id, in_resident)
          and not exists (
              select from public.identity_linkquestion q
              left join public.identity_sourceperson p on p.id = q.source_person_id
              where q.candidate_id = found.id and q.decision in ('different', 'separate')
                and coalesce(q.resident_id, p.resident_id) = in_resident)
        group by found.id
    )
    select coalesce(array_agg(likely.id order by likely.exact desc, likely.given desc, likely.id),
        '{}')
    from (
        select fits.* from fits
        where fits.exact or not exists (
            select from consent.refusals(fits.id, statement_timestamp()) c
            where c.kind = 'connect-care')
        order by fits.exact desc, fits.given desc, fits.id
        limit in_limit) as likely
$$;

-- The candidates for a question that has none, for the officer who may read it; its own subject is
-- on the page already. NULL: none for them.
create function access.read_candidates(
    in_staff bigint, in_membership bigint, in_question uuid, in_limit integer, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    known record;
    subject bigint;
    found bigint[];
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null or q.settled is not null
       or not access.question_is_for(q.id, organisation) then
        return null;
    end if;
    select * into known from public.identity_sourceperson where id = q.source_person_id;
    subject := coalesce(q.resident_id, known.resident_id);
    found := identity.without_separated(access.residents_like(subject,
        case when access.number_may_be_shown(subject, organisation)
            then coalesce(known.number_claimed, '') else '' end,
        organisation, in_limit));
    perform access.identity_was_read(in_membership, 'candidates', found || subject, in_request);
    return (select coalesce(jsonb_agg(access.side_as_json(one, organisation) order by nth), '[]')
            from unnest(found) with ordinality as each (one, nth));
end $$;

-- Proposes a candidate for a question, or with NULL takes the proposed one back: nothing is decided
-- by it. Answers 'proposed', or why not: 'not-known', 'settled-already'.
create function access.propose_candidate(
    in_staff bigint, in_membership bigint, in_question uuid, in_candidate uuid, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
    subject bigint;
    candidate bigint;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question for update;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return 'not-known';
    end if;
    if q.settled is not null then
        return 'settled-already';
    end if;
    select coalesce(q.resident_id, (
        select p.resident_id from public.identity_sourceperson p
        where p.id = q.source_person_id)) into subject;
    select identity.survivor_of(r.id) into candidate
    from public.identity_resident r where r.public_id = in_candidate;
    if in_candidate is not null and (
            candidate is null or candidate = subject
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

revoke all on function access.residents_like(bigint, text, bigint, integer),
    access.read_candidates(bigint, bigint, uuid, integer, uuid),
    access.propose_candidate(bigint, bigint, uuid, uuid, uuid) from public;
grant execute on function access.read_candidates(bigint, bigint, uuid, integer, uuid),
    access.propose_candidate(bigint, bigint, uuid, uuid, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
