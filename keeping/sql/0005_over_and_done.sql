-- More of what the portal itself writes, and its end: requests that came to nothing, traces of which
-- a later one says as much, and questions on which nothing rests. Each refuses every change, and
-- goes all the same once its time is over: a trigger asks that of each row, whoever deletes it.

grant delete on consent_choicerequest, consent_requeststep, identity_trace, identity_tracestep,
    identity_linkquestion, identity_questionnote to connectcare_gate;

insert into keeping_portalrule (kind, months, because) values
('requests', 36,
    'As subject access requests in the Records Management Code: 3 years after closure. One that led to a choice stays with it'),
('traces', 24,
    'Two rounds of verifying again: a later trace says as much'),
('questions', 24,
    'Nothing rests on them: what was asked was seen to, or agreed by itself');

grant create on schema keeping to connectcare_gate;
set local role connectcare_gate;

-- Whether a hold of any controller covers a person, or everybody (and so somebody unknown, too).
create function keeping.is_held_anywhere(in_resident bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.keeping_retentionhold h
        where h.valid_from <= now() and (h.valid_until is null or h.valid_until > now())
          and (h.resident_id is null
               or h.resident_id in (select identity.same_person(in_resident))))
$$;

-- Requests of somebody who could not be verified: nothing came of them. Of whom they were is not
-- known for certain, so the hold of a person covers whatever they may have asked for.
create function keeping.requests_over(in_id bigint)
returns table (id bigint, resident_id bigint, over timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select q.id, held.resident_id, s.at
    from public.consent_choicerequest q
    join public.consent_requeststep s on s.request_id = q.id and s.kind = 'not-verified'
    left join lateral (
        select c.resident_id from public.consent_requeststep t
        join public.consent_choice c on c.id = t.choice_id
        where t.request_id = q.id order by t.id desc limit 1) held on true
    where (in_id is null or q.id = in_id)
      and not exists (
          select from public.keeping_retentionhold h
          cross join identity.same_person(h.resident_id) as person (id)
          join public.identity_resident r on r.id = person.id
          where h.valid_from <= now() and (h.valid_until is null or h.valid_until > now())
            and q.near_key = consent.request_key('', r.birth_date, r.family_folded))
$$;

-- Traces that are over, where a later one of the same source's person says as much: what was
-- verified, that it is. What a number given by word of mouth was asked by stays with the number.
create function keeping.traces_over(in_id bigint)
returns table (id bigint, resident_id bigint, source_id bigint, over timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select t.id, p.resident_id, p.source_id, t.finished
    from public.identity_trace t
    join public.identity_sourceperson p on p.id = t.source_person_id
    where (in_id is null or t.id = in_id) and t.finished is not null
      and exists (
          select from public.identity_trace later
          where later.source_person_id = t.source_person_id and later.id > t.id
            and later.finished is not null and (t.ended <> 'verified' or later.ended = 'verified'))
      and not (t.why = 'given' and exists (
          select from public.identity_residentnhsnumber n
          where n.resident_id = p.resident_id and n.valid_until is null))
      and not exists (
          select from public.identity_linkquestion q
          where q.source_person_id = p.id and q.settled is null)
$$;

-- Questions that joined nobody and keep nobody apart, and that no merge would open again.
create function keeping.questions_over(in_id bigint)
returns table (id bigint, resident_id bigint, source_id bigint, over timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select q.id, coalesce(q.resident_id, p.resident_id), p.source_id, q.settled
    from public.identity_linkquestion q
    left join public.identity_sourceperson p on p.id = q.source_person_id
    where (in_id is null or q.id = in_id) and q.settled is not null
      and q.decision in ('checked', 'agrees-now') and not q.split_due and q.retry_asked is null
      and not exists (
          select from public.identity_movedrow moved
          where moved.table_name = 'identity_linkquestion' and moved.row_id = q.id)
$$;

-- As before, of every kind, and of one row alone where it is asked for. What no controller has sent
-- is covered by the holds of all of them.
drop function keeping.portal_rows_due(text, integer);
create function keeping.portal_rows_due(in_kind text, in_most integer default null,
    in_id bigint default null)
returns table (id bigint, resident_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.id, r.resident_id
    from (
        select q.id, q.resident_id, q.organisation_id, q.ended as over
        from public.subject_access_request q
        where in_kind = 'subject-access' and q.ended is not null
          and (in_id is null or q.id = in_id)
        union all
        select n.id, n.resident_id, n.organisation_id, n.made
        from public.notifications_notice n
        where in_kind = 'notices' and (in_id is null or n.id = in_id)
        union all
        select q.id, q.resident_id, null, q.over from keeping.requests_over(in_id) q
        where in_kind = 'requests'
        union all
        select t.id, t.resident_id, t.source_id, t.over from keeping.traces_over(in_id) t
        where in_kind = 'traces'
        union all
        select q.id, q.resident_id, q.source_id, q.over from keeping.questions_over(in_id) q
        where in_kind = 'questions') r
    join public.keeping_portalrule k on k.kind = in_kind and k.valid_until is null
    where r.over < now() - make_interval(months => k.months)
      and case when r.organisation_id is null then not keeping.is_held_anywhere(r.resident_id)
               else not keeping.is_held(r.organisation_id, r.resident_id) end
    order by r.over, r.id limit in_most
$$;

-- What is only added to goes with what it hangs on, and that only once its time is over. The foreign
-- keys are asked at the transaction's end, so a row goes first and what hangs on it after it.
create function keeping.only_what_is_over_goes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    may boolean := false;
begin
    case tg_table_name
        when 'consent_choicerequest' then
            may := exists (select from keeping.portal_rows_due('requests', null, old.id));
        when 'consent_requeststep' then
            may := not exists (
                select from public.consent_choicerequest q where q.id = old.request_id);
        when 'identity_tracestep' then
            may := not exists (select from public.identity_trace t where t.id = old.trace_id);
        when 'identity_questionnote' then
            may := not exists (
                select from public.identity_linkquestion q where q.id = old.question_id);
    end case;
    if not may then
        raise exception 'what is only added to goes when its time is over: % on % is refused',
            tg_op, tg_table_name
            using errcode = 'insufficient_privilege', hint = 'See manage.py retention --help.';
    end if;
    return old;
end $$;
grant execute on function keeping.only_what_is_over_goes() to connectcare_owner;

-- As before, of every kind; workers take turns. A request is named by its reference, since whose it
-- was may not be known.
create or replace function keeping.destroy_portal_rows(in_kind text, in_most integer)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    going bigint[];
    whose bigint[];
    named text[] := '{}';
    rule record;
begin
    perform pg_advisory_xact_lock(hashtextextended('keeping: the portal''s own rows', 0));
    select array_agg(d.id), array_agg(distinct d.resident_id) filter (
        where d.resident_id is not null)
    into going, whose
    from keeping.portal_rows_due(in_kind, in_most) d;
    if going is null then
        return 0;
    end if;
    if in_kind = 'subject-access' then
        delete from public.subject_access_part p where p.request_id = any (going);
        delete from public.subject_access_request q where q.id = any (going);
    elsif in_kind = 'notices' then
        delete from public.notifications_noticeseen s where s.notice_id = any (going);
        delete from public.notifications_notice n where n.id = any (going);
    elsif in_kind = 'requests' then
        select array_agg(q.reference order by q.reference) into named
        from public.consent_choicerequest q where q.id = any (going);
        delete from public.consent_choicerequest q where q.id = any (going);
        delete from public.consent_requeststep s where s.request_id = any (going);
    elsif in_kind = 'traces' then
        delete from public.identity_trace t where t.id = any (going);
        delete from public.identity_tracestep s where s.trace_id = any (going);
    elsif in_kind = 'questions' then
        delete from public.identity_linkquestion q where q.id = any (going);
        delete from public.identity_questionnote n where n.question_id = any (going);
    end if;
    select k.id, k.months into rule from public.keeping_portalrule k
    where k.kind = in_kind and k.valid_until is null;
    perform audit.record('records-destroyed', 'done', in_kind, null, '', null, '', null, '', null,
        whose, null, null, jsonb_build_object('portal_rule', rule.id, 'months', rule.months,
            'rows', cardinality(going), 'references', to_jsonb(named)));
    return cardinality(going);
end $$;

revoke all on function keeping.is_held_anywhere(bigint), keeping.requests_over(bigint),
    keeping.traces_over(bigint), keeping.questions_over(bigint),
    keeping.portal_rows_due(text, integer, bigint) from public;
grant execute on function keeping.portal_rows_due(text, integer, bigint) to connectcare_pipeline;
reset role;
revoke create on schema keeping from connectcare_gate;

drop trigger requests_are_only_added on consent_choicerequest;
create trigger requests_are_only_added before update on consent_choicerequest
    for each row execute function audit.refuse_change();
create trigger only_what_is_over_goes before delete on consent_choicerequest
    for each row execute function keeping.only_what_is_over_goes();
drop trigger request_steps_are_only_added on consent_requeststep;
create trigger request_steps_are_only_added before update on consent_requeststep
    for each row execute function audit.refuse_change();
create trigger only_what_is_over_goes before delete on consent_requeststep
    for each row execute function keeping.only_what_is_over_goes();
drop trigger steps_are_only_added on identity_tracestep;
create trigger steps_are_only_added before update on identity_tracestep
    for each row execute function audit.refuse_change();
create trigger only_what_is_over_goes before delete on identity_tracestep
    for each row execute function keeping.only_what_is_over_goes();
drop trigger notes_are_only_added on identity_questionnote;
create trigger notes_are_only_added before update on identity_questionnote
    for each row execute function audit.refuse_change();
create trigger only_what_is_over_goes before delete on identity_questionnote
    for each row execute function keeping.only_what_is_over_goes();
