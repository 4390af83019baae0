-- No choice takes a referral from its sides: it is the ward's own word (docs/adr/0028).
--
-- Each function still asks at its own statement who the reader is, on which side, and whether what
-- was decided about the resident stands. Where a choice withholds the record, a care relationship
-- in force lets the referral be followed, and nothing is said but what the ward wrote and whom it
-- named.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether nothing that a decision stood on has changed.
create function access.stands_unchanged(
    in_resident bigint, in_resident_epoch bigint, in_rules_epoch bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.identity_residentepoch e
        join public.organisations_rulesepoch rules on rules.epoch = in_rules_epoch
        where e.resident_id = in_resident and e.epoch = in_resident_epoch
          and current_setting('transaction_isolation') = 'read committed')
$$;

-- Whether a choice in force withholds the whole record from an organisation.
create function access.is_withheld_from(in_resident bigint, in_organisation bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from consent.refusals(in_resident, statement_timestamp()) r
        where r.kind = 'connect-care'
           or (r.kind = 'nhs-number' and r.council_id = in_organisation))
$$;

-- As before: whether a list or a page that a decision let show a resident may still do so.
create or replace function access.still_stands(
    in_resident bigint, in_organisation bigint, in_resident_epoch bigint, in_rules_epoch bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select access.stands_unchanged(in_resident, in_resident_epoch, in_rules_epoch)
       and not access.is_withheld_from(in_resident, in_organisation)
$$;

-- Whether a membership may follow a referral of a resident, at this statement: where the record
-- opens to it, and where a choice withholds the record and a care relationship is in force.
create function access.may_follow_referral(
    in_staff bigint, in_membership bigint, in_resident bigint, in_organisation bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select access.may_know_of(in_resident, in_organisation)
       and (not access.is_withheld_from(in_resident, in_organisation)
            or access.has_relationship(in_staff, in_membership, in_resident, false))
$$;

-- As before, whatever the resident has chosen.
create or replace function access.send_referral(
    in_staff bigint, in_membership bigint, in_resident uuid, in_resident_epoch bigint,
    in_rules_epoch bigint, in_team bigint, in_expected date, in_needs text, in_phone text,
    in_told text, in_lasts interval, in_reference text, in_submission uuid, in_request uuid)
returns table (outcome text, referral uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    whom record;
    team record;
    made bigint;
    made_id uuid;
    refused text;
begin
    if in_lasts <= interval '0' or in_lasts > interval '90 days' then
        raise exception 'a referral is open for more than nothing and at most 90 days'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id, r.protection into whom from public.identity_resident r
    where r.public_id = in_resident;
    perform pg_advisory_xact_lock(hashtextextended('discharge referral', whom.id));
    select r.public_id into made_id from public.discharge_referralstep s
    join public.discharge_referral r on r.id = s.referral_id
    where s.submission = in_submission and s.membership_id = in_membership;
    if made_id is not null then
        return query select 'sent', made_id;
        return;
    end if;
    select t.id, t.organisation_id into team from public.organisations_team t
    join public.organisations_organisation o on o.id = t.organisation_id
    where t.id = in_team and o.kind = 'adult_social_care'
      and t.state = 'active' and t.valid_from <= statement_timestamp()
      and (t.valid_until is null or t.valid_until > statement_timestamp())
      and o.state = 'active' and o.valid_from <= statement_timestamp()
      and (o.valid_until is null or o.valid_until > statement_timestamp());
    refused := case
        when asker is null or not 'read-records' = any (asker.activities)
             or asker.organisation_kind <> 'nhs_trust' then 'activity-not-in-role'
        when whom.id is null or not access.may_know_of(whom.id, asker.organisation_id)
            then 'not-known'
        when not access.has_relationship(in_staff, in_membership, whom.id, false)
            then 'no-relationship'
        when not access.stands_unchanged(whom.id, in_resident_epoch, in_rules_epoch)
            then 'changed'
        when whom.protection <> 'U' then 'protected'
        when team.id is null then 'no-such-team'
        when exists (
            select from public.discharge_referral r
            where r.resident_id in (select identity.same_person(whom.id))
              and r.sender_id = asker.organisation_id and r.recipient_id = team.organisation_id
              and r.until > statement_timestamp()) then 'open-already' end;
    if refused is not null then
        perform audit.record('referral-sent', 'refused', refused, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            whom.id, null, null, in_request, null);
        return query select refused, null::uuid;
        return;
    end if;
    insert into public.discharge_referral (
        reference, resident_id, sender_id, sender_team_id, recipient_id, recipient_team_id,
        begun, latest, until)
    values (in_reference, whom.id, asker.organisation_id, asker.team_id, team.organisation_id,
        team.id, statement_timestamp(), statement_timestamp(), statement_timestamp() + in_lasts)
    returning id, public_id into made, made_id;
    insert into public.access_carerelationship (
        resident_id, organisation_id, team_id, kind, evidence, valid_from, valid_until, derived,
        from_feeds, reason, words)
    values (whom.id, team.organisation_id, team.id, 'discharge-referral',
        'referral ' || in_reference, statement_timestamp(), statement_timestamp() + in_lasts,
        true, false, '', '');
    insert into public.discharge_referralstep (
        referral_id, number, step, organisation_id, membership_id, at, until, submission, expected,
        needs, phone, told, because)
    values (made, 1, 'sent', asker.organisation_id, in_membership, statement_timestamp(),
        statement_timestamp() + in_lasts, in_submission, in_expected, btrim(in_needs),
        btrim(in_phone), in_told, '');
    perform audit.record('referral-sent', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whom.id, null, null, in_request,
        jsonb_build_object('referral', made, 'reference', in_reference, 'team', team.id));
    return query select 'sent', made_id;
end $$;

-- As before, whatever the resident has chosen; what changed under the page is said as that.
create or replace function access.follow_referral(
    in_staff bigint, in_membership bigint, in_referral uuid, in_resident_epoch bigint,
    in_rules_epoch bigint, in_step text, in_after integer, in_expected date, in_needs text,
    in_phone text, in_told text, in_because text, in_lasts interval, in_submission uuid,
    in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    last record;
    side text;
    ends boolean := in_step in ('declined', 'withdrawn');
    answer text;
begin
    if in_lasts <= interval '0' or in_lasts > interval '90 days' then
        raise exception 'a referral is open for more than nothing and at most 90 days'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.* into found from public.discharge_referral r
    where r.public_id = in_referral for update;
    select s.* into last from public.discharge_referralstep s
    where s.referral_id = found.id order by s.number desc limit 1;
    side := access.referral_side(found.id, asker.organisation_id, asker.team_id);
    if exists (select from public.discharge_referralstep s
               where s.submission = in_submission and s.referral_id = found.id
                 and s.membership_id = in_membership) then
        return 'done';
    end if;
    answer := case
        when found.id is null or side is null or not 'read-records' = any (asker.activities)
             or not access.may_follow_referral(
                 in_staff, in_membership, found.resident_id, asker.organisation_id)
            then 'not-known'
        when not access.stands_unchanged(
            found.resident_id, in_resident_epoch, in_rules_epoch) then 'changed'
        when (in_step in ('updated', 'withdrawn')) <> (side = 'sender')
             or in_step not in ('updated', 'withdrawn', 'acknowledged', 'declined')
            then 'other-side'
        when in_step = 'updated' and exists (
            select from public.identity_resident p
            where p.id = found.resident_id and p.protection <> 'U') then 'protected'
        when last.number <> in_after then 'changed'
        when found.until <= statement_timestamp()
             or (last.step = 'acknowledged' and side = 'recipient') then 'over'
        else 'done' end;
    if answer = 'done' then
        insert into public.discharge_referralstep (
            referral_id, number, step, follows_number, follows_step, organisation_id,
            membership_id, at, until, submission, expected, needs, phone, told, because)
        values (found.id, last.number + 1, in_step, last.number, last.step,
            asker.organisation_id, in_membership, statement_timestamp(),
            statement_timestamp() + case when ends then interval '0' else in_lasts end,
            in_submission, in_expected, btrim(in_needs), btrim(in_phone), in_told, in_because);
    end if;
    perform audit.record('referral-followed',
        case answer when 'done' then 'done' else 'refused' end,
        case answer when 'done' then in_step else answer end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, found.resident_id, null, null, in_request,
        jsonb_build_object('referral', found.id, 'reference', found.reference));
    return answer;
end $$;

-- As before, whatever the resident has chosen. 'closed' says that a choice withholds the record from
-- the reader's organisation: then the NHS number is not glimpsed.
create or replace function access.read_referrals(
    in_staff bigint, in_membership bigint, in_referrals uuid[], in_epochs jsonb,
    in_rules_epoch bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    whose bigint[];
    closed bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'read-records' = any (asker.activities) then
        perform audit.record('referrals-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return '[]';
    end if;
    select array_agg(r.id), array_agg(distinct r.resident_id) into shown, whose
    from public.discharge_referral r
    join public.identity_resident p on p.id = r.resident_id
    where r.public_id = any (in_referrals)
      and access.referral_side(r.id, asker.organisation_id, asker.team_id) is not null
      and access.may_follow_referral(
          in_staff, in_membership, r.resident_id, asker.organisation_id)
      and access.stands_unchanged(
          r.resident_id, (in_epochs ->> p.public_id::text)::bigint, in_rules_epoch);
    select coalesce(array_agg(id), '{}') into closed from unnest(whose) as id
    where access.is_withheld_from(id, asker.organisation_id);
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false, id <> all (closed), false from unnest(whose) as id;
    perform audit.record('referrals-read', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request,
        jsonb_build_object('referrals', to_jsonb(coalesce(shown, '{}'))));
    return coalesce((
        select jsonb_agg(
            access.referral_as_json(r.id) || jsonb_build_object(
                'side', access.referral_side(r.id, asker.organisation_id, asker.team_id),
                'closed', r.resident_id = any (closed))
            order by r.stands in ('sent', 'updated') desc, r.latest desc, r.id desc)
        from public.discharge_referral r where r.id = any (shown)), '[]');
end $$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'stands_unchanged', 'is_withheld_from', 'may_follow_referral') loop
        execute format('revoke all on function %s from public', f.signature);
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
