-- What the portal itself writes about residents, and needs no longer: by a rule, past every hold,
-- and noted in the audit by whose it was. No officer decides: it is a copy, or was answered.

revoke all on keeping_portalrule from public, connectcare_web, connectcare_pipeline;
grant select on keeping_portalrule to connectcare_pipeline;
grant select, insert, update on keeping_portalrule to connectcare_gate;
grant delete on subject_access_request, subject_access_part,
    notifications_notice, notifications_noticeseen to connectcare_gate;

insert into keeping_portalrule (kind, months, because) values
('subject-access', 36,
    'Records Management Code, subject access requests: 3 years after closure'),
('notices', 12,
    'A notice only points at the record, and leaves every inbox long before');

grant create on schema keeping to connectcare_gate;
set local role connectcare_gate;

-- The rows of a kind whose time is over and that no hold covers, the oldest first.
create function keeping.portal_rows_due(in_kind text, in_most integer default null)
returns table (id bigint, resident_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.id, r.resident_id
    from (
        select q.id, q.resident_id, q.organisation_id, q.ended as over
        from public.subject_access_request q
        where in_kind = 'subject-access' and q.ended is not null
        union all
        select n.id, n.resident_id, n.organisation_id, n.made
        from public.notifications_notice n where in_kind = 'notices') r
    join public.keeping_portalrule k on k.kind = in_kind and k.valid_until is null
    where r.over < now() - make_interval(months => k.months)
      and not keeping.is_held(r.organisation_id, r.resident_id)
    order by r.over, r.id limit in_most
$$;

-- Destroy up to so many of them, in one transaction with the event that says whose; how many.
create function keeping.destroy_portal_rows(in_kind text, in_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    going bigint[];
    whose bigint[];
    rule record;
begin
    select array_agg(d.id), array_agg(distinct d.resident_id) into going, whose
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
    end if;
    select k.id, k.months into rule from public.keeping_portalrule k
    where k.kind = in_kind and k.valid_until is null;
    perform audit.record('records-destroyed', 'done', in_kind, null, '', null, '', null, '', null,
        whose, null, null, jsonb_build_object('portal_rule', rule.id, 'months', rule.months,
            'rows', cardinality(going)));
    return cardinality(going);
end $$;

-- A rule is ended and followed by another.
create function keeping.set_portal_rule(in_kind text, in_months integer, in_because text,
    in_by text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    made bigint;
begin
    update public.keeping_portalrule set valid_until = now()
    where kind = in_kind and valid_until is null;
    insert into public.keeping_portalrule (kind, months, because, set_by)
    values (in_kind, in_months, in_because, in_by) returning id into made;
    perform audit.record('retention-changed', 'done', 'rule', null, in_by, null, '', null, '',
        null, null, null, null, jsonb_build_object('portal_rule', made, 'months', in_months));
    return made;
end $$;

grant execute on function keeping.portal_rows_due(text, integer),
    keeping.destroy_portal_rows(text, integer), keeping.set_portal_rule(text, integer, text, text)
    to connectcare_pipeline;
reset role;
revoke create on schema keeping from connectcare_gate;
