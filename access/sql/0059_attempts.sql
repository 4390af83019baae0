-- What one staff member may do only so often is counted in rows of its own. The audit, which is never
-- used to decide anything, was counted before.

revoke all on access_attempt from connectcare_web, connectcare_pipeline;
grant select, insert, delete on access_attempt to connectcare_gate;
grant usage on sequence access_attempt_id_seq to connectcare_gate;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('access_attempt', 'resident_id', 'stays', '[]',
    'A limit of an hour, of whom the details were compared with.');

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- How many tries of a kind a staff member has made within a time (of one resident, if one is given),
-- as far as a limit: no more are counted.
create function access.attempts(
    in_kind text, in_staff bigint, in_resident bigint, in_within interval, in_limit integer)
returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select count(*)::integer from (
        select from public.access_attempt a
        where a.staff_id = in_staff and a.kind = in_kind
          and (in_resident is null or a.resident_id = in_resident)
          and a.at > clock_timestamp() - in_within
        limit in_limit) as made
$$;

-- Writes one down, and deletes what they tried more than a day ago: no limit is longer.
create function access.attempted(in_kind text, in_staff bigint, in_resident bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from public.access_attempt a
    where a.staff_id = in_staff and a.at < clock_timestamp() - interval '1 day';
    insert into public.access_attempt (kind, staff_id, resident_id)
    values (in_kind, in_staff, in_resident);
end $$;

-- Searches, writes the event with everyone found, and glimpses them. The outcome is 'found' (with
-- nobody, or up to in_limit residents), 'too-many' (more than in_limit: none are told),
-- 'too-often-in-a-minute' and '-in-an-hour' (as many as one person may make) or 'refused'. Whoever
-- searches waits for their own other searches to be done, so that many at once cannot pass
-- uncounted.
create or replace function access.search_residents(
    in_staff bigint, in_membership bigint, in_request uuid, in_number text, in_keys text[],
    in_family text, in_birth_date date, in_given text, in_given_variants text[],
    in_postcode text, in_sex text, in_limit integer, in_per_minute integer, in_per_hour integer)
returns table (outcome text, residents bigint[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint[];
    too_many boolean;
    limited text;
begin
    if in_number is null and (coalesce(in_family, '') = '' or in_birth_date is null
            or coalesce(cardinality(in_keys), 0) not between 1 and 100) then
        raise exception 'a search needs an NHS number, or a family name with a birth date'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'find-residents' = any (asker.activities) then
        perform audit.record('search', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return query select 'refused', '{}'::bigint[];
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access search', in_staff));
    limited := case
        when access.attempts('search', in_staff, null, interval '1 minute', in_per_minute)
                >= in_per_minute
            then 'too-often-in-a-minute'
        when access.attempts('search', in_staff, null, interval '1 hour', in_per_hour)
                >= in_per_hour
            then 'too-often-in-an-hour'
        end;
    if limited is not null then
        perform audit.record('search', 'refused', limited, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return query select limited, '{}'::bigint[];
        return;
    end if;
    perform access.attempted('search', in_staff, null);
    found := case when in_number is not null
        then access.residents_by_number(in_number, asker.organisation_id)
        else access.residents_by_name(
            in_keys, in_family, in_birth_date, coalesce(in_given, ''), in_given_variants,
            coalesce(in_postcode, ''), coalesce(in_sex, ''), asker.organisation_id, in_limit)
        end;
    if cardinality(found) > 1 then
        found := identity.without_separated(found);
    end if;
    too_many := cardinality(found) > in_limit;
    -- A list that is too long is not shown, so it is nobody's glimpse.
    if not too_many then
        insert into public.access_glimpse (
            began, resident_id, staff_id, membership_id, with_place, with_number, with_choices)
        select transaction_timestamp(), hit.resident, in_staff, in_membership, true,
            access.number_may_be_shown(hit.resident, asker.organisation_id)
            -- Their own number, which was typed.
            or exists (select from public.identity_residentnhsnumber n
                       where n.resident_id = hit.resident and n.number = in_number
                         and n.valid_until is null),
            false
        from unnest(found) as hit (resident);
    end if;
    perform audit.record('search', 'done',
        case when too_many then 'too-many' when in_number is null then 'name' else 'number' end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, null, case when too_many then null else found end, null,
        in_request, jsonb_build_object('found', cardinality(found)));
    return query select case when too_many then 'too-many' else 'found' end,
        case when too_many then '{}' else found end;
end $$;

drop function access.searches_since(bigint, interval, integer);

-- As before; who tells residents who looked compares who they are in the same way.
create or replace function access.check_identity(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_family text,
    in_given text, in_birth_date date, in_number text, in_postcode text, in_phone text)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    person public.identity_resident;
    place public.identity_residentplace;
    given text[];
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.* into person from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    select p.* into place from public.identity_residentplace p
    where p.resident_id = person.id and person.protection = 'U';
    given := array_remove(array[
        case when in_family <> '' and in_given <> '' then 'name' end,
        case when in_birth_date is not null then 'birth-date' end,
        case when in_number <> '' then 'nhs-number' end,
        case when in_postcode <> '' then 'postcode' end,
        case when in_phone <> '' then 'phone' end], null);
    answer := case
        when asker is null or not asker.activities && array['record-choices', 'tell-who-looked']
            then 'differs'
        when person.id is null then 'differs'
        when access.attempts('identity', in_staff, person.id, interval '1 hour', 5) >= 5
            then 'too-often'
        when coalesce(
            cardinality(given) >= 3
            and (in_family = '' and in_given = ''
                 or (person.family_folded = in_family
                     and (person.given_folded = in_given
                          or (length(in_given) >= 2
                              and starts_with(person.given_folded, in_given)))))
            and (in_birth_date is null or person.birth_date = in_birth_date)
            and (in_number = '' or exists (
                select from public.identity_residentnhsnumber n
                where n.resident_id = person.id and n.number = in_number
                  and n.valid_until is null))
            and (in_postcode = ''
                 or lower(replace(coalesce(place.postcode, ''), ' ', '')) = in_postcode)
            and (in_phone = ''
                 or right(regexp_replace(coalesce(place.phone, ''), '[^0-9]', '', 'g'), 10)
                    = in_phone),
            false) then 'agrees'
        else 'differs' end;
    if answer = 'differs' and person.id is not null then
        perform access.attempted('identity', in_staff, person.id);
    end if;
    perform audit.record('identity-checked',
        case answer when 'agrees' then 'done' else 'refused' end, answer,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, person.id, null, null, in_request,
        jsonb_build_object('identifiers', to_jsonb(given)));
    return answer;
end $$;

-- How often a staff member's password was wrong when asked once more, within a time. Whoever asks
-- waits for their other tries to be done, so that many at once cannot pass uncounted.
create or replace function access.failed_confirmations(in_staff bigint, in_within interval)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('access confirmation', in_staff));
    return access.attempts('confirmation', in_staff, null, in_within, 1000);
end $$;

-- It was wrong once more.
create function access.confirmation_failed(in_staff bigint) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select access.attempted('confirmation', in_staff, null)
$$;

revoke all on function access.attempts(text, bigint, bigint, interval, integer),
    access.attempted(text, bigint, bigint), access.confirmation_failed(bigint) from public;
grant execute on function access.confirmation_failed(bigint) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
