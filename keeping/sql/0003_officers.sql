-- What officers see and do on their pages: the shares of their own organisation, its holds, and the
-- schedule. Each asks for the role again. By the controller's own identifier, so that they find the
-- person in their own system; never by name, and never with a word of the record.

grant create on schema keeping to connectcare_gate;
set local role connectcare_gate;

-- Whether a hold covers what a controller has of a person.
create function keeping.is_held(in_controller bigint, in_resident bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.keeping_retentionhold h
        where h.valid_from <= now() and (h.valid_until is null or h.valid_until > now())
          and (h.controller_id is null or h.controller_id = in_controller)
          and (h.resident_id is null
               or h.resident_id in (select identity.same_person(in_resident))))
$$;

-- A page of the shares of an officer's own organisation, and how many there are: what 'waits' for
-- an officer (oldest first), what was 'decided', what is 'gone' (the latest first); or of those that
-- wait the ones of these references. NULL: may not. The event names whom the page was about.
drop function keeping.review_list(bigint, bigint, integer, integer, uuid);
create function keeping.review_list(in_staff bigint, in_membership bigint, in_which text,
    in_shares uuid[], in_limit integer, in_offset integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    answer jsonb;
    total bigint;
    whose bigint[];
    of_states text[] := case in_which
        when 'waits' then array['listed', 'approved']
        when 'decided' then array['confirmed', 'bytes-wait', 'kept', 'returned']
        when 'gone' then array['destroyed'] end;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    select count(*) into total from public.keeping_listedshare l
    where l.controller_id = asker.organisation_id and l.state = any (of_states)
      and (in_shares is null or l.public_id = any (in_shares));
    with part as (
        select l.*, k.because, (l.approved_by = in_staff) as mine, p.identifier,
            p.local_identifiers, p.resident_id, s.destroyed, s.counts, s.files,
            coalesce(keeping.is_held(l.controller_id, p.resident_id), false) as held,
            coalesce((select f.name from public.organisations_staffmember f
                where f.id = l.approved_by), '') as approver,
            coalesce((select f.name from public.organisations_staffmember f
                where f.id = l.confirmed_by), '') as confirmer,
            row_number() over (order by
                case when in_which = 'waits' then l.due end,
                case when in_which = 'waits' then l.id else -l.id end) as place
        from public.keeping_listedshare l
        join public.keeping_retentionrule k on k.id = l.rule_id
        left join public.identity_sourceperson p
            on p.id = l.source_person_id and p.identifier not like 'destroyed %'
        left join public.keeping_stub s on s.share_id = l.id
        where l.controller_id = asker.organisation_id and l.state = any (of_states)
          and (in_shares is null or l.public_id = any (in_shares))
        order by place limit in_limit offset in_offset
    )
    select coalesce(jsonb_agg(jsonb_build_object(
            'id', p.public_id, 'identifier', coalesce(p.identifier, ''),
            'local', coalesce(to_jsonb(p.local_identifiers), '[]'),
            'started', p.started, 'due', p.due, 'entries', p.entries, 'state', p.state,
            'because', p.because, 'mine', coalesce(p.mine, false), 'held', p.held,
            'approver', p.approver, 'confirmer', p.confirmer, 'kept_until', p.kept_until,
            'kept_because', p.kept_because, 'destroyed', p.destroyed::date,
            'counts', coalesce(p.counts, '{}'), 'files', p.files) order by p.place), '[]'),
        array_agg(distinct p.resident_id) filter (where p.resident_id is not null)
    into answer, whose from part p;
    perform audit.record('retention-read', 'done', in_which, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, null,
        whose, null, in_request, jsonb_build_object('shares', jsonb_array_length(answer)));
    return jsonb_build_object('total', total, 'shares', answer);
end $$;

-- As before; and what is on hold is neither approved nor confirmed.
create or replace function keeping.decide(in_staff bigint, in_membership bigint, in_what text,
    in_shares uuid[], in_words text, in_until date, in_request uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    done bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    if in_what = 'keep' then
        update public.keeping_listedshare l
        set state = 'kept', kept_until = in_until, kept_because = in_words
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state in ('listed', 'approved', 'confirmed') and in_until > current_date
          and in_until <= current_date + interval '20 years' and in_words <> '';
    elsif in_what = 'approve' then
        update public.keeping_listedshare l
        set state = 'approved', approved_by = in_staff
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state = 'listed'
          and not keeping.is_held(l.controller_id, (
              select p.resident_id from public.identity_sourceperson p
              where p.id = l.source_person_id));
    elsif in_what = 'confirm' then
        update public.keeping_listedshare l
        set state = 'confirmed', confirmed_by = in_staff
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state = 'approved' and l.approved_by <> in_staff
          and not keeping.is_held(l.controller_id, (
              select p.resident_id from public.identity_sourceperson p
              where p.id = l.source_person_id));
    else
        return null;
    end if;
    get diagnostics done = row_count;
    perform audit.record('retention-changed', 'done', in_what, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, null, null,
        null, in_request, jsonb_build_object('shares', done, 'until', in_until,
            'references', to_jsonb(in_shares)));
    return done;
end $$;

-- The holds that stop what an officer's own organisation has, those in force first. One of a single
-- person is named by the identifier of this controller, and not told where it has none. NULL: may not.
create function keeping.holds(in_staff bigint, in_membership bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    answer jsonb;
    whose bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    with ours as (
        select h.*, p.identifier, h.valid_until is null or h.valid_until > now() as in_force
        from public.keeping_retentionhold h
        left join lateral (
            select string_agg(s.identifier, ', ' order by s.identifier) as identifier
            from public.identity_sourceperson s
            where s.source_id = asker.organisation_id
              and s.resident_id in (select identity.same_person(h.resident_id))
              and s.identifier not like 'destroyed %') p on h.resident_id is not null
        where (h.controller_id is null or h.controller_id = asker.organisation_id)
          and (h.resident_id is null or p.identifier is not null)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
            'id', o.public_id, 'reason', o.reason, 'words', o.words,
            'since', o.valid_from, 'until', o.valid_until, 'by', o.set_by,
            'identifier', coalesce(o.identifier, ''), 'everywhere', o.controller_id is null,
            'in_force', o.in_force,
            'ours', o.in_force and o.controller_id is not null)
            order by o.in_force desc, o.id desc), '[]'),
        array_agg(distinct o.resident_id) filter (where o.resident_id is not null)
    into answer, whose from ours o;
    perform audit.record('retention-read', 'done', 'holds', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, null,
        whose, null, in_request, jsonb_build_object('holds', jsonb_array_length(answer)));
    return answer;
end $$;

-- Begin a hold of what one's own organisation has: of everything, or of the person whom it knows by
-- an identifier. Answers 'begun', 'not-known' (nobody, or several), 'not-allowed'.
create function keeping.begin_hold(in_staff bigint, in_membership bigint, in_reason text,
    in_words text, in_identifier text, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    whose bigint[];
    made bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return 'not-allowed';
    end if;
    if in_identifier <> '' then
        select array_agg(distinct p.resident_id) into whose
        from public.identity_sourceperson p
        where p.source_id = asker.organisation_id and p.identifier not like 'destroyed %'
          and (p.identifier = in_identifier or in_identifier = any (p.local_identifiers));
        if coalesce(cardinality(whose), 0) <> 1 then
            perform audit.record('retention-changed', 'refused', 'hold', in_staff,
                asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
                asker.organisation_name, null, null, null, in_request,
                jsonb_build_object('found', coalesce(cardinality(whose), 0)));
            return 'not-known';
        end if;
    end if;
    insert into public.keeping_retentionhold (reason, words, controller_id, resident_id, set_by)
    values (in_reason, in_words, asker.organisation_id, whose[1], asker.staff_name)
    returning id into made;
    perform audit.record('retention-changed', 'done', 'hold', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, whose[1],
        null, null, in_request, jsonb_build_object('hold', made, 'reason', in_reason));
    return 'begun';
end $$;

-- End a hold of one's own organisation: 'ended', or 'not-known'.
create function keeping.end_hold(in_staff bigint, in_membership bigint, in_hold uuid,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    ended record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return 'not-allowed';
    end if;
    update public.keeping_retentionhold h set valid_until = now()
    where h.public_id = in_hold and h.controller_id = asker.organisation_id
      and h.valid_until is null
    returning h.id, h.resident_id into ended;
    if ended.id is null then
        return 'not-known';
    end if;
    perform audit.record('retention-changed', 'done', 'hold-ended', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        ended.resident_id, null, null, in_request, jsonb_build_object('hold', ended.id));
    return 'ended';
end $$;

-- The schedule in force as it is for an officer's own organisation: each kind's rule and its own,
-- and those of what the portal itself writes.
create function keeping.schedule(in_staff bigint, in_membership bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    return jsonb_build_object('portal', (
        select coalesce(jsonb_agg(jsonb_build_object('kind', k.kind, 'months', k.months,
            'because', k.because, 'since', k.valid_from, 'by', k.set_by) order by k.kind), '[]')
        from public.keeping_portalrule k where k.valid_until is null), 'rules', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'kind', k.source_kind, 'ours', k.controller_id is not null, 'starts', k.starts,
            'years', k.years, 'child_until', k.child_until, 'because', k.because,
            'since', k.valid_from, 'by', k.set_by)
            order by k.controller_id is null, k.source_kind), '[]')
        from public.keeping_retentionrule k
        where k.valid_until is null
          and (k.controller_id is null or k.controller_id = asker.organisation_id)));
end $$;

grant execute on function
    keeping.review_list(bigint, bigint, text, uuid[], integer, integer, uuid),
    keeping.holds(bigint, bigint, uuid),
    keeping.begin_hold(bigint, bigint, text, text, text, uuid),
    keeping.end_hold(bigint, bigint, uuid, uuid),
    keeping.schedule(bigint, bigint) to connectcare_web;
reset role;
revoke create on schema keeping from connectcare_gate;
