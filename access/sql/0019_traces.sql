-- The history of traces, for who decides a question that a trace asked.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Every trace of whom a question is about, the latest first, each with its steps in order: by
-- which identifiers was asked, what came of it and which details disagreed; no value of anybody.
-- Of a question about a resident it is the traces of all their sources, each by its kind.
-- The event of who was seen is written by access.read_question, without which this shows nothing
-- that anybody may look at: so it is for the officer alone who may read that.
create function access.read_traces(
    in_staff bigint, in_membership bigint, in_question uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    organisation bigint;
    q record;
begin
    select o.organisation_id into organisation
    from access.resolving_officer(in_staff, in_membership, in_request) o;
    select * into q from public.identity_linkquestion where public_id = in_question;
    if organisation is null or q.id is null
       or not access.question_is_for(q.id, organisation) then
        return null;
    end if;
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'why', t.why, 'wanted', t.wanted, 'due', t.due, 'ended', t.ended,
            'finished', t.finished, 'kind', o.kind, 'own', p.source_id = organisation,
            'steps', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'step', s.step, 'asked_by', s.asked_by, 'service', s.service,
                    'outcome', s.outcome, 'why', s.why, 'disagrees', s.disagrees, 'at', s.at)
                    order by s.id), '[]')
                from public.identity_tracestep s where s.trace_id = t.id))
            order by t.id desc), '[]')
        from public.identity_sourceperson p
        join public.organisations_organisation o on o.id = p.source_id
        join public.identity_trace t on t.source_person_id = p.id
        where p.id = q.source_person_id or p.resident_id = q.resident_id);
end $$;

revoke all on function access.read_traces(bigint, bigint, uuid, uuid) from public;
grant execute on function access.read_traces(bigint, bigint, uuid, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
