-- A history that cannot have been is refused, and which refusals are in force is asked anew.
--
-- What one row says by itself is checked by the table's constraints (consent/models.py). Here is
-- what it says beside others: the recorder, the council, the resident's age, and what was said
-- before. After the insert, so that row security is asked first.

revoke all on consent_ruling, consent_publishednotice from connectcare_web;
revoke update, delete on consent_ruling from connectcare_pipeline;
grant select on consent_ruling, consent_publishednotice to connectcare_gate;
grant select, insert, update, delete on consent_choicedraft to connectcare_web;

alter table consent_ruling add constraint ruling_of_its_choice
    foreign key (choice_id, kind, resident_id)
    references consent_choice (id, kind, resident_id);

alter table consent_ruling enable row level security;
alter table consent_ruling force row level security;
create policy gate on consent_ruling for select to connectcare_gate using (true);

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('consent_ruling', 'resident_id', 'counts', '[]',
    'It stands with its choice, which is never changed.');

create trigger rulings_are_only_added before update or delete on consent_ruling
    for each row execute function audit.refuse_change();
create trigger rulings_are_never_emptied before truncate on consent_ruling
    for each statement execute function audit.refuse_change();
create trigger epoch_moves after insert on consent_ruling
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- The day in London on which something was recorded: ages are counted by it.
create function consent.day_of(in_at timestamptz) returns date
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (in_at at time zone 'Europe/London')::date
$$;

create function consent.check_choice() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    recorder record;
    other public.consent_choice;
    born date;
    years integer;
begin
    -- One after another, so that what is compared with is all there is.
    perform pg_advisory_xact_lock(hashtextextended('consent choice', new.resident_id));
    if new.council_id is not null and not exists (
        select from public.organisations_organisation o
        where o.id = new.council_id and o.kind = 'adult_social_care') then
        raise exception 'a choice about a council names one with adult social care'
            using errcode = 'check_violation', constraint = 'choice_council_is_a_council';
    end if;
    if new.recorded_as_id is not null then
        select m.staff_id, m.organisation_id into recorder
        from public.organisations_membership m where m.id = new.recorded_as_id;
        if recorder.staff_id is distinct from new.recorded_by_id
           or (new.council_id is not null and recorder.organisation_id <> new.council_id) then
            raise exception 'a choice is recorded by a staff member in a membership of their own, '
                'and one about a council by that council''s'
                using errcode = 'check_violation', constraint = 'choice_recorder_is_its_own';
        end if;
    end if;
    if cardinality(new.identity_checked)
       <> (select count(distinct each) from unnest(new.identity_checked) each) then
        raise exception 'an identifier is checked once'
            using errcode = 'check_violation', constraint = 'choice_of_one_who_was_known';
    end if;
    if new.recorded_at > clock_timestamp() or exists (
        select from public.consent_choice c
        where c.resident_id = new.resident_id and c.kind = new.kind and c.id <> new.id
          and c.council_id is not distinct from new.council_id
          and (c.id < new.id) <> (c.recorded_at <= new.recorded_at)
          and c.recorded_at <> new.recorded_at) then
        raise exception 'a choice follows what was recorded before it'
            using errcode = 'check_violation', constraint = 'choice_follows_in_order';
    end if;
    select r.birth_date into born from public.identity_resident r where r.id = new.resident_id;
    years := extract(year from age(consent.day_of(new.recorded_at), born));
    if (case new.decided_by
        when 'resident' then years < 16
        when 'competent-child' then years >= 16
        when 'parent' then years >= 16
        when 'deputy' then years < 16
        when 'best-interests' then years < 16
        when 'attorney' then years < 18
        end) then
        raise exception 'at this age the decision is somebody else''s'
            using errcode = 'check_violation', constraint = 'choice_decider_fits_age';
    end if;
    if new.decided_by = 'parent'
       and new.review_on is distinct from (born + interval '16 years')::date then
        raise exception 'a parent''s choice is asked again on the sixteenth birthday'
            using errcode = 'check_violation', constraint = 'choice_of_parent_is_reviewed';
    end if;
    if new.withdraws_id is not null then
        select * into other from public.consent_choice c where c.id = new.withdraws_id;
        if other.resident_id <> new.resident_id or other.kind <> new.kind
           or other.council_id is distinct from new.council_id
           or other.answer not in ('consents', 'refuses')
           or other.id >= new.id then
            raise exception 'an answer is taken back to the same question, and after it was given'
                using errcode = 'check_violation', constraint = 'choice_withdraws_an_answer';
        end if;
        if (new.withdrawn_because = 'in-error' and other.answer <> 'consents')
           or (new.withdrawn_because = 'not-verified' and not other.provisional) then
            raise exception 'without a decision only an agreement recorded by mistake, or a '
                'provisional opt-out, is taken back'
                using errcode = 'check_violation', constraint = 'choice_withdraws_safely';
        end if;
    end if;
    return null;
