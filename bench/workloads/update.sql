-- 100,000 rows updated by one transaction.
update content set title = title || '!';
