-- Four phases. Each prints a line "phase NAME ROWS", then the server's statistics for its one statement, in which the CPU
-- time is, then "wal BYTES". Nothing else may happen between these lines.
select count(*) from new_content;
create temp table some_ids as select id from new_content limit 20000;
set log_min_messages = fatal;
set client_min_messages = log;

select pg_current_wal_insert_lsn() as before \gset
\echo phase INS 100000
set log_statement_stats = on;
insert into content select * from new_content;
set log_statement_stats = off;
select 'wal', pg_current_wal_insert_lsn() - :'before';

select pg_current_wal_insert_lsn() as before \gset
\echo phase UPD 100000
set log_statement_stats = on;
update content set title = title || '!';
set log_statement_stats = off;
select 'wal', pg_current_wal_insert_lsn() - :'before';

select pg_current_wal_insert_lsn() as before \gset
\echo phase ONE 20000
set log_statement_stats = on;
do $$
declare
    one text;
begin
    for one in select id from some_ids loop
        update content set title = '! ' || title where id = one;
    end loop;
end $$;
set log_statement_stats = off;
select 'wal', pg_current_wal_insert_lsn() - :'before';

select pg_current_wal_insert_lsn() as before \gset
\echo phase DEL 100000
set log_statement_stats = on;
delete from content;
set log_statement_stats = off;
select 'wal', pg_current_wal_insert_lsn() - :'before';
