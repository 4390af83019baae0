-- Passkeys are their staff members' own: signing in adds, counts and removes them. The pipeline's
-- login only removes them, for whoever lost theirs (`bin/manage remove_app`).

revoke all on access_passkey from connectcare_pipeline, connectcare_web;
grant select, delete on access_passkey to connectcare_pipeline;
grant select, insert, delete on access_passkey to connectcare_web;
grant update (count, is_copied, last_used) on access_passkey to connectcare_web;
grant usage, select on sequence access_passkey_id_seq to connectcare_web;
