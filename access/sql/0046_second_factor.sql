-- Second factors are their staff members' own: signing in adds, takes and removes them. The
-- pipeline's login only removes them, for whoever lost theirs (`bin/manage remove_app`).

revoke all on access_authenticator, access_recoverycode from connectcare_pipeline;
grant select, delete on access_authenticator, access_recoverycode to connectcare_pipeline;

grant select, insert, delete on access_authenticator, access_recoverycode to connectcare_web;
grant update (last_step) on access_authenticator to connectcare_web;
grant update (used) on access_recoverycode to connectcare_web;
grant usage, select on sequence access_authenticator_id_seq, access_recoverycode_id_seq
    to connectcare_web;
