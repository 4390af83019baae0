-- Reports that an entry is wrong. A reader writes one through the opening that shows the entry, and
-- whoever is shown the entry is shown the report; its source's records officers read and answer it
-- through the gate, and each reading is in the audit.

revoke all on records_entryreport from public, connectcare_web;
grant select, insert on records_entryreport to connectcare_web;
grant usage on sequence records_entryreport_id_seq to connectcare_web;
grant select on records_entryreport to connectcare_gate;
grant update (resident_id, answer, answer_words, answered_by_id, answered_at)
    on records_entryreport to connectcare_gate;

alter table records_entryreport enable row level security;
alter table records_entryreport force row level security;
create policy gate on records_entryreport to connectcare_gate using (true) with check (true);

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('records_entryreport', 'resident_id', 'moves', '[]',
    'A report is of an entry, which its source person takes along.');

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whose opening this transaction's is.
create function access.opened_by() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.membership_id from public.access_opening o
    where o.transaction = pg_current_xact_id_if_assigned() and o.began = transaction_timestamp()
$$;

-- The officer who answers for the records of a source, or no row and the refusal's event.
create function access.records_officer(
    in_staff bigint, in_membership bigint, in_request uuid, in_action text)
returns table (
    organisation_id bigint, organisation_name text, role_code text, staff_name text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'resolve-identity' = any (asker.activities) then
        perform audit.record(in_action, 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.organisation_id, asker.organisation_name, asker.role_code,
        asker.staff_name;
end $$;

-- A report as its source's officers see it. The words of the reader, and where they work, are not
-- told of a resident who opted out; whether a place may be told is the caller's to ask.
create function access.report_as_json(in_report bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', w.public_id, 'reference', w.reference, 'resident', w.resident_id,
        'protection', r.protection, 'category', w.category, 'identifier', w.identifier,
        'effective', w.effective, 'what', w.what,
        'words', case when o.opted_out then '' else w.words end,
        'by', s.name, 'role', x.name,
        'organisation', case when o.opted_out then '' else g.name end,
        'at', w.at, 'answer', w.answer, 'answer_words', w.answer_words,
        'answered_at', w.answered_at, 'answered_by', coalesce(a.name, ''))
    from public.records_entryreport w
    join public.identity_resident r on r.id = w.resident_id
    cross join lateral (select exists (
        select from consent.refusals(w.resident_id, statement_timestamp()) c
        where c.kind = 'connect-care') as opted_out) o
    join public.organisations_membership m on m.id = w.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role x on x.id = m.role_id
    join public.organisations_organisation g on g.id = m.organisation_id
    left join (public.organisations_membership n
               join public.organisations_staffmember a on a.id = n.staff_id)
        on n.id = w.answered_by_id
    where w.id = in_report
$$;

-- Whether a report is this source's to see: its own entry's, and of nobody who objects to its use of
-- the NHS number, by which the record was one.
create function access.report_is_for(in_report bigint, in_organisation bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.records_entryreport w
        where w.id = in_report and w.source_id = in_organisation
          and not exists (
              select from consent.refusals(w.resident_id, statement_timestamp()) c
              where c.kind = 'nhs-number' and c.council_id = in_organisation))
$$;

-- Shows officers who the residents of reports are, and writes that they saw it.
create function access.reports_were_read(
    in_staff bigint, in_membership bigint, in_request uuid, in_reason text,
    in_residents bigint[], in_reference text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), whose.id, false,
        access.number_may_be_shown(whose.id, asker.organisation_id), false
    from (select distinct id from unnest(in_residents) as id) whose;
    perform audit.record('reports-read', 'done', in_reason, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        case when in_reason = 'one' then in_residents[1] end,
        case when in_reason = 'one' then null else in_residents end, null, in_request,
        jsonb_build_object('reference', in_reference));
end $$;

-- A page of a source's reports: those that wait, oldest first, or those that are answered, latest
-- first. NULL: not for the role.
create function access.read_reports(
    in_staff bigint, in_membership bigint, in_answered boolean, in_limit integer,
    in_offset integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    officer record;
    ids bigint[];
    how_many bigint;
begin
    select * into officer
    from access.records_officer(in_staff, in_membership, in_request, 'reports-read');
    if officer is null then
        return null;
    end if;
    select array_agg(part.id order by part.nth), coalesce(max(part.total), 0)
        into ids, how_many
    from (
        select w.id, count(*) over () as total,
            row_number() over (order by
                case when in_answered then null else w.at end, w.answered_at desc, w.id) as nth
        from public.records_entryreport w
        where w.source_id = officer.organisation_id
          and (w.answer <> '') = in_answered
          and access.report_is_for(w.id, officer.organisation_id)
        order by nth limit in_limit offset in_offset) part;
    perform access.reports_were_read(in_staff, in_membership, in_request, 'list',
        array(select w.resident_id from public.records_entryreport w where w.id = any (ids)), null);
    return jsonb_build_object('total', how_many, 'reports', (
        select coalesce(jsonb_agg(access.report_as_json(each.id) order by each.nth), '[]')
        from unnest(ids) with ordinality as each (id, nth)));
end $$;

-- One report of a source's. NULL where there is none for this officer.
create function access.read_report(
    in_staff bigint, in_membership bigint, in_report uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    officer record;
    found public.records_entryreport;
begin
    select * into officer
    from access.records_officer(in_staff, in_membership, in_request, 'reports-read');
    select w.* into found from public.records_entryreport w where w.public_id = in_report;
    if officer is null or found.id is null
       or not access.report_is_for(found.id, officer.organisation_id) then
        return null;
    end if;
    perform access.reports_were_read(in_staff, in_membership, in_request, 'one',
        array[found.resident_id], found.reference);
    return access.report_as_json(found.id);
end $$;

-- Answers a report, once: 'answered', 'answered-already' or 'not-known'.
create function access.answer_report(
    in_staff bigint, in_membership bigint, in_report uuid, in_answer text, in_words text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    officer record;
    found public.records_entryreport;
begin
    select * into officer
    from access.records_officer(in_staff, in_membership, in_request, 'report-answered');
    select w.* into found from public.records_entryreport w
    where w.public_id = in_report for update;
    if officer is null or found.id is null
       or not access.report_is_for(found.id, officer.organisation_id) then
        return 'not-known';
    end if;
    if found.answer <> '' then
        return 'answered-already';
    end if;
    update public.records_entryreport
    set answer = in_answer, answer_words = in_words, answered_by_id = in_membership,
        answered_at = statement_timestamp()
    where id = found.id;
    perform audit.record('report-answered', 'done', in_answer, in_staff, officer.staff_name,
        in_membership, officer.role_code, officer.organisation_id, officer.organisation_name,
        found.resident_id, null, null, in_request,
        jsonb_build_object('reference', found.reference));
    return 'answered';
end $$;

revoke all on function access.opened_by(),
    access.records_officer(bigint, bigint, uuid, text), access.report_as_json(bigint),
    access.report_is_for(bigint, bigint),
    access.reports_were_read(bigint, bigint, uuid, text, bigint[], text),
    access.read_reports(bigint, bigint, boolean, integer, integer, uuid),
    access.read_report(bigint, bigint, uuid, uuid),
    access.answer_report(bigint, bigint, uuid, text, text, uuid) from public;
grant execute on function access.opened_by(),
    access.read_reports(bigint, bigint, boolean, integer, integer, uuid),
    access.read_report(bigint, bigint, uuid, uuid),
    access.answer_report(bigint, bigint, uuid, text, text, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;

-- Whoever is shown the entry is shown its report.
create policy opened on records_entryreport for select to connectcare_web using (
    resident_id = (select access.opened_resident())
    and nullif(grant_key in (select unnest((select access.keys_in_force()))), false) is not null);
-- By whoever the record is open for, and of an entry that comes out through that very opening.
create policy reported on records_entryreport for insert to connectcare_web with check (
    answer = '' and notified is null
    and resident_id = (select access.opened_resident())
    and membership_id = (select access.opened_by())
    and exists (
        select from records_entry e
        where e.resident_id = records_entryreport.resident_id
          and e.public_id = records_entryreport.entry_public_id
          and e.grant_key = records_entryreport.grant_key
          and e.source_id = records_entryreport.source_id
          and e.category = records_entryreport.category
          and e.identifier = records_entryreport.identifier));
