-- The proof of effect: who starts it, who may know of it, and that what was found stays.

revoke all on consent_probedue, consent_proberesult, consent_proofincident, consent_canary
    from connectcare_web;
revoke update, delete on consent_proberesult from connectcare_pipeline;
revoke update, delete on consent_proofincident, consent_canary from connectcare_pipeline;
grant insert on consent_probedue to connectcare_gate;
grant select on consent_probedue, consent_proberesult, consent_canary to connectcare_gate;
grant select, update (closed, closed_by_id, words) on consent_proofincident to connectcare_gate;

do $$
declare
    walled text;
begin
    foreach walled in array array[
        'consent_probedue', 'consent_proberesult', 'consent_proofincident', 'consent_canary'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format(
            'create policy gate on %I to connectcare_gate using (true) with check (true)', walled);
    end loop;
end $$;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('consent_canary', 'resident_id', 'stays', '[]',
    'Nobody real is made up: a canary is never joined with anybody.');

create trigger results_are_only_added before update or delete on consent_proberesult
    for each row execute function audit.refuse_change();
create trigger results_are_never_emptied before truncate on consent_proberesult
    for each statement execute function audit.refuse_change();
create trigger incidents_are_never_emptied before truncate on consent_proofincident
    for each statement execute function audit.refuse_change();

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- A choice that refuses starts its stopwatch, whoever records it: asked from when it begins to hold.
create function consent.start_stopwatch() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if new.answer = 'refuses' then
        insert into public.consent_probedue (choice_id, why, due)
        values (new.id, 'recorded', new.effective_from);
    end if;
    return null;
end $$;
grant execute on function consent.start_stopwatch() to connectcare_owner;

reset role;
revoke create on schema consent from connectcare_gate;

create trigger stopwatch_starts after insert on consent_choice
    for each row execute function consent.start_stopwatch();