end $$;

create function consent.check_ruling() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (
        select from public.consent_choice c
        join public.consent_publishednotice n on n.id = new.notice_id
        where c.id = new.choice_id and c.answer = 'refuses'
          and new.kind = any (n.kinds_decided)
          and (c.council_id is null or c.council_id = n.organisation_id)
          and n.published <= c.recorded_at
          and (n.ended is null or n.ended > new.recorded_at)) then
        raise exception 'no published notice allows this objection to be decided not upheld'
            using errcode = 'check_violation', constraint = 'ruling_is_allowed_by_notice';
    end if;
    return null;
end $$;

-- Every answer that counts at a moment, of each set of identity.who_spoke, for each kind and
-- council; the one in force has place 1. It decides something, its time has come, nobody took it
-- back, and no ruling stands against it. Of two for one moment the refusal comes first. Not a
-- definer and without settings, so that PostgreSQL can expand it inline.
create function consent.counting(in_resident bigint, in_at timestamptz)
returns table (person bigint, merge bigint, kind text, council_id bigint, choice_id bigint,
    answer text, place bigint)
language sql stable as $$
    select w.person, w.merge, c.kind, c.council_id, c.id, c.answer,
        row_number() over (
            partition by w.person, w.merge, c.kind, c.council_id
            order by c.effective_from desc, (c.answer = 'refuses') desc, c.id desc)
    from identity.who_spoke(in_resident) w
    join public.consent_choice c on c.resident_id = w.speaker
        and c.recorded_at >= w.since and c.recorded_at < w.before
    where c.answer in ('consents', 'refuses')
      and c.effective_from <= in_at
      and not exists (
          select from public.consent_choice taking
          where taking.withdraws_id = c.id and taking.effective_from <= in_at)
      and not exists (
          select from public.consent_ruling ruling
          where ruling.choice_id = c.id and ruling.effective_from <= in_at)
$$;

-- The refusals of a resident that are in force at a moment: what any set refuses is refused. A
-- council that shares only after a yes, and has none in force, is refused its social care.
create or replace function consent.refusals(in_resident bigint, in_at timestamptz)
returns table (kind text, council_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct c.kind, c.council_id
    from consent.counting(in_resident, in_at) c
    where c.place = 1 and c.answer = 'refuses'
    union
    select 'social-care-sharing', o.id
    from public.organisations_organisation o
    where o.sharing_default = 'only-after-yes'
      and not exists (
          select from consent.counting(in_resident, in_at) c
          where c.place = 1 and c.kind = 'social-care-sharing' and c.council_id = o.id)
$$;

grant execute on function consent.check_choice(), consent.check_ruling() to connectcare_owner;
reset role;
revoke create on schema consent from connectcare_gate;

create trigger history_is_possible after insert on consent_choice
    for each row execute function consent.check_choice();
create trigger ruling_is_allowed after insert on consent_ruling
    for each row execute function consent.check_ruling();
