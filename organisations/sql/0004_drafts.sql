-- Sharing agreements and roles: what widens is a draft until its effect has been computed and a
-- second person has confirmed it; what narrows takes one person and holds at once.
--
-- A draft is a proposal. It keeps what held before, so that one press returns to it, and so that
-- nobody confirms what was proposed of something else than holds now.

drop trigger history on organisations_proposal;
create trigger history after insert or update or delete on organisations_proposal
    for each row execute function organisations.keep_history('proposal', 'effect', 'effect_at');

grant insert, update on organisations_sharingagreement, organisations_role to connectcare_gate;
grant usage on sequence organisations_sharingagreement_id_seq to connectcare_gate;

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

create function organisations.manages_registry(in_staff bigint, in_membership bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from organisations.acting(in_staff, in_membership) a
        where 'manage-registry' = any (a.activities))
$$;

-- What a source shows a recipient now, of this very pair: no category is no agreement.
create function organisations.agreed_now(in_source bigint, in_recipient bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'categories', coalesce((
            select jsonb_agg(distinct category order by category)
            from public.organisations_sharingagreement g
            cross join lateral unnest(g.categories) as category
            where g.source_id = in_source and g.recipient_id = in_recipient
              and organisations.in_force(g.state, g.valid_from, g.valid_until)), '[]'),
        'until', case when bool_or(a.valid_until is null) then null else max(a.valid_until) end,
        'review_on', min(a.review_on),
        'purpose', coalesce(min(a.purpose), ''),
        'legal_basis', coalesce(min(a.legal_basis), ''))
    from public.organisations_sharingagreement a
    where a.source_id = in_source and a.recipient_id = in_recipient
      and organisations.in_force(a.state, a.valid_from, a.valid_until)
$$;

create function organisations.role_now(in_role bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'categories', (select coalesce(jsonb_agg(c order by c), '[]') from unnest(r.categories) c),
        'activities', (select coalesce(jsonb_agg(a order by a), '[]') from unnest(r.activities) a))
    from public.organisations_role r where r.id = in_role
$$;

-- What holds now of what a draft is about.
create function organisations.held_now(in_kind text, in_wanted jsonb) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case in_kind
        when 'agreement' then organisations.agreed_now(
            (in_wanted ->> 'source')::bigint, (in_wanted ->> 'recipient')::bigint)
        when 'role' then organisations.role_now((in_wanted ->> 'role')::bigint) end
$$;

-- Whether anything more would be shown, or for longer, or to do, than holds now.
create function organisations.widens(in_kind text, in_wanted jsonb, in_former jsonb)
returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select case in_kind
        when 'agreement' then
            not (in_former -> 'categories') @> (in_wanted -> 'categories')
            or ((in_wanted -> 'categories') <> '[]' and in_former ->> 'until' is not null
                and coalesce((in_wanted ->> 'until')::timestamptz, 'infinity')
                    > (in_former ->> 'until')::timestamptz)
        else
            not (in_former -> 'categories') @> (in_wanted -> 'categories')
            or not (in_former -> 'activities') @> (in_wanted -> 'activities') end
$$;

create function organisations.begin_agreement(in_wanted jsonb) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    begins constant timestamptz :=
        greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp());
    made bigint;
begin
    -- One agreement of a pair at a time: what was agreed before ends as this one begins, and what
    -- was to begin later never does.
    update public.organisations_sharingagreement g
    set valid_until = greatest(begins, g.valid_from + interval '1 microsecond'),
        state = case when begins <= statement_timestamp() or g.valid_from >= begins
                     then 'ended' else g.state end
    where g.source_id = (in_wanted ->> 'source')::bigint
      and g.recipient_id = (in_wanted ->> 'recipient')::bigint
      and g.state = 'active' and (g.valid_until is null or g.valid_until > begins);
    if (in_wanted -> 'categories') <> '[]' then
        insert into public.organisations_sharingagreement (
            source_id, recipient_id, categories, purpose, legal_basis, review_on, state,
            valid_from, valid_until)
        values (
            (in_wanted ->> 'source')::bigint, (in_wanted ->> 'recipient')::bigint,
            (select array_agg(c::smallint order by c::smallint)
             from jsonb_array_elements_text(in_wanted -> 'categories') c),
            in_wanted ->> 'purpose', in_wanted ->> 'legal_basis',
            (in_wanted ->> 'review_on')::date, 'active', begins,
            (in_wanted ->> 'until')::timestamptz)
        returning id into made;
    end if;
    return made;
