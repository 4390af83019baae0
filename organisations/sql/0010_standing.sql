-- Who belongs to a group, and who takes part: the registry's administrators. To suspend, to leave and
-- to end a member narrows: one person, at once or on a day. To join a group and to come back widens,
-- since a group's agreements hold for its members and staff may act again: two people.

grant insert on organisations_groupmembership to connectcare_gate;
grant usage on sequence organisations_groupmembership_id_seq to connectcare_gate;

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- What stands against a member as it is wanted, or null.
create function organisations.against_member(in_wanted jsonb) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when not exists (
            select from public.organisations_organisation o
            where o.id = (in_wanted ->> 'group')::bigint and o.kind = 'group'
              and organisations.in_force(o.state, o.valid_from, o.valid_until))
          or not exists (
            select from public.organisations_organisation o
            where o.id = (in_wanted ->> 'member')::bigint and o.kind <> 'group'
              and organisations.in_force(o.state, o.valid_from, o.valid_until))
            then 'not-known'
        when (in_wanted ->> 'until')::timestamptz
            <= greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp()) then 'dates'
        when exists (
            select from public.organisations_groupmembership k
            where k.group_id = (in_wanted ->> 'group')::bigint
              and k.member_id = (in_wanted ->> 'member')::bigint and k.state = 'active'
              and (k.valid_until is null or k.valid_until > coalesce(
                   (in_wanted ->> 'from')::timestamptz, statement_timestamp())))
            then 'there-already'
        end
$$;

-- What stands against an organisation's coming back, or null.
create function organisations.against_return(in_wanted jsonb) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case when exists (
        select from public.organisations_organisation o
        where o.id = (in_wanted ->> 'organisation')::bigint
          and organisations.in_force(o.state, o.valid_from, o.valid_until)
          and o.valid_until is null) then 'same' end
$$;

-- As before; now for who belongs to a group, and who takes part, as well.
create or replace function organisations.apply_draft(in_kind text, in_wanted jsonb, out made bigint,
    out applied timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if in_kind = 'membership' then
        made := organisations.begin_membership(in_wanted);
    elsif in_kind = 'agreement' then
        made := organisations.begin_agreement(in_wanted);
    elsif in_kind = 'group-member' then
        insert into public.organisations_groupmembership (
            group_id, member_id, state, valid_from, valid_until)
        values ((in_wanted ->> 'group')::bigint, (in_wanted ->> 'member')::bigint, 'active',
            greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp()),
            (in_wanted ->> 'until')::timestamptz)
        returning id into made;
    elsif in_kind = 'standing' then
        update public.organisations_organisation set state = 'active', valid_until = null
        where id = (in_wanted ->> 'organisation')::bigint returning id into made;
    elsif coalesce((in_wanted ->> 'from')::timestamptz <= statement_timestamp(), true) then
        made := organisations.set_role(in_wanted);
    else
        return;
    end if;
    applied := statement_timestamp();
end $$;

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
    elsif outcome is null and one.kind = 'group-member' then
        outcome := case when one.effect_at is null then 'no-effect'
            else organisations.against_member(one.wanted) end;
    elsif outcome is null and one.kind = 'standing' then
        outcome := organisations.against_return(one.wanted);
    elsif outcome is null then
        outcome := case
            when one.applied_at is not null then 'over'
            when one.kind = 'role' and exists (
                select from public.organisations_membership m
                where m.staff_id = in_staff and m.role_id = (one.wanted ->> 'role')::bigint
                  and m.state = 'active'
                  and (m.valid_until is null or m.valid_until > statement_timestamp()))
                then 'own'
            when one.kind = 'agreement'
                and organisations.against_testers(in_staff, one.wanted) is not null
                then organisations.against_testers(in_staff, one.wanted)
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

create or replace function organisations.withdraw_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
    begins timestamptz;
begin
    perform organisations.one_at_a_time();
    select * into one from public.organisations_proposal p
    where p.public_id = in_proposal for update;
    begins := (one.wanted ->> 'from')::timestamptz;
    outcome := case
        when one.id is null then 'not-known'
        when not organisations.may_settle(one, in_staff, in_membership) then 'not-allowed'
        when one.withdrawn_at is not null then 'over'
        when one.confirmed_at is null and one.applied_at is not null then 'over'
        when one.confirmed_at is not null and (
            one.kind not in ('agreement', 'role') or begins is null or begins <= statement_timestamp())
            then 'over'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('proposal', in_proposal));
        return outcome;
    end if;
    perform organisations.says_who(in_staff, 'Withdrawn');
    if one.kind = 'agreement' and one.made is not null then
        update public.organisations_sharingagreement
        set state = 'ended', valid_until = valid_from + interval '1 microsecond'
        where id = one.made;
        update public.organisations_sharingagreement
        set valid_until = (one.former ->> 'until')::timestamptz
        where source_id = (one.wanted ->> 'source')::bigint
          and recipient_id = (one.wanted ->> 'recipient')::bigint
          and state = 'active' and valid_until = begins;
    end if;
    update public.organisations_proposal
    set withdrawn_by_id = in_staff, withdrawn_at = statement_timestamp() where id = one.id;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        'proposal-withdrawn', jsonb_build_object('proposal', in_proposal));
    perform organisations.says_who(null, null);
    return 'withdrawn';
