-- An event is added to the journal outside the database within about a second of its commit, and
-- what the journal has the database must never lose. A transaction may do without waiting for the
-- disk at its end, as a chunk of a delivery does; one that writes an event waits all the same.

create function audit.wait_for_disk() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    return null;
end $$;
revoke all on function audit.wait_for_disk() from public;
grant execute on function audit.wait_for_disk() to connectcare_gate;

create trigger events_are_on_disk after insert on audit_event
    for each statement execute function audit.wait_for_disk();
