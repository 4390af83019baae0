-- When a death was first heard of. The database writes it, so that no way of writing a resident can
-- leave it out; whoever writes a moment of their own (a record that is carried over) keeps it. A
-- death that is withdrawn takes it along.

create function identity.note_death() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not new.deceased then
        new.deceased_since := null;
    elsif tg_op = 'UPDATE' and old.deceased then
        new.deceased_since := coalesce(new.deceased_since, old.deceased_since);
    else
        new.deceased_since := coalesce(new.deceased_since, statement_timestamp());
    end if;
    return new;
end $$;
revoke all on function identity.note_death() from public;

create trigger death_is_noted before insert or update of deceased, deceased_since
    on identity_resident for each row execute function identity.note_death();
