-- 90,000 rows that are there already.
insert into content select * from new_content where sort > 10000;
