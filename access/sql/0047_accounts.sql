-- What a resident is told of who looked, the questions that they ask of it, and the lines that are
-- held until an officer has decided. Written and read through these functions alone.

revoke all on access_account from connectcare_web;
revoke insert, update, delete on access_account from connectcare_pipeline;
grant select, insert on access_account to connectcare_gate;
grant usage on sequence access_account_id_seq to connectcare_gate;
grant update (owner_id) on access_alert to connectcare_gate;
insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('access_account', 'resident_id', 'stays', '[]', 'Asked for everyone who is one person.');
create trigger accounts_are_only_added before update or delete on access_account
    for each row execute function audit.refuse_change();

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

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

-- Compares who somebody says that they are, and only where it agrees begins an account of who
-- looked in the days before. Answers what came of it, and the account.
create function access.begin_account(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_family text,
    in_given text, in_birth_date date, in_number text, in_postcode text, in_phone text,
    in_days integer, in_reference text)
returns table (answer text, account uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    compared text;
    made uuid;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'tell-who-looked' = any (asker.activities) then
        return query select 'differs', null::uuid;
        return;
    end if;
    compared := access.check_identity(in_staff, in_membership, in_request, in_resident, in_family,
        in_given, in_birth_date, in_number, in_postcode, in_phone);
    if compared = 'agrees' then
        insert into public.access_account (
            reference, resident_id, membership_id, organisation_id, since, until)
        select in_reference, r.id, in_membership, asker.organisation_id,
            statement_timestamp() - make_interval(days => in_days), statement_timestamp()
        from public.identity_resident r where r.public_id = in_resident
        returning public_id into made;
    end if;
    return query select compared, made;
end $$;

-- An account that this organisation made within a month, for whoever may tell residents. Never
-- called from outside.
create function access.account_for(in_staff bigint, in_membership bigint, in_account uuid)
returns public.access_account
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select a.* from public.access_account a
    join access.membership_in_force(in_staff, in_membership) asker
        on asker.organisation_id = a.organisation_id
    where a.public_id = in_account and 'tell-who-looked' = any (asker.activities)
      and a.until > statement_timestamp() - interval '31 days'
      and access.may_know_of(identity.survivor_of(a.resident_id), asker.organisation_id)
$$;

-- All lines of an account, of every organisation, without anybody's name; what was asked and
-- decided of lines; the resident glimpsed; and its event. NULL: none, or not theirs.
create function access.read_account(
    in_staff bigint, in_membership bigint, in_account uuid, in_limit integer, in_how text,
    in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found public.access_account;
    whose bigint;
    answer jsonb;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    found := access.account_for(in_staff, in_membership, in_account);
    if found.id is null then
        perform audit.record('account-made', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    whose := identity.survivor_of(found.resident_id);
    answer := access.looks_between(array(select identity.same_person(whose)), null, null, true,
        found.since, found.until, in_limit, 0);
    perform access.glimpse_of_alerts(array[whose]);
    perform audit.record('account-made', 'done', in_how, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whose, null, null, in_request, jsonb_build_object(
            'account', found.id, 'reference', found.reference, 'since', found.since,
            'until', found.until));
    return answer || jsonb_build_object(
        'resident', whose, 'reference', found.reference, 'since', found.since,
        'until', found.until,
        'protection', (select r.protection from public.identity_resident r where r.id = whose),
        'lines', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'line', a.look, 'kind', a.kind, 'reference', a.reference, 'outcome', a.outcome,
                'due', a.due, 'closed', a.closed, 'answer', case when a.outcome = 'answered' then
                    (select v.words from public.access_alertreview v where v.alert_id = a.id
                     order by v.at desc, v.id desc limit 1) end) order by a.raised, a.id), '[]')
            from public.access_alert a
            where a.resident_id in (select identity.same_person(whose))
              and a.kind in ('question', 'held-line')));
end $$;

-- A resident's question about a line of their account, or a line that is held from it: a case for
-- the officers of whose staff looked. Answers its reference and when an answer is due; of a line
-- that is held already, the one that there is. NULL: no such line, or not theirs.
create function access.raise_of_account(
    in_staff bigint, in_membership bigint, in_account uuid, in_kind text, in_line uuid,
    in_words text, in_rule text, in_due date, in_reference text, in_request uuid)
returns table (alert bigint, reference text, due date)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found public.access_account;
    looked record;
    whose bigint;
    made bigint;
