-- What a merge of residents does with the tables of access (identity/sql/0002_merging.sql).

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('access_carerelationship', 'resident_id', 'moves', '["organisation_id", "kind", "evidence"]',
    'Why somebody is involved holds for the one person; evidence is derived anew for both.'),
('access_brokenglass', 'resident_id', 'moves', '[]', 'It was broken for the one person.'),
('access_alert', 'resident_id', 'moves', '[]', 'The alert is about the one person.'),
('access_relationshipdue', 'resident_id', 'stays', '[]', 'A job; one is made for both.'),
('access_opening', 'resident_id', 'stays', '[]', 'A transaction''s grant, over with it.'),
('access_glimpse', 'resident_id', 'stays', '[]', 'A transaction''s grant, over with it.');

grant update (resident_id) on access_carerelationship, access_brokenglass, access_alert
    to connectcare_gate;
grant select, insert on access_relationshipdue to connectcare_gate;
create policy gate_merges on access_carerelationship for update to connectcare_gate using (true);

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The relationships of both are derived anew, after a merge and after its end.
create function access.relationships_due_after_merge() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.access_relationshipdue (resident_id)
    select distinct resident from changed, unnest(array[survivor_id, merged_id]) as resident
    order by resident
    on conflict (resident_id) do nothing;
    return null;
end $$;
revoke all on function access.relationships_due_after_merge() from public;
grant execute on function access.relationships_due_after_merge() to connectcare_owner;

-- Whoever may read what is said of a resident's choices reads what was said of those who were
-- merged into them.
create or replace function access.glimpsed_with_choices() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct together
    from public.access_glimpse g cross join lateral identity.same_person(g.resident_id) together
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
      and g.with_choices
$$;

reset role;
revoke create on schema access from connectcare_gate;

create trigger relationships_are_due_on_insert after insert on identity_merge
    referencing new table as changed
    for each statement execute function access.relationships_due_after_merge();
create trigger relationships_are_due_on_update after update on identity_merge
    referencing new table as changed
    for each statement execute function access.relationships_due_after_merge();

do $$
declare
    guarded text;
begin
    foreach guarded in array array[
        'access_carerelationship', 'access_brokenglass', 'access_alert'
    ] loop
        execute format(
            'create trigger nothing_new_is_merged_away_on_insert after insert on %1$I '
            'referencing new table as changed '
            'for each statement execute function identity.refuse_merged_away();'
            'create trigger nothing_new_is_merged_away_on_update after update on %1$I '
            'referencing old table as before_change new table as changed '
            'for each statement execute function identity.refuse_merged_away()', guarded);
    end loop;
end $$;
