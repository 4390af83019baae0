-- That somebody was reminded is history too, like every other row of the registry's tables.

create trigger history after insert or update or delete on organisations_reminder
    for each row execute function organisations.keep_history('reminder', 'sent');
create trigger history_cannot_be_skipped before truncate on organisations_reminder
    for each statement execute function organisations.refuse_emptying();
