-- Reminders are the pipeline's own: no page reads them.

revoke all on organisations_reminder from connectcare_web, connectcare_pipeline;
grant select, insert on organisations_reminder to connectcare_pipeline;
grant usage on sequence organisations_reminder_id_seq to connectcare_pipeline;
