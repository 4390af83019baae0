-- Joiners, movers and leavers, by the administrators of their organisations.
--
-- The web's login writes nothing of the registry. It asks these functions, which ask again what
-- the pages asked: who acts and that it is in force, whether this organisation is theirs to
-- administer, that nobody changes their own rights, and that two people give a privileged role.

revoke all on organisations_proposal from connectcare_web;
revoke insert, update, delete on organisations_proposal from connectcare_pipeline;
grant select on organisations_proposal to connectcare_web;
grant select, insert, update on organisations_proposal to connectcare_gate;
grant insert, update on organisations_membership, organisations_staffmember to connectcare_gate;
grant select, insert, delete on guardian_userobjectpermission to connectcare_gate;
grant select on auth_permission, django_content_type to connectcare_gate;
grant usage on sequence organisations_proposal_id_seq, organisations_membership_id_seq,
    organisations_staffmember_id_seq, guardian_userobjectpermission_id_seq to connectcare_gate;

create trigger history after insert or update or delete on organisations_proposal
    for each row execute function organisations.keep_history('proposal', 'effect');
create trigger history_cannot_be_skipped before truncate on organisations_proposal
    for each statement execute function organisations.refuse_emptying();

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

create function organisations.in_force(
    in_state text, in_from timestamptz, in_until timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select in_state = 'active' and in_from <= statement_timestamp()
       and (in_until is null or in_until > statement_timestamp())
$$;

-- Who acts, as what, with all that must be in force for it. No row: nobody.
create function organisations.acting(in_staff bigint, in_membership bigint)
returns table (staff_name text, role_code text, organisation_id bigint, organisation_name text,
               activities text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.name, r.code, o.id, o.name, r.activities::text[]
    from public.organisations_membership m
    join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
    join public.organisations_organisation o on o.id = m.organisation_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    where m.id = in_membership and m.staff_id = in_staff
      and organisations.in_force(m.state, m.valid_from, m.valid_until)
      and organisations.in_force(o.state, o.valid_from, o.valid_until)
      and organisations.in_force(r.state, r.valid_from, r.valid_until)
      and (t.id is null or organisations.in_force(t.state, t.valid_from, t.valid_until))
$$;

-- Whether this organisation's staff are theirs to manage: of a registry's administrator every
-- one's, of an organisation's those whose object permission they hold. organisations/delegation.py
-- says the same for the pages.
create function organisations.administers(
    in_staff bigint, in_membership bigint, in_organisation bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from organisations.acting(in_staff, in_membership) a
        where 'manage-registry' = any (a.activities)
           or ('manage-organisation' = any (a.activities) and exists (
                select from public.guardian_userobjectpermission g
                join public.auth_permission p on p.id = g.permission_id
                    and p.codename = 'administer'
                join public.django_content_type c on c.id = p.content_type_id
                    and c.app_label = 'organisations' and c.model = 'organisation'
                where g.user_id = in_staff and g.object_pk = in_organisation::text)))
$$;

-- Roles that take two people: whoever holds one looks after others' rights, privacy or identity,
-- reads without a care relationship, or runs the portal (organisations/activities.py).
create function organisations.privileged(in_activities text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_activities && array[
        'read-after-death', 'disclose-lawfully', 'review-alerts', 'explain-access',
        'resolve-identity', 'manage-registry', 'manage-organisation', 'read-verified-numbers',
        'load-feeds', 'trace-feeds']
$$;

-- Roles that reach beyond one organisation: no organisation gives them by itself.
create function organisations.regional(in_activities text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_activities && array['manage-registry', 'load-feeds', 'trace-feeds']
$$;

-- The event of what was done, or was refused, and who acts for the history.
create function organisations.noted(
    in_staff bigint, in_membership bigint, in_request uuid, in_outcome text, in_reason text,
    in_detail jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from organisations.acting(in_staff, in_membership);
    perform audit.record('registry-changed', in_outcome, in_reason, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, null, null, in_request, in_detail);
end $$;

-- The object permission goes with the role at that organisation, and ends with its last one.
create function organisations.settle_administrator(in_staff bigint, in_organisation bigint)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    permission record;
begin
    select p.id, p.content_type_id into permission from public.auth_permission p
    join public.django_content_type c on c.id = p.content_type_id
        and c.app_label = 'organisations' and c.model = 'organisation'
    where p.codename = 'administer';
    if exists (
        select from public.organisations_membership m
        join public.organisations_role r on r.id = m.role_id
        where m.staff_id = in_staff and m.organisation_id = in_organisation
          and m.state = 'active'
          and (m.valid_until is null or m.valid_until > statement_timestamp())
          and 'manage-organisation' = any (r.activities))
    then
        insert into public.guardian_userobjectpermission (
            object_pk, content_type_id, permission_id, user_id)
        values (in_organisation::text, permission.content_type_id, permission.id, in_staff)
        on conflict do nothing;
    else
        delete from public.guardian_userobjectpermission
        where user_id = in_staff and permission_id = permission.id
          and object_pk = in_organisation::text;
    end if;
end $$;

-- What stands against a membership as it is wanted, or null. Asked when it is given or proposed,
-- and again when it is confirmed.
create function organisations.against_membership(in_wanted jsonb) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when not exists (
            select from public.organisations_organisation o
            where o.id = (in_wanted ->> 'organisation')::bigint and o.kind <> 'group'
              and organisations.in_force(o.state, o.valid_from, o.valid_until))
            then 'organisation-not-in-force'
        when not exists (
            select from public.organisations_role r
            where r.id = (in_wanted ->> 'role')::bigint
              and organisations.in_force(r.state, r.valid_from, r.valid_until))
            then 'role-not-known'
        when (in_wanted ->> 'team') is not null and not exists (
            select from public.organisations_team t
            where t.id = (in_wanted ->> 'team')::bigint
              and t.organisation_id = (in_wanted ->> 'organisation')::bigint
              and organisations.in_force(t.state, t.valid_from, t.valid_until))
            then 'team-not-known'
        when exists (
            select from public.organisations_staffmember s
            where s.id = (in_wanted ->> 'staff')::bigint and not s.is_active)
            then 'suspended'
        when (in_wanted ->> 'until')::timestamptz
            <= greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp())
            then 'dates'
        when (in_wanted ->> 'replaces') is not null and not exists (
            select from public.organisations_membership m
            where m.id = (in_wanted ->> 'replaces')::bigint
              and m.staff_id = (in_wanted ->> 'staff')::bigint
              and m.organisation_id = (in_wanted ->> 'organisation')::bigint
              and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp()))
            then 'replaced-not-known'
        when exists (
            select from public.organisations_membership m
            where m.staff_id = (in_wanted ->> 'staff')::bigint
              and m.organisation_id = (in_wanted ->> 'organisation')::bigint
              and m.role_id = (in_wanted ->> 'role')::bigint
              and m.team_id is not distinct from (in_wanted ->> 'team')::bigint
              and m.state = 'active'
              and (m.valid_until is null or m.valid_until > coalesce(
                   (in_wanted ->> 'from')::timestamptz, statement_timestamp()))
              and m.id is distinct from (in_wanted ->> 'replaces')::bigint)
            then 'held-already'
        end
$$;

create function organisations.begin_membership(in_wanted jsonb) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    begins constant timestamptz :=
        greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp());
    made bigint;
begin
    update public.organisations_membership m
    set valid_until = greatest(begins, m.valid_from + interval '1 microsecond'),
        state = case when begins > statement_timestamp() then m.state else 'ended' end
    where m.id = (in_wanted ->> 'replaces')::bigint;
    insert into public.organisations_membership (
        staff_id, organisation_id, role_id, team_id, state, valid_from, valid_until)
    values (
        (in_wanted ->> 'staff')::bigint, (in_wanted ->> 'organisation')::bigint,
        (in_wanted ->> 'role')::bigint, (in_wanted ->> 'team')::bigint, 'active', begins,
        (in_wanted ->> 'until')::timestamptz)
    returning id into made;
    perform organisations.settle_administrator(
        (in_wanted ->> 'staff')::bigint, (in_wanted ->> 'organisation')::bigint);
    return made;
end $$;

-- Gives somebody a role at an organisation and team: a joiner, who is made if the user name is
-- new, or a mover, whose role ``in_replaces`` ends with it. Answers what came of it: added, or
-- proposed where the role is privileged, or why not.
create function organisations.give_role(
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

-- Ends memberships at once: one person does it. Answers what came of it, and how many ended.
create function organisations.end_roles(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_memberships bigint[],
    out outcome text, out ended integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one record;
begin
    ended := 0;
    outcome := case
        when length(btrim(in_why)) < 3 then 'why-missing'
        when exists (
            select from public.organisations_membership m
            where m.id = any (in_memberships) and m.staff_id = in_staff) then 'own'
        when not exists (
            select from public.organisations_membership m where m.id = any (in_memberships))
            or exists (
            select from public.organisations_membership m
            where m.id = any (in_memberships)
              and not organisations.administers(in_staff, in_membership, m.organisation_id))
            then 'not-allowed'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('memberships', in_memberships));
        return;
    end if;
    perform organisations.says_who(in_staff, in_why);
    for one in
        update public.organisations_membership m
        set state = 'ended',
            valid_until = greatest(statement_timestamp(), m.valid_from + interval '1 microsecond')
        where m.id = any (in_memberships) and m.state <> 'ended'
          and (m.valid_until is null or m.valid_until > statement_timestamp())
        returning m.id, m.staff_id, m.organisation_id
    loop
        perform organisations.settle_administrator(one.staff_id, one.organisation_id);
        perform organisations.noted(in_staff, in_membership, in_request, 'done',
            'membership-ended', jsonb_build_object('id', one.id, 'staff', one.staff_id,
                'organisation', one.organisation_id));
        ended := ended + 1;
    end loop;
    perform organisations.says_who(null, null);
    outcome := 'ended';
end $$;

-- Whether a proposal is theirs to see and settle: of their organisation; and of the registry's
-- administrators alone where its role reaches beyond one.
create function organisations.may_settle(
    in_proposal public.organisations_proposal, in_staff bigint, in_membership bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
            select from organisations.acting(in_staff, in_membership) a
            where 'manage-registry' = any (a.activities))
        or ((in_proposal).organisation_id is not null
            and organisations.administers(in_staff, in_membership, (in_proposal).organisation_id)
            and not exists (
                select from public.organisations_role r
                where r.id = ((in_proposal).wanted ->> 'role')::bigint
                  and organisations.regional(r.activities::text[])))
$$;

-- What stands against this person's confirming it, or null.
create function organisations.against_confirming(
    in_proposal public.organisations_proposal, in_staff bigint, in_membership bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when (in_proposal).id is null then 'not-known'
        when not organisations.may_settle(in_proposal, in_staff, in_membership) then 'not-allowed'
        when in_staff in ((in_proposal).proposed_by_id, (in_proposal).about_id) then 'own'
        when (in_proposal).confirmed_at is not null or (in_proposal).withdrawn_at is not null
          or (in_proposal).proposed_at < statement_timestamp() - interval '30 days' then 'over'
        end
$$;

-- Confirms what another one proposed, and does it. Answers confirmed, or why not.
create function organisations.confirm_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
begin
    select * into one from public.organisations_proposal p
    where p.public_id = in_proposal for update;
    outcome := organisations.against_confirming(one, in_staff, in_membership);
    if outcome is null and one.kind = 'membership' then
        outcome := organisations.against_membership(one.wanted);
    end if;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('proposal', in_proposal));
        return outcome;
    end if;
    perform organisations.says_who(in_staff, one.why);
    update public.organisations_proposal
    set confirmed_by_id = in_staff, confirmed_at = statement_timestamp(),
        applied_at = statement_timestamp(),
        made = organisations.begin_membership(one.wanted)
    where id = one.id;
    perform organisations.noted(in_staff, in_membership, in_request, 'done', 'proposal-confirmed',
        jsonb_build_object('proposal', in_proposal, 'proposed_by', one.proposed_by_id));
    perform organisations.says_who(null, null);
    return 'confirmed';
end $$;

-- Withdraws a proposal that waits. Answers withdrawn, or why not.
create function organisations.withdraw_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
begin
    select * into one from public.organisations_proposal p
    where p.public_id = in_proposal for update;
    outcome := case
        when one.id is null then 'not-known'
        when not organisations.may_settle(one, in_staff, in_membership) then 'not-allowed'
        when one.confirmed_at is not null or one.withdrawn_at is not null then 'over'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('proposal', in_proposal));
        return outcome;
    end if;
    perform organisations.says_who(in_staff, '');
    update public.organisations_proposal
    set withdrawn_by_id = in_staff, withdrawn_at = statement_timestamp() where id = one.id;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        'proposal-withdrawn', jsonb_build_object('proposal', in_proposal));
    perform organisations.says_who(null, null);
    return 'withdrawn';
end $$;

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.give_role(bigint, bigint, uuid, text, uuid, text, text, text, text, bigint,
        timestamptz, timestamptz, bigint),
    organisations.end_roles(bigint, bigint, uuid, text, bigint[]),
    organisations.confirm_proposal(bigint, bigint, uuid, uuid),
    organisations.withdraw_proposal(bigint, bigint, uuid, uuid)
    to connectcare_web;
reset role;
grant usage on schema organisations to connectcare_web;
revoke create on schema organisations from connectcare_gate;