end $$;

create function organisations.set_role(in_wanted jsonb) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.organisations_role
    set categories = coalesce((
            select array_agg(c::smallint order by c::smallint)
            from jsonb_array_elements_text(in_wanted -> 'categories') c), '{}'),
        activities = coalesce((
            select array_agg(a order by a)
            from jsonb_array_elements_text(in_wanted -> 'activities') a), '{}')
    where id = (in_wanted ->> 'role')::bigint;
    return (in_wanted ->> 'role')::bigint;
end $$;

-- As before; now also what reads who looked, and tells it.
create or replace function organisations.privileged(in_activities text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_activities && array[
        'read-after-death', 'disclose-lawfully', 'review-alerts', 'explain-access', 'read-audit',
        'tell-who-looked', 'resolve-identity', 'manage-registry', 'manage-organisation',
        'read-verified-numbers', 'load-feeds', 'trace-feeds']
$$;

-- Does what was wanted; of a role that begins later, nothing yet (organisations.apply_due).
create function organisations.apply_draft(in_kind text, in_wanted jsonb, out made bigint,
    out applied timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if in_kind = 'membership' then
        made := organisations.begin_membership(in_wanted);
    elsif in_kind = 'agreement' then
        made := organisations.begin_agreement(in_wanted);
    elsif coalesce((in_wanted ->> 'from')::timestamptz <= statement_timestamp(), true) then
        made := organisations.set_role(in_wanted);
    else
        return;
    end if;
    applied := statement_timestamp();
end $$;

-- A change of an agreement or a role as it is wanted: done, where it narrows; else proposed.
create function organisations.draft(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_kind text,
    in_wanted jsonb, out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    former constant jsonb := organisations.held_now(in_kind, in_wanted);
    done record;
    one bigint;
begin
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership) then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when former is null then 'not-known'
        when in_kind = 'role' and exists (
            select from public.organisations_membership m
            where m.staff_id = in_staff and m.role_id = (in_wanted ->> 'role')::bigint
              and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())) then 'own'
        when (in_wanted ->> 'until')::timestamptz
            <= greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp()) then 'dates'
        when (in_wanted - array['source', 'recipient', 'role', 'from']) = former then 'same'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            in_wanted - array['purpose', 'legal_basis']);
        return;
    end if;
    perform organisations.says_who(in_staff, in_why);
    insert into public.organisations_proposal (
        kind, wanted, former, why, proposed_by_id, proposed_at)
    values (in_kind, in_wanted, former, btrim(in_why), in_staff, statement_timestamp())
    returning id, public_id into one, proposal;
    outcome := 'proposed';
    if not organisations.widens(in_kind, in_wanted, former) then
        outcome := 'done';
        select * into done from organisations.apply_draft(in_kind, in_wanted - 'from');
        update public.organisations_proposal
        set applied_at = done.applied, made = done.made where id = one;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        in_kind || '-' || case outcome when 'done' then 'narrowed' else 'drafted' end,
        jsonb_build_object('proposal', proposal)
            || (in_wanted - array['purpose', 'legal_basis']));
    perform organisations.says_who(null, null);
end $$;