begin
    if in_kind not in ('question', 'held-line') then
        raise exception 'an account has questions and lines that are held'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    found := access.account_for(in_staff, in_membership, in_account);
    whose := identity.survivor_of(found.resident_id);
    select m.id as membership_id, m.organisation_id into looked
    from public.audit_event e
    join public.organisations_membership m on m.id = e.membership_id
    where e.at >= found.since and e.at < found.until and in_line in (e.look, e.public_id)
      and (e.resident_id in (select identity.same_person(whose))
           or e.residents && array(select identity.same_person(whose)))
    order by e.id limit 1;
    if looked.membership_id is null then
        return;
    end if;
    if in_kind = 'held-line' then
        -- Two tellings at once hold it once.
        perform pg_advisory_xact_lock(hashtextextended('access held line', whose));
        select a.id into made from public.access_alert a
        where a.kind = 'held-line' and a.look = in_line
          and a.resident_id in (select identity.same_person(whose));
        if made is not null then
            return;
        end if;
    end if;
    insert into public.access_alert (
        reference, kind, organisation_id, membership_id, resident_id, look, rule, asked, due,
        raised, outcome)
    values (in_reference, in_kind, looked.organisation_id, looked.membership_id, whose, in_line,
        in_rule, btrim(in_words), in_due, statement_timestamp(), '')
    returning id into made;
    perform audit.record('case-raised', 'done', in_kind, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whose, null, null, in_request, jsonb_build_object(
            'alert', made, 'reference', in_reference, 'account', found.id, 'line', in_line));
    return query select made, in_reference, in_due;
end $$;

-- As before, with what was asked or found of a line, and whose case it is.
create or replace function access.alert_as_json(in_alert bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', a.public_id, 'reference', a.reference, 'kind', a.kind, 'raised', a.raised,
        'resident', a.resident_id, 'protection', coalesce(p.protection, 'U'),
        'outcome', a.outcome, 'closed', a.closed, 'notified', a.notified, 'staff', s.id,
        'staff_name', s.name, 'role', r.name, 'team', coalesce(t.name, ''),
        'reason', coalesce(g.reason, c.reason),
        'words', coalesce(g.words, c.words, nullif(a.asked, ''), ''),
        'opened_by', c.kind, 'until', coalesce(g.ended_at, g.ends_at, c.valid_until),
        'searching', a.searching, 'rule', a.rule, 'found', a.found, 'due', a.due,
        'escalated', a.escalated, 'owner', coalesce(of.name, ''))
    from public.access_alert a
    left join public.identity_resident p on p.id = a.resident_id
    join public.organisations_membership m on m.id = a.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    left join public.access_brokenglass g on g.id = a.glass_id
    left join public.access_carerelationship c on c.id = a.relationship_id
    left join public.organisations_membership om on om.id = a.owner_id
    left join public.organisations_staffmember of on of.id = om.staff_id
    where a.id = in_alert
$$;

-- As before; a question is answered, a line that is held is told or kept back, and whoever looks
-- into a case owns it. 'other-outcome': not one of this kind's.
create or replace function access.review_alert(
    in_staff bigint, in_membership bigint, in_alert uuid, in_outcome text, in_words text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer text;
begin
    if in_outcome not in ('correct', 'not-correct', 'investigate', 'escalate', 'answered', 'told',
                          'kept-back')
       or length(btrim(in_words)) = 0 then
        raise exception 'a review has one of the outcomes, and words'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select a.*, m.staff_id into found from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    where a.public_id = in_alert and a.organisation_id = asker.organisation_id
    for update of a;
    answer := case
        when found.id is null or not 'review-alerts' = any (asker.activities) then 'not-known'
        when found.staff_id = in_staff then 'own'
        when found.closed is not null then 'closed'
        when in_outcome in ('correct', 'not-correct') and found.kind in ('question', 'held-line')
          or in_outcome = 'answered' and found.kind <> 'question'
          or in_outcome in ('told', 'kept-back') and found.kind <> 'held-line'
            then 'other-outcome'
        else 'reviewed' end;
    if answer = 'reviewed' then
        insert into public.access_alertreview (alert_id, outcome, words, membership_id)
        values (found.id, in_outcome, btrim(in_words), in_membership);
        update public.access_alert set outcome = in_outcome, owner_id = in_membership,
            closed = case when in_outcome = 'investigate' then null else statement_timestamp() end
        where id = found.id;
    end if;
    perform audit.record('alert-reviewed',
        case answer when 'reviewed' then 'done' else 'refused' end,
        case answer when 'reviewed' then in_outcome else answer end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, found.resident_id, null, null, in_request,
        jsonb_build_object('alert', found.id, 'reference', found.reference));
    return answer;
end $$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'begin_account', 'account_for', 'read_account', 'raise_of_account') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name <> 'account_for' then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
