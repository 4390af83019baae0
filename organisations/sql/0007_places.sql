-- What an organisation's own administrators keep of it: telephone numbers, contacts, sites, teams.
--
-- The web's login asks these functions, which ask again whose the organisation is. None gives
-- anybody a right but one: a team that serves a whole site is let into every admission there, which
-- the registry's administrators alone decide.

revoke all on organisations_contact, organisations_site from connectcare_web;
revoke insert, update, delete on organisations_contact, organisations_site
    from connectcare_pipeline;
grant select on organisations_contact, organisations_site to connectcare_web;
grant select, insert, update, delete on organisations_contact to connectcare_gate;
grant select, insert, update on organisations_site, organisations_team to connectcare_gate;
grant usage on sequence organisations_contact_id_seq, organisations_site_id_seq,
    organisations_team_id_seq to connectcare_gate;

create trigger history after insert or update or delete on organisations_contact
    for each row execute function organisations.keep_history('contact', '');
create trigger history_cannot_be_skipped before truncate on organisations_contact
    for each statement execute function organisations.refuse_emptying();
create trigger history after insert or update or delete on organisations_site
    for each row execute function organisations.keep_history('site', '');
create trigger history_cannot_be_skipped before truncate on organisations_site
    for each statement execute function organisations.refuse_emptying();

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- Changes of the registry wait for one another: so that of two people who add the same thing, or
-- confirm two things that do not go together, the second is told what the first did.
create function organisations.one_at_a_time() returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
    select pg_advisory_xact_lock(hashtextextended('organisations', 0))
$$;

-- The organisation that is theirs to keep, or null with why in an event.
create function organisations.theirs_to_keep(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    out body bigint, out outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform organisations.one_at_a_time();
    select o.id into body from public.organisations_organisation o
    where o.public_id = in_organisation;
    outcome := case
        when body is null or not organisations.administers(in_staff, in_membership, body)
            then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('organisation', body));
    else
        perform organisations.says_who(in_staff, in_why);
    end if;
end $$;

-- The event of what came of it, and nobody acts any more. Answers what came of it.
create function organisations.kept(
    in_staff bigint, in_membership bigint, in_request uuid, in_outcome text, in_what text,
    in_detail jsonb) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform organisations.noted(in_staff, in_membership, in_request,
        case in_outcome when 'kept' then 'done' else 'refused' end,
        case in_outcome when 'kept' then in_what else in_outcome end, in_detail);
    perform organisations.says_who(null, null);
    return in_outcome;
end $$;

