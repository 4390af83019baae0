-- The web's login gives deliveries in and watches them load. It never reads their content.

grant select, insert on feeds_batch to connectcare_web;
grant select (id, batch_id, position, size), insert on feeds_delivery to connectcare_web;
grant select (id), insert on feeds_chunk to connectcare_web;
grant select on feeds_tally, feeds_hold to connectcare_web;
grant usage on sequence feeds_batch_id_seq, feeds_delivery_id_seq, feeds_chunk_id_seq
    to connectcare_web;
grant update (total_bytes, state) on feeds_batch to connectcare_web;
grant update (size) on feeds_delivery to connectcare_web;
