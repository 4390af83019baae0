-- The sealer's own row: what it last said of itself. Nobody else writes it, and it proves nothing.
revoke all on audit_seal from public, connectcare_web, connectcare_pipeline;
grant select on audit_seal to connectcare_web, connectcare_pipeline, connectcare_backup;
grant select, insert, update on audit_seal to connectcare_sealer;
