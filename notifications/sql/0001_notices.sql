-- Notices to teams: the gate's functions alone let the web read them.
--
-- The right to see is asked when they are read: a page decides about every resident of the list,
-- and access.read_notices asks at its own statement whether each decision still stands and whether
-- a choice withholds. docs/adr/0029.

revoke all on notifications_notice, notifications_noticeseen, notifications_noticesdue,
    notifications_teammail from connectcare_web;
revoke delete on notifications_notice from connectcare_pipeline;
revoke insert, update, delete on notifications_noticeseen from connectcare_pipeline;
grant select, insert on notifications_noticeseen to connectcare_gate;
grant select on notifications_notice to connectcare_gate;
grant update (resident_id) on notifications_notice to connectcare_gate;
grant insert, select on notifications_noticesdue to connectcare_gate;
grant insert, select, update on notifications_teammail to connectcare_gate;
grant usage on sequence notifications_noticeseen_id_seq, notifications_teammail_id_seq
    to connectcare_gate;

alter table notifications_notice enable row level security;
alter table notifications_notice force row level security;
create policy gate on notifications_notice to connectcare_gate using (true) with check (true);

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('notifications_notice', 'resident_id', 'moves', '[]', 'It befell the one person.'),
('notifications_noticesdue', 'resident_id', 'stays', '[]', 'A job; one is made for both.');

create trigger nothing_new_is_merged_away_on_insert after insert on notifications_notice
    referencing new table as changed
    for each statement execute function identity.refuse_merged_away();
create trigger nothing_new_is_merged_away_on_update after update on notifications_notice
    referencing old table as before_change new table as changed
    for each statement execute function identity.refuse_merged_away();

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Once relationships are derived, teams are known: then it is their turn to be told.
create function access.notices_are_due() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.notifications_noticesdue (resident_id)
    select distinct resident_id from changed order by resident_id
    on conflict (resident_id) do nothing;
    return null;
end $$;

create function access.notices_of_death_are_due() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.notifications_noticesdue (resident_id) values (new.id)
    on conflict (resident_id) do nothing;
    return null;
end $$;

create function access.mail_is_wanted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.notifications_teammail (organisation_id, team_id, wanted)
    select distinct c.organisation_id, c.team_id, statement_timestamp() from changed c
    order by 1, 2
    on conflict (organisation_id, team_id) do update set wanted = excluded.wanted;
    return null;
end $$;

-- A step of one side is news for the other.
create function access.mail_of_step_is_wanted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.notifications_teammail (organisation_id, team_id, wanted)
    select case when new.of_sender is not null then r.recipient_id else r.sender_id end,
        case when new.of_sender is not null then r.recipient_team_id else r.sender_team_id end,
        statement_timestamp()
    from public.discharge_referral r where r.id = new.referral_id
    on conflict (organisation_id, team_id) do update set wanted = excluded.wanted;
    return null;
end $$;

-- Whether a notice is a membership's to read: its team's, its practice's, or of a team of a trust
-- whose site the reader's team serves as a whole.
create function access.is_notice_of(
    in_notice bigint, in_organisation bigint, in_team bigint, in_whole_site boolean)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.notifications_notice n
        where n.id = in_notice and n.organisation_id = in_organisation and n.gone is null
          and (n.team_id is null or n.team_id = in_team or in_whole_site))
$$;

-- The newest notices that are a membership's, by the ids that pages show, and the key of the entry
-- that each is of. Nothing of whom or what: access.read_notices shows that.
create function access.notices_of_reader(
    in_staff bigint, in_membership bigint, in_since interval, in_limit integer)
