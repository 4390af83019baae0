-- New categories for named safety testers first (docs/adr/0043): an agreement has a trial, which it
-- shows to its testers alone. Beginning one, and opening it to all, widen, and take two people. And
-- an agreement says where its assessment and its text are read.

drop function organisations.draft_agreement(bigint, bigint, uuid, text, uuid, uuid, integer[],
    timestamptz, timestamptz, date, text, text);

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- As before; now with what is on trial, and who tests it.
create or replace function organisations.agreed_now(in_source bigint, in_recipient bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'categories', coalesce((
            select jsonb_agg(distinct category order by category)
            from public.organisations_sharingagreement g
            cross join lateral unnest(g.categories) as category
            where g.source_id = in_source and g.recipient_id = in_recipient
              and organisations.in_force(g.state, g.valid_from, g.valid_until)), '[]'),
        'trial', coalesce((
            select jsonb_agg(distinct category order by category)
            from public.organisations_sharingagreement g
            cross join lateral unnest(g.trial) as category
            where g.source_id = in_source and g.recipient_id = in_recipient
              and organisations.in_force(g.state, g.valid_from, g.valid_until)), '[]'),
        'testers', coalesce((
            select jsonb_agg(distinct tester order by tester)
            from public.organisations_sharingagreement g
            cross join lateral unnest(g.testers) as tester
            where g.source_id = in_source and g.recipient_id = in_recipient
              and organisations.in_force(g.state, g.valid_from, g.valid_until)), '[]'),
        'until', case when bool_or(a.valid_until is null) then null else max(a.valid_until) end,
        'review_on', min(a.review_on),
        'purpose', coalesce(min(a.purpose), ''),
        'legal_basis', coalesce(min(a.legal_basis), ''),
        'assessment', coalesce(min(a.assessment), ''),
        'document', coalesce(min(a.document), ''))
    from public.organisations_sharingagreement a
    where a.source_id = in_source and a.recipient_id = in_recipient
      and organisations.in_force(a.state, a.valid_from, a.valid_until)
$$;

-- What is shown to more than former: to all, or to a tester. What all were shown before is not new to
-- testers.
create or replace function organisations.widens(in_kind text, in_wanted jsonb, in_former jsonb)
returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select not (in_former -> 'categories') @> (in_wanted -> 'categories')
        or case in_kind
            when 'agreement' then
                (in_former ->> 'until' is not null
                    and ((in_wanted -> 'categories') <> '[]' or (in_wanted -> 'trial') <> '[]')
                    and coalesce((in_wanted ->> 'until')::timestamptz, 'infinity')
                        > (in_former ->> 'until')::timestamptz)
                or exists (
                    select from jsonb_array_elements(in_wanted -> 'trial') as tested
                    where not (in_former -> 'categories') @> tested
                      and (not (in_former -> 'trial') @> tested
                           or not (in_former -> 'testers') @> (in_wanted -> 'testers')))
            else not (in_former -> 'activities') @> (in_wanted -> 'activities') end
$$;

-- What stands against the testers of an agreement, or null: whoever drafts or confirms is none of
-- them, and each works at the recipient, in a role that reads records.
create function organisations.against_testers(in_staff bigint, in_wanted jsonb) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when (in_wanted -> 'trial' = '[]') <> (in_wanted -> 'testers' = '[]')
            then 'trial-needs-testers'
        when exists (
            select from public.organisations_membership m
            where m.staff_id = in_staff and (in_wanted -> 'testers') @> to_jsonb(m.id))
            then 'own'
        when exists (
            select from jsonb_array_elements_text(in_wanted -> 'testers') as tester
            where not exists (
                select from public.organisations_membership m
                join public.organisations_role r on r.id = m.role_id
                where m.id = tester::bigint and 'read-records' = any (r.activities)
                  and m.state = 'active'
                  and (m.valid_until is null or m.valid_until > statement_timestamp())
                  and (m.organisation_id = (in_wanted ->> 'recipient')::bigint or exists (
                        select from public.organisations_groupmembership k
                        where k.group_id = (in_wanted ->> 'recipient')::bigint
                          and k.member_id = m.organisation_id
                          and organisations.in_force(k.state, k.valid_from, k.valid_until)))))
            then 'tester-not-known'
        end