-- Drafts an agreement of a source with a recipient: no category ends what they have.
create function organisations.draft_agreement(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_source uuid,
    in_recipient uuid, in_categories integer[], in_from timestamptz, in_until timestamptz,
    in_review date, in_purpose text, in_basis text, out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    source bigint := (select o.id from public.organisations_organisation o
                      where o.public_id = in_source);
    recipient bigint := (select o.id from public.organisations_organisation o
                         where o.public_id = in_recipient);
begin
    if source is null or recipient is null or source = recipient then
        outcome := 'not-known';
        return;
    end if;
    select d.outcome, d.proposal into outcome, proposal
    from organisations.draft(in_staff, in_membership, in_request, in_why, 'agreement',
        jsonb_build_object('source', source, 'recipient', recipient,
            'categories', (select coalesce(jsonb_agg(distinct c order by c), '[]')
                           from unnest(in_categories) c),
            'from', in_from, 'until', in_until, 'review_on', in_review,
            'purpose', btrim(in_purpose), 'legal_basis', btrim(in_basis))) d;
end $$;

-- Drafts what a role reads and may do.
create function organisations.draft_role(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_role text,
    in_categories integer[], in_activities text[], in_from timestamptz,
    out outcome text, out proposal uuid)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select d.outcome, d.proposal
    from organisations.draft(in_staff, in_membership, in_request, in_why, 'role',
        jsonb_build_object(
            'role', (select r.id from public.organisations_role r where r.code = in_role),
            'categories', (select coalesce(jsonb_agg(distinct c order by c), '[]')
                           from unnest(in_categories) c),
            'activities', (select coalesce(jsonb_agg(distinct a order by a), '[]')
                           from unnest(in_activities) a),
            'from', in_from)) d
$$;

-- As before; now of agreements and roles too, whose effect must have been computed, and of which
-- still holds what held when they were drafted.
create or replace function organisations.confirm_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
    done record;
begin
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

-- As before; now also of what was confirmed and has not begun: what held before goes on.
create or replace function organisations.withdraw_proposal(
    in_staff bigint, in_membership bigint, in_request uuid, in_proposal uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    outcome text;
    begins timestamptz;
begin
    select * into one from public.organisations_proposal p
    where p.public_id = in_proposal for update;
    begins := (one.wanted ->> 'from')::timestamptz;
    outcome := case
        when one.id is null then 'not-known'
        when not organisations.may_settle(one, in_staff, in_membership) then 'not-allowed'
        when one.withdrawn_at is not null then 'over'
        when one.confirmed_at is null and one.applied_at is not null then 'over'
        when one.confirmed_at is not null and (
            one.kind = 'membership' or begins is null or begins <= statement_timestamp())
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

-- Begins the roles whose day has come. One that was changed meanwhile is withdrawn instead: what
-- was confirmed was another change. Answers how many began.
create function organisations.apply_due() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.organisations_proposal;
    begun integer := 0;
begin
    for one in
        select * from public.organisations_proposal p
        where p.kind = 'role' and p.confirmed_at is not null and p.applied_at is null
          and p.withdrawn_at is null
          and (p.wanted ->> 'from')::timestamptz <= statement_timestamp()
        order by p.id for update
    loop
        perform organisations.says_who(one.confirmed_by_id, one.why);
        if organisations.held_now(one.kind, one.wanted) = one.former then
            update public.organisations_proposal
            set applied_at = statement_timestamp(), made = organisations.set_role(one.wanted)
            where id = one.id;
            begun := begun + 1;
        else
            update public.organisations_proposal
            set withdrawn_at = statement_timestamp() where id = one.id;
        end if;
    end loop;
    perform organisations.says_who(null, null);
    return begun;
end $$;

-- Keeps what a draft would change, once.
create function organisations.keep_effect(in_proposal bigint, in_effect jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.organisations_proposal
    set effect = in_effect, effect_at = statement_timestamp()
    where id = in_proposal and effect_at is null
$$;

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.draft_agreement(bigint, bigint, uuid, text, uuid, uuid, integer[], timestamptz,
        timestamptz, date, text, text),
    organisations.draft_role(bigint, bigint, uuid, text, text, integer[], text[], timestamptz)
    to connectcare_web;
grant execute on function organisations.keep_effect(bigint, jsonb), organisations.apply_due()
    to connectcare_pipeline;
reset role;
revoke create on schema organisations from connectcare_gate;
