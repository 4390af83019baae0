-- Proofs that failed: raised by the worker and by whoever verifies the audit, dealt with by privacy
-- officers. They are about the installation and about nobody.

revoke all on access_failedproof, access_failedproofnote from connectcare_web;
revoke delete on access_failedproof from connectcare_pipeline;
revoke insert, update, delete on access_failedproofnote from connectcare_pipeline;
grant select, insert, update on access_failedproof to connectcare_gate;
grant select, insert on access_failedproofnote to connectcare_gate;
grant usage on sequence access_failedproof_id_seq, access_failedproofnote_id_seq
    to connectcare_gate;
create trigger notes_are_only_added before update or delete on access_failedproofnote
    for each row execute function audit.refuse_change();

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Says how a verification of the audit ended: '' where all is as it was sealed, else what was found
-- first. For the login that verifies, which writes nothing else.
create function access.audit_was_verified(in_found text, in_reference text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if in_found = '' then
        update public.access_failedproof set held = statement_timestamp()
        where kind = 'audit' and closed is null;
        return;
    end if;
    insert into public.access_failedproof as f (reference, kind, about)
    values (in_reference, 'audit', left(in_found, 80))
    on conflict (kind, about) where closed is null
    do update set seen = statement_timestamp(), times = f.times + 1;
end $$;

-- Open ones, the oldest first, and the last that were closed; one with its notes, if in_proof says
-- which. NULL: may not.
create function access.read_failed_proofs(
    in_staff bigint, in_membership bigint, in_proof uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    perform audit.record('incidents-read',
        case when 'review-alerts' = any (asker.activities) then 'done' else 'refused' end,
        'failed-proofs', in_staff, asker.staff_name, in_membership, asker.role_code,
        asker.organisation_id, asker.organisation_name, null, null, null, in_request, null);
    if asker is null or not 'review-alerts' = any (asker.activities) then
        return null;
    end if;
    return (
        select coalesce(jsonb_agg(told.proof order by told.closed desc nulls first, told.raised), '[]')
        from (
            select f.closed, f.raised, jsonb_build_object(
                'id', f.public_id, 'reference', f.reference, 'kind', f.kind, 'about', f.about,
                'raised', f.raised, 'seen', f.seen, 'times', f.times,
                'holds', coalesce(f.held > f.seen, false), 'outcome', f.outcome,
                'closed', f.closed, 'escalated', f.escalated, 'owner', coalesce(s.name, ''),
                'notes', case when in_proof is null then '[]' else (
                    select coalesce(jsonb_agg(jsonb_build_object(
                        'outcome', n.outcome, 'words', n.words, 'at', n.at, 'by', by.name)
                        order by n.at, n.id), '[]')
                    from public.access_failedproofnote n
                    join public.organisations_membership nm on nm.id = n.membership_id
                    join public.organisations_staffmember by on by.id = nm.staff_id
                    where n.proof_id = f.id) end) as proof
            from public.access_failedproof f
            left join public.organisations_membership m on m.id = f.owner_id
            left join public.organisations_staffmember s on s.id = m.staff_id
            where in_proof is null or f.public_id = in_proof
            order by f.closed desc nulls first, f.raised limit 100) told);
end $$;

-- Notes what an officer found, who then owns it. Answers 'noted', or why not: 'not-known', 'closed',
-- 'not-proven' (it is repaired once it was found to hold again).
create function access.note_failed_proof(
    in_staff bigint, in_membership bigint, in_proof uuid, in_outcome text, in_words text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select f.* into found from public.access_failedproof f
    where f.public_id = in_proof for update;
    answer := case
        when found.id is null or asker is null or not 'review-alerts' = any (asker.activities)
            then 'not-known'
        when found.closed is not null then 'closed'
        when in_outcome = 'repaired' and not coalesce(found.held > found.seen, false)
            then 'not-proven'
        else 'noted' end;
    if answer = 'noted' then
        insert into public.access_failedproofnote (proof_id, outcome, words, membership_id)
        values (found.id, in_outcome, btrim(in_words), in_membership);
        update public.access_failedproof set outcome = in_outcome, owner_id = in_membership,
            closed = case when in_outcome = 'investigate' then null else statement_timestamp() end
        where id = found.id;
    end if;
    perform audit.record('incident-closed',
        case answer when 'noted' then 'done' else 'refused' end,
        case answer when 'noted' then in_outcome else answer end, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, null, null,
        null, in_request, jsonb_build_object('reference', found.reference));
    return answer;
end $$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'audit_was_verified', 'read_failed_proofs', 'note_failed_proof') loop
        execute format('revoke all on function %s from public', f.signature);
        execute format('grant execute on function %s to %I', f.signature,
            case f.name when 'audit_was_verified' then 'connectcare_sealer'
                        else 'connectcare_web' end);
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
grant usage on schema access to connectcare_sealer;
