-- Runs of the reconciliation are only added. They hold counts and references, and of nobody who
-- they are: the pages read them as they are.

revoke all on consent_reconciliation from connectcare_web;
revoke update, delete on consent_reconciliation from connectcare_pipeline;
grant select on consent_reconciliation to connectcare_web;

create trigger reconciliations_are_only_added before update or delete on consent_reconciliation
    for each row execute function audit.refuse_change();