-- Where an organisation is rung: any time, its duty desk, and out of hours.
create function organisations.keep_telephones(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_phone text, in_duty text, in_out_of_hours text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    theirs record;
begin
    select * into theirs from organisations.theirs_to_keep(
        in_staff, in_membership, in_request, in_why, in_organisation);
    if theirs.outcome is not null then
        return theirs.outcome;
    end if;
    update public.organisations_organisation
    set phone = btrim(in_phone), duty_phone = btrim(in_duty),
        out_of_hours_phone = btrim(in_out_of_hours)
    where id = theirs.body;
    return organisations.kept(in_staff, in_membership, in_request, 'kept', 'telephones-changed',
        jsonb_build_object('organisation', theirs.body));
end $$;

-- A contact, made or changed; with neither telephone nor e-mail address it is removed.
create function organisations.keep_contact(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_contact bigint, in_kind text, in_name text, in_phone text, in_email text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    theirs record;
    held bigint;
    outcome text := 'kept';
begin
    select * into theirs from organisations.theirs_to_keep(
        in_staff, in_membership, in_request, in_why, in_organisation);
    if theirs.outcome is not null then
        return theirs.outcome;
    end if;
    select c.id into held from public.organisations_contact c
    where c.id = in_contact and c.organisation_id = theirs.body;
    if in_contact is not null and held is null then
        outcome := 'not-known';
    elsif btrim(in_phone) = '' and btrim(in_email) = '' then
        if held is null then
            outcome := 'not-reached';
        else
            delete from public.organisations_contact where id = held;
        end if;
    elsif exists (
        select from public.organisations_contact c
        where c.organisation_id = theirs.body and c.kind = in_kind and c.name = btrim(in_name)
          and c.id is distinct from held) then
        outcome := 'there-already';
    elsif held is null then
        insert into public.organisations_contact (organisation_id, kind, name, phone, email)
        values (theirs.body, in_kind, btrim(in_name), btrim(in_phone), btrim(in_email))
        returning id into held;
    else
        update public.organisations_contact
        set kind = in_kind, name = btrim(in_name), phone = btrim(in_phone),
            email = btrim(in_email)
        where id = held;
    end if;
    return organisations.kept(in_staff, in_membership, in_request, outcome, 'contact-changed',
        jsonb_build_object('organisation', theirs.body, 'id', held));
end $$;

-- A site, made (its code stays) or changed. One that is over begins again by being kept.
create function organisations.keep_site(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_site bigint, in_code text, in_name text, in_postcode text, in_over boolean) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    theirs record;
    held bigint;
    outcome text := 'kept';
begin
    select * into theirs from organisations.theirs_to_keep(
        in_staff, in_membership, in_request, in_why, in_organisation);
    if theirs.outcome is not null then
        return theirs.outcome;
    end if;
    select s.id into held from public.organisations_site s
    where s.id = in_site and s.organisation_id = theirs.body;
    if in_site is not null and held is null then
        outcome := 'not-known';
    elsif length(btrim(in_name)) = 0 then
        outcome := 'name-missing';
    elsif held is null and (upper(btrim(in_code)) ~ '^[A-Z0-9]{1,10}$') is not true then
        outcome := 'code-missing';
    elsif held is null and exists (
        select from public.organisations_site s
        where s.organisation_id = theirs.body and s.code = upper(btrim(in_code))) then
        outcome := 'there-already';
    elsif in_over and exists (
        select from public.organisations_team t
        where t.site_id = held
          and organisations.in_force(t.state, t.valid_from, t.valid_until)) then
        outcome := 'in-use';
    elsif held is null then
        insert into public.organisations_site (
            organisation_id, code, name, postcode, state, valid_from)
        values (theirs.body, upper(btrim(in_code)), btrim(in_name), upper(btrim(in_postcode)),
            'active', statement_timestamp())
        returning id into held;
    else
        update public.organisations_site
        set name = btrim(in_name), postcode = upper(btrim(in_postcode)),
            state = case when in_over then 'ended' else 'active' end,
            valid_until = case when in_over then
                greatest(statement_timestamp(), valid_from + interval '1 microsecond') end
        where id = held;
    end if;
    return organisations.kept(in_staff, in_membership, in_request, outcome, 'site-changed',
        jsonb_build_object('organisation', theirs.body, 'id', held));
end $$;

-- A team, made (its code stays: deliveries name it) or changed. One in which somebody has a role
-- does not end: a ward would lose its access overnight.
create function organisations.keep_team(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_team bigint, in_code text, in_name text, in_phone text, in_site bigint,
    in_whole_site boolean, in_over boolean) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    theirs record;
    held public.organisations_team;
    made bigint;
    outcome text := 'kept';
begin
    select * into theirs from organisations.theirs_to_keep(
        in_staff, in_membership, in_request, in_why, in_organisation);
    if theirs.outcome is not null then
        return theirs.outcome;
    end if;
    select * into held from public.organisations_team t
    where t.id = in_team and t.organisation_id = theirs.body;
    made := held.id;
    if in_team is not null and held.id is null then
        outcome := 'not-known';
    elsif length(btrim(in_name)) = 0 then
        outcome := 'name-missing';
    elsif held.id is null and length(btrim(in_code)) = 0 then
        outcome := 'code-missing';
    elsif held.id is null and exists (
        select from public.organisations_team t
        where t.organisation_id = theirs.body and t.code = btrim(in_code)) then
        outcome := 'there-already';
    elsif in_site is not null and not exists (
        select from public.organisations_site s
        where s.id = in_site and s.organisation_id = theirs.body
          and organisations.in_force(s.state, s.valid_from, s.valid_until)) then
        outcome := 'site-not-known';
    elsif in_whole_site and not coalesce(held.serves_whole_site, false)
        and not organisations.manages_registry(in_staff, in_membership) then
        outcome := 'whole-site-not-yours';
    elsif in_over and exists (
        select from public.organisations_membership m
        where m.team_id = held.id and m.state = 'active'
          and (m.valid_until is null or m.valid_until > statement_timestamp())) then
        outcome := 'in-use';
    elsif held.id is null then
        insert into public.organisations_team (
            organisation_id, code, name, phone, site_id, serves_whole_site, state, valid_from)
        values (theirs.body, btrim(in_code), btrim(in_name), btrim(in_phone), in_site,
            in_whole_site, 'active', statement_timestamp())
        returning id into made;
    else
        update public.organisations_team
        set name = btrim(in_name), phone = btrim(in_phone), site_id = in_site,
            serves_whole_site = in_whole_site,
            state = case when in_over then 'ended' else 'active' end,
            valid_until = case when in_over then
                greatest(statement_timestamp(), valid_from + interval '1 microsecond') end
        where id = held.id;
    end if;
    return organisations.kept(in_staff, in_membership, in_request, outcome, 'team-changed',
        jsonb_build_object('organisation', theirs.body, 'id', made));
end $$;

-- As before; now after whatever another person changes at this moment, so that the second of two who
-- add the same joiner is told, and nobody gets a role twice.
create or replace function organisations.give_role(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_username text, in_name text, in_email text, in_role text, in_team bigint,
    in_from timestamptz, in_until timestamptz, in_replaces bigint,
    out outcome text, out membership bigint, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    body bigint;
    person public.organisations_staffmember;
    given public.organisations_role;
    wanted jsonb;
begin
    perform organisations.one_at_a_time();
    select o.id into body from public.organisations_organisation o
    where o.public_id = in_organisation;
    if body is null or not organisations.administers(in_staff, in_membership, body) then
        outcome := 'not-allowed';
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('organisation', body));
        return;
    end if;
    select * into person from public.organisations_staffmember s
    where lower(s.username) = lower(in_username);
    select * into given from public.organisations_role r where r.code = in_role;
    outcome := case
        when person.id = in_staff then 'own'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when length(btrim(in_username)) = 0 then 'username-missing'
        when person.id is null and length(btrim(in_name)) = 0 then 'name-missing'
        when given.id is null then 'role-not-known'
        when organisations.regional(given.activities::text[]) and not exists (
            select from organisations.acting(in_staff, in_membership) a
            where 'manage-registry' = any (a.activities)) then 'role-not-yours'
        end;
    wanted := jsonb_build_object('staff', person.id, 'organisation', body, 'role', given.id,
        'team', in_team, 'from', in_from, 'until', in_until, 'replaces', in_replaces);
    outcome := coalesce(outcome, organisations.against_membership(wanted));
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('organisation', body));
        return;
    end if;
    perform organisations.says_who(in_staff, in_why);
    if person.id is null then
        insert into public.organisations_staffmember (
            password, is_superuser, username, name, email, is_active, date_joined)
        values ('!' || replace(gen_random_uuid()::text, '-', ''), false, btrim(in_username),
            btrim(in_name), btrim(in_email), true, statement_timestamp())
        returning * into person;
        perform organisations.noted(in_staff, in_membership, in_request, 'done', 'staff-made',
            jsonb_build_object('id', person.id));
        wanted := wanted || jsonb_build_object('staff', person.id);
    end if;
    if organisations.privileged(given.activities::text[]) then
        insert into public.organisations_proposal (
            kind, wanted, organisation_id, about_id, why, proposed_by_id, proposed_at)
        values ('membership', wanted, body, person.id, btrim(in_why), in_staff,
            statement_timestamp())
        returning public_id into proposal;
        outcome := 'proposed';
    else
        membership := organisations.begin_membership(wanted);
        outcome := 'added';
    end if;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        'membership-' || outcome, jsonb_build_object(
            'id', membership, 'proposal', proposal, 'staff', person.id, 'organisation', body));
    perform organisations.says_who(null, null);
