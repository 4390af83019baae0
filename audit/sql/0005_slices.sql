-- Handing an organisation its slice is a reading of the audit, and so an event: of how many events, of
-- which day, by whom of those who run Connect Care. The sealer's login writes this one and no other.

grant create on schema audit to connectcare_gate;
set local role connectcare_gate;

create function audit.slice_was_read(in_organisation bigint, in_name text, in_day date,
    in_events bigint, in_by text) returns uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select audit.record('audit-read', 'done', 'slice', null, in_by, null, '', in_organisation,
        in_name, null, null, null, null,
        jsonb_build_object('day', in_day, 'events', in_events))
$$;

revoke all on function audit.slice_was_read(bigint, text, date, bigint, text) from public;
grant execute on function audit.slice_was_read(bigint, text, date, bigint, text)
    to connectcare_sealer;
reset role;
revoke create on schema audit from connectcare_gate;
grant usage on schema audit to connectcare_sealer;
