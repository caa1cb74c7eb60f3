-- The audit table people write by hand: one log for all tables, images before and after as jsonb, and indexes by key, by time
-- and by row, as concord's log has them.
create table row_log (
    row_log_id bigint generated always as identity primary key,
    recorded_at timestamptz not null default now(),
    relation oid not null,
    operation text not null,
    record_id text not null,
    old_values jsonb,
    new_values jsonb
);
create index on row_log using brin (recorded_at);
create index on row_log (relation, record_id);

create function record_row() returns trigger language plpgsql as $$
begin
    insert into row_log (relation, operation, record_id, old_values, new_values)
    values (tg_relid, tg_op, coalesce(new.id, old.id), to_jsonb(old), to_jsonb(new));
    return null;
end $$;

create trigger record_row after insert or update or delete on content for each row execute function record_row();
