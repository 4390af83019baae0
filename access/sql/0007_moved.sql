-- Where a source person changes hands, the relationships of both residents are derived anew.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

create function access.relationships_due_after_move() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.access_relationshipdue (resident_id)
    select distinct resident
    from changed c join before_change b on b.id = c.id and b.resident_id <> c.resident_id
    cross join lateral unnest(array[b.resident_id, c.resident_id]) as resident
    order by resident
    on conflict (resident_id) do nothing;
    return null;
end $$;
revoke all on function access.relationships_due_after_move() from public;
grant execute on function access.relationships_due_after_move() to connectcare_owner;

reset role;
revoke create on schema access from connectcare_gate;

create trigger relationships_are_due after update on identity_sourceperson
    referencing old table as before_change new table as changed
    for each statement execute function access.relationships_due_after_move();
