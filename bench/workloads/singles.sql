-- 20,000 transactions of one row: an INSERT, then an UPDATE of a row from before, and so on.
create procedure pg_temp.singles() language plpgsql as $$
begin
    for n in 1..10000 loop
        insert into content select * from new_content where sort = n;
        commit;
        update content set title = title || '!' where id = (select id from new_content where sort = 10000 + n * 9);
        commit;
    end loop;
end $$;
create unique index on new_content (sort);
call pg_temp.singles();
