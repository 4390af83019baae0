-- A resident's epoch moves with every change of who they are. The tables of other parts of the
-- house that bear on a resident (choices, care relationships) use the same function.

create schema identity;
revoke all on schema identity from public;
grant usage, create on schema identity to connectcare_gate;
grant select, insert, update on identity_residentepoch to connectcare_gate;
revoke insert, update, delete on identity_residentepoch from connectcare_pipeline;

-- For statements: "changed" holds the old or the new rows. Locks in the order of the residents,
-- so that two batches cannot wait for each other.
create function identity.move_epochs(in_residents bigint[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    with locked as (
        select resident_id from public.identity_residentepoch
        where resident_id = any (in_residents) order by resident_id for update
    )
    update public.identity_residentepoch as e set epoch = e.epoch + 1
    from locked where e.resident_id = locked.resident_id
$$;

create function identity.begin_epochs() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.identity_residentepoch (resident_id, epoch) select id, 1 from changed;
    return null;
end $$;

create function identity.move_epochs_of_residents() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform identity.move_epochs(array(select distinct id from changed));
    return null;
end $$;

create function identity.move_epochs_of_rows() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform identity.move_epochs(array(select distinct resident_id from changed));
    return null;
end $$;

-- A row that changes hands bears on both residents.
create function identity.move_epochs_of_both() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform identity.move_epochs(array(
        select resident_id from changed union select resident_id from before_change));
    return null;
end $$;

alter function identity.move_epochs(bigint[]) owner to connectcare_gate;
alter function identity.begin_epochs() owner to connectcare_gate;
alter function identity.move_epochs_of_residents() owner to connectcare_gate;
alter function identity.move_epochs_of_rows() owner to connectcare_gate;
alter function identity.move_epochs_of_both() owner to connectcare_gate;
set local role connectcare_gate;
grant execute on function identity.begin_epochs(), identity.move_epochs_of_residents(),
    identity.move_epochs_of_rows(), identity.move_epochs_of_both() to connectcare_owner;
reset role;
revoke create on schema identity from connectcare_gate;

create trigger epoch_begins after insert on identity_resident
    referencing new table as changed
    for each statement execute function identity.begin_epochs();
create trigger epoch_moves after update on identity_resident
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_residents();

do $$
declare
    watched text;
begin
    foreach watched in array array['sourceperson', 'residentnhsnumber'] loop
        execute format(
            'create trigger epoch_moves_on_insert after insert on identity_%1$s '
            'referencing new table as changed '
            'for each statement execute function identity.move_epochs_of_rows();'
            'create trigger epoch_moves_on_update after update on identity_%1$s '
            'referencing old table as before_change new table as changed '
            'for each statement execute function identity.move_epochs_of_both();'
            'create trigger epoch_moves_on_delete after delete on identity_%1$s '
            'referencing old table as changed '
            'for each statement execute function identity.move_epochs_of_rows();', watched);
    end loop;
end $$;

grant select on identity_resident, identity_residentplace, identity_residentnhsnumber,
    identity_sourceperson to connectcare_gate;
grant select on identity_resident, identity_residentplace, identity_residentnhsnumber
    to connectcare_web;