$$;

-- As before; now with what is on trial.
create or replace function organisations.begin_agreement(in_wanted jsonb) returns bigint
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
    if (in_wanted -> 'categories') <> '[]' or (in_wanted -> 'trial') <> '[]' then
        insert into public.organisations_sharingagreement (
            source_id, recipient_id, categories, trial, testers, purpose, legal_basis, review_on, state,
            assessment, document, valid_from, valid_until)
        values (
            (in_wanted ->> 'source')::bigint, (in_wanted ->> 'recipient')::bigint,
            (select coalesce(array_agg(c::smallint order by c::smallint), '{}')
             from jsonb_array_elements_text(in_wanted -> 'categories') c),
            (select coalesce(array_agg(c::smallint order by c::smallint), '{}')
             from jsonb_array_elements_text(in_wanted -> 'trial') c),
            (select coalesce(array_agg(m::bigint order by m::bigint), '{}')
             from jsonb_array_elements_text(in_wanted -> 'testers') m),
            in_wanted ->> 'purpose', in_wanted ->> 'legal_basis',
            (in_wanted ->> 'review_on')::date, 'active',
            coalesce(in_wanted ->> 'assessment', ''), coalesce(in_wanted ->> 'document', ''), begins,
            (in_wanted ->> 'until')::timestamptz)
        returning id into made;
    end if;
    return made;
end $$;

-- As before; now after whatever another person changes at this moment, and with testers.
create or replace function organisations.draft(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_kind text,
    in_wanted jsonb, out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    former jsonb;
    done record;
    one bigint;
begin
    perform organisations.one_at_a_time();
    former := organisations.held_now(in_kind, in_wanted);
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership) then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when former is null then 'not-known'
        when in_kind = 'role' and exists (
            select from public.organisations_membership m
            where m.staff_id = in_staff and m.role_id = (in_wanted ->> 'role')::bigint
              and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())) then 'own'
        when in_kind = 'agreement' then organisations.against_testers(in_staff, in_wanted) end;
    outcome := case
        when outcome is not null then outcome
        when (in_wanted ->> 'until')::timestamptz
            <= greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp()) then 'dates'
        when (in_wanted - array['source', 'recipient', 'role', 'from']) = former then 'same'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            in_wanted - array['purpose', 'legal_basis', 'assessment', 'document']);
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
            || (in_wanted - array['purpose', 'legal_basis', 'assessment', 'document']));
    perform organisations.says_who(null, null);
end $$;

create function organisations.draft_agreement(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_source uuid,
    in_recipient uuid, in_categories integer[], in_from timestamptz, in_until timestamptz,
    in_review date, in_purpose text, in_basis text, in_trial integer[], in_testers bigint[],
    in_assessment text, in_document text,
    out outcome text, out proposal uuid)
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
            'trial', (select coalesce(jsonb_agg(distinct c order by c), '[]')
                      from unnest(in_trial) c where c <> all (in_categories)),
            -- Who tests nothing is no tester.
            'testers', (select coalesce(jsonb_agg(distinct m order by m), '[]')
                        from unnest(in_testers) m
                        where not in_trial <@ in_categories),
            'from', in_from, 'until', in_until, 'review_on', in_review,
            'purpose', btrim(in_purpose), 'legal_basis', btrim(in_basis),
            'assessment', btrim(in_assessment), 'document', btrim(in_document))) d;
end $$;

-- As before; now with testers.
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

revoke all on all functions in schema organisations from public;
grant execute on function
    organisations.draft_agreement(bigint, bigint, uuid, text, uuid, uuid, integer[], timestamptz,
        timestamptz, date, text, text, integer[], bigint[], text, text)
    to connectcare_web;
reset role;
revoke create on schema organisations from connectcare_gate;