end $$;

-- As before; now after whatever another person changes at this moment: of two drafts about one pair
-- the second is no longer about what holds.
create or replace function organisations.confirm_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
    done record;
begin
    perform organisations.one_at_a_time();
    select * into one from public.organisations_proposal p
    where p.public_id = in_proposal for update;
    outcome := organisations.against_confirming(one, in_staff, in_membership);
    if outcome is null and one.kind = 'membership' then
        outcome := organisations.against_membership(one.wanted);
    elsif outcome is null then
        outcome := case
            when one.applied_at is not null then 'over'
            when one.kind = 'role' and exists (
                select from public.organisations_membership m
                where m.staff_id = in_staff and m.role_id = (one.wanted ->> 'role')::bigint
                  and m.state = 'active'
                  and (m.valid_until is null or m.valid_until > statement_timestamp()))
                then 'own'
            when one.effect_at is null then 'no-effect'
            when organisations.held_now(one.kind, one.wanted) <> one.former
                then 'changed-meanwhile'
            when (one.wanted ->> 'until')::timestamptz <= statement_timestamp() then 'dates'
            end;
    end if;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('proposal', in_proposal));
        return outcome;
    end if;
    perform organisations.says_who(in_staff, one.why);
    select * into done from organisations.apply_draft(one.kind, one.wanted);
    update public.organisations_proposal
    set confirmed_by_id = in_staff, confirmed_at = statement_timestamp(),
        applied_at = done.applied, made = done.made
    where id = one.id;
    perform organisations.noted(in_staff, in_membership, in_request, 'done', 'proposal-confirmed',
        jsonb_build_object('proposal', in_proposal, 'proposed_by', one.proposed_by_id));
    perform organisations.says_who(null, null);
    return 'confirmed';
end $$;

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.keep_telephones(bigint, bigint, uuid, text, uuid, text, text, text),
    organisations.keep_contact(bigint, bigint, uuid, text, uuid, bigint, text, text, text, text),
    organisations.keep_site(bigint, bigint, uuid, text, uuid, bigint, text, text, text, boolean),
    organisations.keep_team(bigint, bigint, uuid, text, uuid, bigint, text, text, text, bigint,
        boolean, boolean)
    to connectcare_web;
reset role;
revoke create on schema organisations from connectcare_gate;
