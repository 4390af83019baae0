-- Referrals on leaving hospital: the gate's functions alone read and write them.
--
-- The web's login reaches neither table. Each function asks live, at its own statement, whether
-- the reader's side may follow the referral: an opt-out that commits while a page is made takes it
-- away (docs/adr/0028).

revoke all on discharge_referral, discharge_referralstep from connectcare_web;
revoke insert, update, delete on discharge_referral, discharge_referralstep
    from connectcare_pipeline;
grant select, insert on discharge_referral, discharge_referralstep to connectcare_gate;
grant update (resident_id, stands, latest, until) on discharge_referral to connectcare_gate;
grant usage on sequence discharge_referral_id_seq, discharge_referralstep_id_seq
    to connectcare_gate;
grant update (valid_until) on access_carerelationship to connectcare_gate;
create policy gate_follows_referrals on access_carerelationship for insert to connectcare_gate
    with check (not from_feeds);

do $$
declare
    walled text;
begin
    foreach walled in array array['discharge_referral', 'discharge_referralstep'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format(
            'create policy gate on %I to connectcare_gate using (true) with check (true)', walled);
    end loop;
end $$;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('discharge_referral', 'resident_id', 'moves', '[]', 'It was sent for the one person.');

create trigger nothing_new_is_merged_away_on_insert after insert on discharge_referral
    referencing new table as changed
    for each statement execute function identity.refuse_merged_away();
create trigger nothing_new_is_merged_away_on_update after update on discharge_referral
    referencing old table as before_change new table as changed
    for each statement execute function identity.refuse_merged_away();

create trigger steps_are_only_added before update or delete on discharge_referralstep
    for each row execute function audit.refuse_change();
create trigger referrals_are_never_deleted before delete on discharge_referral
    for each row execute function audit.refuse_change();

-- Who takes a step is of the side whose step it is.
alter table discharge_referralstep
    add column of_sender bigint generated always as (
        case when step in ('sent', 'updated', 'withdrawn') then organisation_id end) stored,
    add column of_recipient bigint generated always as (
        case when step in ('acknowledged', 'declined') then organisation_id end) stored,
    add constraint step_of_sender foreign key (referral_id, of_sender)
        references discharge_referral (id, sender_id),
    add constraint step_of_recipient foreign key (referral_id, of_recipient)
        references discharge_referral (id, recipient_id),
    add constraint step_follows_its_own_referral
        foreign key (referral_id, follows_number, follows_step)
        references discharge_referralstep (referral_id, number, step);

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Where a referral stands is what its latest step says, and its care relationship ends with it.
create function access.referral_stands() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.discharge_referral r
    set stands = new.step, latest = new.at, until = new.until
    where r.id = new.referral_id;
    update public.access_carerelationship c
    set valid_until = greatest(new.until, c.valid_from)
    from public.discharge_referral r
    where r.id = new.referral_id and not c.from_feeds
      and c.organisation_id = r.recipient_id and c.evidence = 'referral ' || r.reference;
    return null;
end $$;

create function access.only_as_its_steps_say() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (to_jsonb(old) - array['resident_id', 'stands', 'latest', 'until'])
       = (to_jsonb(new) - array['resident_id', 'stands', 'latest', 'until'])
       and exists (
           select from public.discharge_referralstep s
           where s.referral_id = new.id and (s.step, s.at, s.until)
                 = (new.stands, new.latest, new.until)
             and not exists (select from public.discharge_referralstep later
                             where later.referral_id = new.id and later.number > s.number))
    then
        return new;
    end if;
    raise exception 'a referral is not changed: % is refused', tg_op
        using errcode = 'insufficient_privilege', hint = 'Take the next step instead.';
end $$;

-- On which side of a referral a membership stands: 'sender' for the ward's organisation,
-- 'recipient' for the team that it went to; NULL for everybody else.
create function access.referral_side(
    in_referral bigint, in_organisation bigint, in_team bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case when r.recipient_id = in_organisation and r.recipient_team_id = in_team
                then 'recipient'
                when r.sender_id = in_organisation then 'sender' end
    from public.discharge_referral r where r.id = in_referral
$$;

-- Whether a list or a page that a decision let show a resident may still do so, at this statement:
-- nothing that the decision stood on has changed, and no choice withholds the record from the
-- reader's organisation.
create function access.still_stands(
    in_resident bigint, in_organisation bigint, in_resident_epoch bigint, in_rules_epoch bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.identity_residentepoch e
        join public.organisations_rulesepoch rules on rules.epoch = in_rules_epoch
        where e.resident_id = in_resident and e.epoch = in_resident_epoch
          and current_setting('transaction_isolation') = 'read committed')
    and not exists (
        select from consent.refusals(in_resident, statement_timestamp()) r
        where r.kind = 'connect-care'
           or (r.kind = 'nhs-number' and r.council_id = in_organisation))
$$;

create function access.referral_as_json(in_referral bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', r.public_id, 'reference', r.reference, 'resident', r.resident_id,
        'protection', p.protection, 'stands', r.stands, 'latest', r.latest, 'until', r.until,
        'sender', sender.name, 'sender_kind', sender.kind,
        'sender_team', coalesce(sender_team.name, ''),
        'recipient', recipient.name, 'recipient_kind', recipient.kind,
        'recipient_team', team.name, 'team_phone', team.phone,
        'duty_phone', recipient.duty_phone, 'out_of_hours_phone', recipient.out_of_hours_phone,
        'steps', (
            select jsonb_agg(jsonb_build_object(
                'number', s.number, 'step', s.step, 'at', s.at, 'by', staff.name,
                'role', role.name, 'expected', s.expected, 'needs', s.needs, 'phone', s.phone,
                'told', s.told, 'because', s.because) order by s.number)
            from public.discharge_referralstep s
            join public.organisations_membership m on m.id = s.membership_id
            join public.organisations_staffmember staff on staff.id = m.staff_id
            join public.organisations_role role on role.id = m.role_id
            where s.referral_id = r.id))
    from public.discharge_referral r
    join public.identity_resident p on p.id = r.resident_id
    join public.organisations_organisation sender on sender.id = r.sender_id
    left join public.organisations_team sender_team on sender_team.id = r.sender_team_id
    join public.organisations_organisation recipient on recipient.id = r.recipient_id
    join public.organisations_team team on team.id = r.recipient_team_id
    where r.id = in_referral
$$;

-- Sends a referral: the row, its first step, the team's care relationship, and the event. Answers
-- 'sent' with its id, or why not. The epochs are those of the decision by which the record opens
-- to whoever sends it. Sent twice by one form, it is sent once.
create function access.send_referral(
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
        when not access.still_stands(
            whom.id, asker.organisation_id, in_resident_epoch, in_rules_epoch) then 'changed'
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

-- Takes the next step of a referral: the ward updates or withdraws, the team acknowledges or
-- declines. in_after is the number of the latest step that the page showed: where another one came
-- meanwhile, nothing is done. Answers 'done' or why not.
create function access.follow_referral(
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
             or not access.still_stands(found.resident_id, asker.organisation_id,
                                        in_resident_epoch, in_rules_epoch) then 'not-known'
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

-- Which referrals a membership's team has to do with: those to it, and those that it sent, open or
-- heard of within in_since. Ids alone: who they are about is shown by access.read_referrals.
create function access.referrals_of_team(
    in_staff bigint, in_membership bigint, in_since interval, in_limit integer)
returns table (referral uuid, resident uuid, latest timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.public_id, p.public_id, r.latest
    from access.membership_in_force(in_staff, in_membership) m
    join public.discharge_referral r on (
        r.recipient_id = m.organisation_id and r.recipient_team_id = m.team_id)
        or (r.sender_id = m.organisation_id and r.sender_team_id is not distinct from m.team_id)
    join public.identity_resident p on p.id = r.resident_id
    where 'read-records' = any (m.activities)
      and (r.until > statement_timestamp() or r.latest > statement_timestamp() - in_since)
    order by r.stands in ('sent', 'updated') desc, r.latest desc, r.id desc
    limit in_limit
$$;

-- Whom a referral is about, by the id that pages show, for the decision; NULL for who is on
-- neither side.
create function access.resident_of_referral(
    in_staff bigint, in_membership bigint, in_referral uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.public_id
    from access.membership_in_force(in_staff, in_membership) m
    join public.discharge_referral r on r.public_id = in_referral
    join public.identity_resident p on p.id = r.resident_id
    where 'read-records' = any (m.activities)
      and access.referral_side(r.id, m.organisation_id, m.team_id) is not null
$$;

-- These referrals with all their steps, for the sides that they are between. Each comes only where
-- the decision about its resident still stands, and its resident is glimpsed by name and number.
-- in_epochs has the epoch of each decision by the resident's id. One event names everyone shown.
create function access.read_referrals(
    in_staff bigint, in_membership bigint, in_referrals uuid[], in_epochs jsonb,
    in_rules_epoch bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    whose bigint[];
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
      and access.may_know_of(r.resident_id, asker.organisation_id)
      and access.still_stands(r.resident_id, asker.organisation_id,
                              (in_epochs ->> p.public_id::text)::bigint, in_rules_epoch);
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false, true, false from unnest(whose) as id;
    perform audit.record('referrals-read', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request,
        jsonb_build_object('referrals', to_jsonb(coalesce(shown, '{}'))));
    return coalesce((
        select jsonb_agg(
            access.referral_as_json(r.id) || jsonb_build_object(
                'side', access.referral_side(r.id, asker.organisation_id, asker.team_id))
            order by r.stands in ('sent', 'updated') desc, r.latest desc, r.id desc)
        from public.discharge_referral r where r.id = any (shown)), '[]');
end $$;

-- The referrals of the record that this transaction opened, for the reader's side of them.
create function access.referrals_of_open_record(in_staff bigint, in_membership bigint)
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(jsonb_agg(
        access.referral_as_json(r.id) || jsonb_build_object(
            'side', access.referral_side(r.id, m.organisation_id, m.team_id))
        order by r.latest desc, r.id desc), '[]')
    from access.membership_in_force(in_staff, in_membership) m
    join public.discharge_referral r
        on r.resident_id = (select access.opened_resident())
    where access.referral_side(r.id, m.organisation_id, m.team_id) is not null
      and access.still_open()
$$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'referral_stands', 'only_as_its_steps_say', 'referral_side', 'still_stands',
                 'referral_as_json', 'send_referral', 'follow_referral', 'referrals_of_team',
                 'resident_of_referral', 'read_referrals', 'referrals_of_open_record') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name in ('send_referral', 'follow_referral', 'referrals_of_team',
                      'resident_of_referral', 'read_referrals', 'referrals_of_open_record') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        elsif f.name in ('referral_stands', 'only_as_its_steps_say') then
            execute format('grant execute on function %s to connectcare_owner', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;

create trigger referral_stands_as_its_steps_say after insert on discharge_referralstep
    for each row execute function access.referral_stands();
create trigger referrals_are_only_followed before update on discharge_referral
    for each row execute function access.only_as_its_steps_say();
