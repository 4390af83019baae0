-- Traces are the pipeline's. The web sees of them what the gate's functions show.

revoke all on identity_trace, identity_tracestep, identity_verifiedaddress from connectcare_web;
revoke update, delete on identity_tracestep from connectcare_pipeline;
grant select on identity_trace, identity_tracestep to connectcare_gate;

create trigger steps_are_only_added before update or delete on identity_tracestep
    for each row execute function audit.refuse_change();

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('identity_verifiedaddress', 'resident_id', 'stays', '[]',
    'Each may have one. The survivor''s is written to; the next trace renews it.');
