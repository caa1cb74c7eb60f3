-- The table to write to, as a CMS has it, and 100,000 rows for it, made beforehand so that only the writing is measured.
create table content (
    id text primary key,
    parent_id text,
    route_id text,
    datatype_id text,
    author_id text,
    status text,
    title text,
    body text,
    sort int,
    date_created timestamptz,
    date_modified timestamptz
);

create function pg_temp.key(kind text, n int) returns text language sql immutable
return '01' || upper(left(md5(kind || n), 24));

create unlogged table new_content as
select pg_temp.key('content', n) as id,
       pg_temp.key('content', n % 1000) as parent_id,
       pg_temp.key('route', n % 100) as route_id,
       pg_temp.key('datatype', n % 10) as datatype_id,
       pg_temp.key('author', n % 7) as author_id,
       'draft' as status,
       'Title number ' || n as title,
       repeat(md5(n::text) || ' ', 9) as body,
       n as sort,
       now() as date_created,
       now() as date_modified
from generate_series(1, 100000) as n;

analyze new_content;
