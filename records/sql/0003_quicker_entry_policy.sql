-- The wall of the entry table in other words: a key that is not granted gives no value, and only
-- what has one comes out. As before, the planner takes "is not null" for nearly all rows, which it
-- is of a record; but "case" costs less for each of them than "nullif" (docs/adr/0013).
alter policy opened on records_entry using (
    resident_id = (select access.opened_resident())
    and case when grant_key in (select unnest((select access.keys_in_force()))) then true end
        is not null);
