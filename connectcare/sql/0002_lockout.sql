-- Failures to sign in are counted with the web's login, and with no other. The library's other
-- tables stay empty; what is deleted is looked for in the one that refers to it.

grant select, insert, update, delete on axes_accessattempt to connectcare_web;
grant usage, select on sequence axes_accessattempt_id_seq to connectcare_web;
grant select, delete on axes_accessattemptexpiration to connectcare_web;
revoke all on axes_accessattempt, axes_accessattemptexpiration, axes_accesslog,
    axes_accessfailurelog from connectcare_pipeline;
