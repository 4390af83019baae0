-- A person decides on a page: whether a batch is loaded, by which mapping, and what is tried again.
-- What is held is read and tried by the pipeline's login alone.

grant select, insert on feeds_feedmapping to connectcare_web;
grant usage on sequence feeds_feedmapping_id_seq to connectcare_web;
grant update (decided, decided_by, mapping_id) on feeds_batch to connectcare_web;
grant update (asked_again, resolved) on feeds_hold to connectcare_web;
