-- 100,000 rows inserted by one transaction.
insert into content select * from new_content;
