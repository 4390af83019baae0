-- A database knows where it lives. One that was put back from a backup, by whatever means, lives
-- somewhere else: there nothing opens until the choices made since the backup were replayed
-- (docs/adr/0049). So a restore cannot bring back consent that was refused, however it was done.

create schema keeping;
revoke all on schema keeping from public;
grant usage, create on schema keeping to connectcare_gate;
grant usage on schema keeping to connectcare_web, connectcare_pipeline, connectcare_sealer,
    connectcare_backup;

create table keeping.home (
    one boolean primary key default true check (one),
    place text not null,
    since timestamptz not null default now()
);
grant select, update on keeping.home to connectcare_gate;
grant select on keeping.home to connectcare_backup;

-- The cluster, the database in it, and the cluster's timeline: what a dump does not carry along, and
-- what recovery to an earlier moment changes.
create function keeping.place() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select (select system_identifier from pg_control_system())
        || '/' || (select oid from pg_database where datname = current_database())
        || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
$$;
insert into keeping.home (place) select keeping.place();

grant execute on function keeping.place() to connectcare_gate;
set local role connectcare_gate;

-- Whether this is the database that the choices were recorded in.
create function keeping.is_at_home() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from keeping.home where place = keeping.place())
$$;

create function keeping.nothing_opens_elsewhere() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not keeping.is_at_home() then
        raise exception 'this database was put back from a backup, or moved: nothing opens until '
            'the choices made since were replayed'
            using errcode = 'CC001', hint = 'Run manage.py replay_choices.';
    end if;
    return null;
end $$;

-- For the sealer, which finds that the database was set back in its place.
create function keeping.close_until_replayed() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update keeping.home set place = 'set back'
$$;

-- A backup without the secret could not find again whom a request is about. The file is sealed.
grant usage on schema consent to connectcare_backup;
grant select on consent.request_secret to connectcare_backup;

grant execute on function keeping.is_at_home() to connectcare_web, connectcare_pipeline,
    connectcare_sealer;
grant execute on function keeping.nothing_opens_elsewhere() to connectcare_owner;
grant execute on function keeping.close_until_replayed() to connectcare_sealer;
reset role;
revoke create on schema keeping from connectcare_gate;

create trigger nothing_opens_elsewhere before insert on access_opening
    for each statement execute function keeping.nothing_opens_elsewhere();
create trigger nothing_opens_elsewhere before insert on access_glimpse
    for each statement execute function keeping.nothing_opens_elsewhere();
