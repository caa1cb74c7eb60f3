-- The history table people write by hand: the columns of the table once more, and a trigger in PL/pgSQL.
create table content_history (
    history_id bigint generated always as identity primary key,
    recorded_at timestamptz not null default now(),
    operation text not null,
    like content
);
create index on content_history (id);

create function record_history() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into content_history (operation, id, parent_id, route_id, datatype_id, author_id, status, title, body, sort,
                                     date_created, date_modified)
        values (tg_op, old.id, old.parent_id, old.route_id, old.datatype_id, old.author_id, old.status, old.title, old.body,
                old.sort, old.date_created, old.date_modified);
    else
        insert into content_history (operation, id, parent_id, route_id, datatype_id, author_id, status, title, body, sort,
                                     date_created, date_modified)
        values (tg_op, new.id, new.parent_id, new.route_id, new.datatype_id, new.author_id, new.status, new.title, new.body,
                new.sort, new.date_created, new.date_modified);
    end if;
    return null;
end $$;

create trigger record_history after insert or update or delete on content
    for each row execute function record_history();
