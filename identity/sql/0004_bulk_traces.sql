-- Tracing everybody of a source: staff ask for it through the gate, the pipeline does it.

revoke all on identity_bulktrace from connectcare_web;
grant select, insert on identity_bulktrace to connectcare_gate;