end $$;

-- Proposes that an organisation belongs to a group, from a day until another.
create function organisations.propose_member(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_group uuid,
    in_member uuid, in_from timestamptz, in_until timestamptz,
    out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    wanted constant jsonb := jsonb_build_object(
        'group', (select o.id from public.organisations_organisation o
                  where o.public_id = in_group),
        'member', (select o.id from public.organisations_organisation o
                   where o.public_id = in_member),
        'from', in_from, 'until', in_until);
begin
    perform organisations.one_at_a_time();
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership) then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        else organisations.against_member(wanted) end;
    if outcome is null then
        perform organisations.says_who(in_staff, in_why);
        insert into public.organisations_proposal (
            kind, wanted, why, proposed_by_id, proposed_at)
        values ('group-member', wanted, btrim(in_why), in_staff, statement_timestamp())
        returning public_id into proposal;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case when outcome is null then 'done' else 'refused' end,
        coalesce(outcome, 'member-proposed'), wanted);
    perform organisations.says_who(null, null);
    outcome := coalesce(outcome, 'proposed');
end $$;

-- Ends an organisation's belonging to a group, now or after a day.
create function organisations.end_member(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_row bigint,
    in_until timestamptz) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    held public.organisations_groupmembership;
    outcome text;
    ends timestamptz := greatest(in_until, statement_timestamp());
begin
    perform organisations.one_at_a_time();
    select * into held from public.organisations_groupmembership k where k.id = in_row;
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership) then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when held.id is null or held.state <> 'active'
          or held.valid_until <= statement_timestamp() then 'not-known'
        -- Later than it ends would widen.
        when held.valid_until < ends then 'dates'
        end;
    if outcome is null then
        perform organisations.says_who(in_staff, in_why);
        update public.organisations_groupmembership
        set valid_until = greatest(ends, valid_from + interval '1 microsecond'),
            state = case when ends <= statement_timestamp() then 'ended' else state end
        where id = held.id;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case when outcome is null then 'done' else 'refused' end,
        coalesce(outcome, 'member-ended'), jsonb_build_object('id', in_row));
    perform organisations.says_who(null, null);
    return coalesce(outcome, 'ended');
end $$;

-- Suspends an organisation, ends its taking part now or after a day, or proposes that it comes back.
create function organisations.set_standing(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_organisation uuid,
    in_standing text, in_until timestamptz, out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    body public.organisations_organisation;
    wanted jsonb;
    ends timestamptz := greatest(in_until, statement_timestamp());
begin
    perform organisations.one_at_a_time();
    select * into body from public.organisations_organisation o
    where o.public_id = in_organisation;
    wanted := jsonb_build_object('organisation', body.id);
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership) then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when body.id is null then 'not-known'
        -- Whoever suspends the organisation that they act for could not undo it.
        when in_standing <> 'active' and exists (
            select from organisations.acting(in_staff, in_membership) a
            where a.organisation_id = body.id) then 'own-organisation'
        when in_standing = 'active' then organisations.against_return(wanted)
        when in_standing = 'suspended' and body.state <> 'active' then 'same'
        when in_standing = 'ended' and body.state = 'ended' then 'same'
        when in_standing = 'ended' and body.valid_until < ends then 'dates'
        end;
    if outcome is null then
        perform organisations.says_who(in_staff, in_why);
        if in_standing = 'active' then
            insert into public.organisations_proposal (
                kind, wanted, why, proposed_by_id, proposed_at)
            values ('standing', wanted, btrim(in_why), in_staff, statement_timestamp())
            returning public_id into proposal;
        elsif in_standing = 'suspended' then
            update public.organisations_organisation set state = 'suspended' where id = body.id;
        else
            update public.organisations_organisation
            set valid_until = greatest(ends, valid_from + interval '1 microsecond'),
                state = case when ends <= statement_timestamp() then 'ended' else state end
            where id = body.id;
        end if;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case when outcome is null then 'done' else 'refused' end,
        coalesce(outcome, 'organisation-' || in_standing), wanted);
    perform organisations.says_who(null, null);
    outcome := coalesce(outcome, case in_standing when 'active' then 'proposed' else 'done' end);
end $$;

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.propose_member(bigint, bigint, uuid, text, uuid, uuid, timestamptz, timestamptz),
    organisations.end_member(bigint, bigint, uuid, text, bigint, timestamptz),
    organisations.set_standing(bigint, bigint, uuid, text, uuid, text, timestamptz)
    to connectcare_web;
reset role;
revoke create on schema organisations from connectcare_gate;
