-- Lines that an officer holds from a resident's account, and releases again.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Holds one line of who looked at a resident from their account: at once, and a case for the
-- officers of whose staff looked, another of whom decides. Of the reader's own organisation, or one
-- whose looks the reader is told of. Answers 'held' with the alert, 'already', 'own' (nobody hides
-- their own look), or 'not-known'.
create function access.hold_line(
    in_staff bigint, in_membership bigint, in_resident uuid, in_line uuid, in_words text,
    in_reference text, in_request uuid)
returns table (outcome text, alert_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    looked record;
    whose bigint;
    answer text;
    made bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into whose from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id)
      and array['read-audit', 'review-alerts'] <@ asker.activities;
    select m.id as membership_id, m.organisation_id, m.staff_id into looked
    from public.audit_event e
    join public.organisations_membership m on m.id = e.membership_id
    join public.organisations_organisation o on o.id = m.organisation_id
    where in_line in (e.look, e.public_id)
      and (e.resident_id in (select identity.same_person(whose))
           or e.residents && array(select identity.same_person(whose)))
      and (o.id = asker.organisation_id or o.kind <> 'adult_social_care')
    order by e.id limit 1;
    -- Two officers at once hold it once.
    perform pg_advisory_xact_lock(hashtextextended('access held line', whose));
    answer := case
        when whose is null or looked.membership_id is null then 'not-known'
        when looked.staff_id = in_staff then 'own'
        when exists (
            select from public.access_alert a
            where a.kind = 'held-line' and a.look = in_line and a.outcome <> 'told'
              and a.resident_id in (select identity.same_person(whose))) then 'already'
        else 'held' end;
    if answer = 'held' then
        insert into public.access_alert (
            reference, kind, organisation_id, membership_id, resident_id, look, rule, asked, raised,
            outcome)
        values (in_reference, 'held-line', looked.organisation_id, looked.membership_id, whose,
            in_line, 'by-officer', btrim(in_words), statement_timestamp(), 'held')
        returning id into made;
        insert into public.access_alertreview (alert_id, outcome, words, membership_id)
        values (made, 'held', btrim(in_words), in_membership);
    end if;
    perform audit.record('case-raised', case answer when 'held' then 'done' else 'refused' end,
        case answer when 'held' then 'held-line' else answer end, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whose, null, null, in_request, jsonb_build_object(
            'alert', made, 'reference', in_reference, 'line', in_line));
    return query select answer, made;
end $$;

-- Releases a line that was kept back: it is told from now on. An act of its own, by an officer of
-- whose staff looked and not by who looked. Answers 'released' or why not.
create function access.release_line(
    in_staff bigint, in_membership bigint, in_alert uuid, in_words text, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select a.*, m.staff_id into found from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    where a.public_id = in_alert and a.organisation_id = asker.organisation_id
      and a.kind = 'held-line'
    for update of a;
    answer := case
        when found.id is null or not 'review-alerts' = any (asker.activities) then 'not-known'
        when found.staff_id = in_staff then 'own'
        when found.outcome <> 'kept-back' then 'not-kept-back'
        else 'released' end;
    if answer = 'released' then
        insert into public.access_alertreview (alert_id, outcome, words, membership_id)
        values (found.id, 'told', btrim(in_words), in_membership);
        update public.access_alert set outcome = 'told', closed = statement_timestamp()
        where id = found.id;
    end if;
    perform audit.record('alert-reviewed',
        case answer when 'released' then 'done' else 'refused' end, answer, in_staff,
        asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, found.resident_id, null, null, in_request,
        jsonb_build_object('alert', found.id, 'reference', found.reference));
    return answer;
end $$;

-- As before; whoever held a line does not decide by themselves that it is kept back ('own-hold').
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
        when in_outcome = 'kept-back' and exists (
            select from public.access_alertreview v
            join public.organisations_membership held on held.id = v.membership_id
            where v.alert_id = found.id and v.outcome = 'held' and held.staff_id = in_staff)
            then 'own-hold'
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
    for f in select p.oid::regprocedure as signature
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in ('hold_line', 'release_line') loop
        execute format('revoke all on function %s from public', f.signature);
        execute format('grant execute on function %s to connectcare_web', f.signature);
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
