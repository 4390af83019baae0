-- What the pages about choices ask beyond a glimpse: who somebody is, whom to ask again, and what a
-- council may not see whose use of the NHS number is refused.

alter table consent_ruling enable row level security;
create policy glimpsed on consent_ruling for select to connectcare_web
    using (resident_id in (select access.glimpsed_with_choices()));
grant select on consent_ruling to connectcare_web;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The place is asked live: neither a protected resident's, nor one's who opted out meanwhile, nor
-- for staff of a council whose use of the NHS number they refused: it came by that number.
create or replace function access.glimpsed_with_place() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select g.resident_id from public.access_glimpse g
    join public.identity_resident r on r.id = g.resident_id and r.protection = 'U'
    left join public.organisations_membership m on m.id = g.membership_id
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
      and g.with_place
      and not exists (
          select from consent.refusals(g.resident_id, statement_timestamp()) c
          where c.kind = 'connect-care'
             or (c.kind = 'nhs-number' and c.council_id = m.organisation_id))
$$;

-- What counts of a resident's choices at a moment, as consent.counting has it: for the transaction
-- that glimpsed them with their choices, and for the pipeline.
create function access.choices_counting(in_resident bigint, in_at timestamptz)
returns table (person bigint, merge bigint, kind text, choice_id bigint, answer text, place bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select c.person, c.merge, c.kind, c.choice_id, c.answer, c.place
    from consent.counting(in_resident, in_at) c
    where session_user <> 'connectcare_web'
       or in_resident in (select access.glimpsed_with_choices())
$$;

-- Everyone who is one person with a resident, for the same two.
create function access.one_person(in_resident bigint) returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select together from identity.same_person(in_resident) together
    where session_user <> 'connectcare_web'
       or in_resident in (select access.glimpsed_with_choices())
$$;

-- As before; with what was linked by the number left out for a council that may not use it.
create or replace function access.glimpse_resident(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_activity text)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint;
begin
    if in_activity not in ('find-residents', 'read-records', 'record-choices') then
        raise exception 'no glimpse is given for this activity'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not in_activity = any (asker.activities) then
        perform audit.record('glimpse', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select r.id into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if found is null then
        perform audit.record('glimpse', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    insert into public.access_glimpse (
        began, resident_id, staff_id, membership_id, with_place, with_number, with_choices)
    values (transaction_timestamp(), found, in_staff, in_membership, true,
        access.number_may_be_shown(found, asker.organisation_id),
        in_activity = 'record-choices');
    perform audit.record('glimpse', 'done', in_activity, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found, null, null, in_request, null);
    return found;
end $$;

-- Whether all that somebody says of themselves is a resident's: 'agrees', 'differs' or 'too-often'.
-- Which part differs is never answered. Names are folded, the postcode too; the telephone number is
-- its last ten digits. The place of a protected resident counts for nothing.
create function access.check_identity(
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
        when asker is null or not 'record-choices' = any (asker.activities) then 'differs'
        when person.id is null then 'differs'
        when (select count(*) from public.audit_event e
              where e.staff_id = in_staff and e.resident_id = person.id
                and e.action = 'identity-checked' and e.reason = 'differs'
                and e.at > statement_timestamp() - interval '1 hour') >= 5 then 'too-often'
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
    perform audit.record('identity-checked',
        case answer when 'agrees' then 'done' else 'refused' end, answer,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, person.id, null, null, in_request,
        jsonb_build_object('identifiers', to_jsonb(given)));
    return answer;
end $$;

-- The choices that a parent made for somebody who is sixteen by now, and that nobody has followed:
-- of Connect Care those that this organisation recorded, and a council's own. With everyone named
-- in the audit, and glimpsed by name.
create function access.choices_to_ask_again(
    in_staff bigint, in_membership bigint, in_limit integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    due bigint[];
    whose bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'record-choices' = any (asker.activities) then
        perform audit.record('glimpse', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return '[]';
    end if;
    select array_agg(id), array_agg(distinct resident_id) into due, whose from (
        select c.id, c.resident_id from public.consent_choice c
        left join public.organisations_membership m on m.id = c.recorded_as_id
        where c.review_on <= (statement_timestamp() at time zone 'Europe/London')::date
          and c.answer in ('consents', 'refuses')
          and coalesce(c.council_id, m.organisation_id) = asker.organisation_id
          and access.may_know_of(c.resident_id, asker.organisation_id)
          and not exists (
              select from public.consent_choice later
              where later.resident_id = c.resident_id and later.kind = c.kind
                and later.council_id is not distinct from c.council_id and later.id > c.id
                and later.answer <> 'could-not-be-asked')
        order by c.review_on, c.id limit in_limit) as part;
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false, false, false from unnest(whose) as id;
    perform audit.record('glimpse', 'done', 'ask-again', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request, null);
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'resident', c.resident_id, 'kind', c.kind, 'answer', c.answer,
            'reference', c.reference, 'since', c.effective_from, 'due', c.review_on)
            order by c.review_on, c.id), '[]')
        from public.consent_choice c where c.id = any (due));
end $$;

revoke all on function access.choices_counting(bigint, timestamptz), access.one_person(bigint),
    access.check_identity(bigint, bigint, uuid, uuid, text, text, date, text, text, text),
    access.choices_to_ask_again(bigint, bigint, integer, uuid) from public;
grant execute on function access.choices_counting(bigint, timestamptz), access.one_person(bigint)
    to connectcare_web, connectcare_pipeline;
grant execute on function
    access.check_identity(bigint, bigint, uuid, uuid, text, text, date, text, text, text),
    access.choices_to_ask_again(bigint, bigint, integer, uuid) to connectcare_web;

reset role;
grant usage on schema access to connectcare_pipeline;
revoke create on schema access from connectcare_gate;
