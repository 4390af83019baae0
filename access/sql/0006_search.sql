-- Finding a resident: by NHS number, or by keys that each hold a family name and a birth date.
--
-- The keys are made in Python (identity/names.py), one way for what is typed and what is held, so
-- that variants of a name and a birth date with day and month transposed are the caller's to add.
-- Nothing is looked for by the beginning of a family name, and by no name without a birth date.

drop function access.find_residents(bigint, bigint, uuid, text, text, date, text, integer);

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether a resident's NHS number may be shown to an organisation: not of one who opted out, and
-- not to a council whose use of the number they object to.
create function access.number_may_be_shown(in_resident bigint, in_organisation bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select not exists (
        select from consent.refusals(in_resident, statement_timestamp()) c
        where c.kind = 'connect-care'
           or (c.kind = 'nhs-number' and c.council_id = in_organisation))
$$;

-- Whether a resident's place may be shown, and so be searched by: neither of one who is protected
-- nor of one who opted out.
create function access.place_may_be_shown(in_resident bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.identity_resident r where r.id = in_resident and r.protection = 'U')
    and not exists (
        select from consent.refusals(in_resident, statement_timestamp()) c
        where c.kind = 'connect-care')
$$;

-- Who has a number now; where nobody has it, whose it was. Not for a council that may not use it.
create function access.residents_by_number(in_number text, in_organisation bigint)
returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(distinct n.resident_id), '{}')
    from public.identity_residentnhsnumber n
    where n.number = in_number
      and (n.valid_until is null or not exists (
          select from public.identity_residentnhsnumber live
          where live.number = in_number and live.valid_until is null))
      and access.may_know_of(n.resident_id, in_organisation)
      and not exists (
          select from consent.refusals(n.resident_id, statement_timestamp()) c
          where c.kind = 'nhs-number' and c.council_id = in_organisation)
$$;

-- Who fits keys of a family name and a birth date, narrowed at will by given names (a whole one, a
-- variant, or the beginning of two letters or more), postcode (whole, or its first half) and sex.
-- At most in_limit + 1, those first whose name and birth date are exactly what was typed.
--
-- Who opted out is found by what is exactly theirs alone. By a postcode nobody is found whose
-- place may not be shown: an answer would tell it.
create function access.residents_by_name(
    in_keys text[], in_family text, in_birth_date date, in_given text, in_given_variants text[],
    in_postcode text, in_sex text, in_organisation bigint, in_limit integer)
returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(id), '{}') from (
        select fits.id
        from (
            -- Who was merged is found as whom they are now, by what their own record said.
            select identity.survivor_of(r.id) as id, min(r.given_folded) as given_folded,
                bool_or(r.family_folded = in_family and r.birth_date = in_birth_date
                    and (in_given = '' or r.given_folded = in_given
                         or r.given_keys[1] = in_given)) as exact
            from public.identity_resident r
            where r.search_keys && in_keys
              and (in_given = '' or r.given_folded = in_given
                   or r.given_keys && in_given_variants
                   or (length(in_given) > 1 and exists (
                       select from unnest(r.given_folded || r.given_keys) as name
                       where starts_with(name, in_given))))
              and (in_sex = '' or r.sex in (in_sex, 'unknown'))
            group by 1
        ) fits
        where access.may_know_of(fits.id, in_organisation)
          and (fits.exact or not exists (
              select from consent.refusals(fits.id, statement_timestamp()) c
              where c.kind = 'connect-care'))
          and (in_postcode = '' or (
              access.place_may_be_shown(fits.id) and exists (
                  select from public.identity_residentplace p,
                      lateral (select upper(regexp_replace(p.postcode, '\s', '', 'g'))) as held(code)
                  where p.resident_id = fits.id
                    and in_postcode in (held.code, left(held.code, -3)))))
        order by fits.exact desc, fits.given_folded, fits.id
        limit in_limit + 1) as found
$$;

-- How many searches a staff member has made within a time, as far as a limit: no more are counted.
create function access.searches_since(in_staff bigint, in_within interval, in_limit integer)
returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select count(*)::integer from (
        select from public.audit_event e
        where e.staff_id = in_staff and e.action = 'search' and e.outcome = 'done'
          and e.at > clock_timestamp() - in_within
        limit in_limit) as made
$$;

-- Searches, writes the event with everyone found, and glimpses them. The outcome is 'found' (with
-- nobody, or up to in_limit residents), 'too-many' (more than in_limit: none are told),
-- 'too-often-in-a-minute' and '-in-an-hour' (as many as one person may make) or 'refused'. Whoever
-- searches waits for their own other searches to be done, so that many at once cannot pass
-- uncounted.
create function access.search_residents(
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
        when access.searches_since(in_staff, interval '1 minute', in_per_minute) >= in_per_minute
            then 'too-often-in-a-minute'
        when access.searches_since(in_staff, interval '1 hour', in_per_hour) >= in_per_hour
            then 'too-often-in-an-hour'
        end;
    if limited is not null then
        perform audit.record('search', 'refused', limited, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return query select limited, '{}'::bigint[];
        return;
    end if;
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

revoke all on function access.number_may_be_shown(bigint, bigint),
    access.place_may_be_shown(bigint), access.residents_by_number(text, bigint),
    access.residents_by_name(text[], text, date, text, text[], text, text, bigint, integer),
    access.searches_since(bigint, interval, integer) from public;
revoke all on function access.search_residents(bigint, bigint, uuid, text, text[], text, date,
    text, text[], text, text, integer, integer, integer) from public;
grant execute on function access.search_residents(bigint, bigint, uuid, text, text[], text, date,
    text, text[], text, text, integer, integer, integer) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