returns table (
    notice uuid, resident uuid, grant_key bigint, made timestamptz, is_seen boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct on (n.kind, n.source_id, n.identifier, n.resident_id)
        n.public_id, p.public_id, n.grant_key, n.made, exists (
            select from public.notifications_noticeseen s
            where s.notice_id = n.id and s.membership_id = in_membership)
    from access.membership_in_force(in_staff, in_membership) m
    join public.notifications_notice n on n.organisation_id = m.organisation_id
    join public.identity_resident p on p.id = n.resident_id
    where 'read-records' = any (m.activities)
      and access.is_notice_of(n.id, m.organisation_id, m.team_id, m.serves_whole_site)
      and n.made > statement_timestamp() - in_since
    order by n.kind, n.source_id, n.identifier, n.resident_id,
        (n.team_id is not distinct from m.team_id) desc, n.id
    limit in_limit
$$;

-- These notices, newest first, to whoever they are for: each only where the decision about its
-- resident still stands, and no choice withholds the entry that says so. The residents are
-- glimpsed by name and number; one event names everyone shown.
create function access.read_notices(
    in_staff bigint, in_membership bigint, in_notices uuid[], in_epochs jsonb,
    in_rules_epoch bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    whose bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'read-records' = any (asker.activities) then
        perform audit.record('notices-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return '[]';
    end if;
    select array_agg(n.id), array_agg(distinct n.resident_id) into shown, whose
    from public.notifications_notice n
    join public.identity_resident p on p.id = n.resident_id
    where n.public_id = any (in_notices)
      and access.is_notice_of(
          n.id, asker.organisation_id, asker.team_id, asker.serves_whole_site)
      and access.may_know_of(n.resident_id, asker.organisation_id)
      and access.still_stands(n.resident_id, asker.organisation_id,
                              (in_epochs ->> p.public_id::text)::bigint, in_rules_epoch)
      and (n.grant_key is null or not exists (
          select from consent.refusals(n.resident_id, statement_timestamp()) r
          where r.council_id = n.grant_key / 64
            and (r.kind = 'nhs-number' or (r.kind = 'social-care-sharing'
                                           and r.council_id <> asker.organisation_id))));
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false, true, false from unnest(whose) as id;
    perform audit.record('notices-read', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request,
        jsonb_build_object('notices', to_jsonb(coalesce(shown, '{}'))));
    return coalesce((
        select jsonb_agg(jsonb_build_object(
            'id', n.public_id, 'kind', n.kind, 'resident', n.resident_id,
            'protection', p.protection, 'happened', n.happened, 'made', n.made,
            'source', coalesce(o.name, ''), 'source_kind', coalesce(o.kind, ''),
            'seen', exists (
                select from public.notifications_noticeseen s
                where s.notice_id = n.id and s.membership_id = in_membership))
            order by n.happened desc, n.id desc)
        from public.notifications_notice n
        join public.identity_resident p on p.id = n.resident_id
        left join public.organisations_organisation o on o.id = n.source_id
        where n.id = any (shown)), '[]');
end $$;

-- Marks notices as seen by a membership; how many were not before. Twice is once.
create function access.mark_notices_seen(
    in_staff bigint, in_membership bigint, in_notices uuid[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    marked integer;
begin
    insert into public.notifications_noticeseen (notice_id, membership_id)
    select n.id, in_membership
    from access.membership_in_force(in_staff, in_membership) m
    join public.notifications_notice n on n.public_id = any (in_notices)
    where 'read-records' = any (m.activities)
      and access.is_notice_of(n.id, m.organisation_id, m.team_id, m.serves_whole_site)
    on conflict (notice_id, membership_id) do nothing;
    get diagnostics marked = row_count;
    return marked;
end $$;

-- Referrals that wards took back from a membership's team: by reference alone, because the team's
-- right to see who they are about ended with them.
create function access.referrals_withdrawn(
    in_staff bigint, in_membership bigint, in_since interval)
returns table (reference text, at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.reference::text, r.latest
    from access.membership_in_force(in_staff, in_membership) m
    join public.discharge_referral r
        on r.recipient_id = m.organisation_id and r.recipient_team_id = m.team_id
    where 'read-records' = any (m.activities) and r.stands = 'withdrawn'
      and r.latest > statement_timestamp() - in_since
    order by r.latest desc, r.id desc
$$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'notices_are_due', 'notices_of_death_are_due', 'mail_is_wanted',
                 'mail_of_step_is_wanted', 'is_notice_of', 'notices_of_reader', 'read_notices',
                 'mark_notices_seen', 'referrals_withdrawn') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name in ('notices_of_reader', 'read_notices', 'mark_notices_seen',
                      'referrals_withdrawn') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        elsif f.name <> 'is_notice_of' then
            execute format('grant execute on function %s to connectcare_owner', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;

create trigger notices_are_due after delete on access_relationshipdue
    referencing old table as changed
    for each statement execute function access.notices_are_due();
create trigger notices_of_death_are_due after update on identity_resident
    for each row when (new.deceased and not old.deceased)
    execute function access.notices_of_death_are_due();
create trigger mail_is_wanted after insert on notifications_notice
    referencing new table as changed
    for each statement execute function access.mail_is_wanted();
create trigger mail_of_step_is_wanted after insert on discharge_referralstep
    for each row execute function access.mail_of_step_is_wanted();
