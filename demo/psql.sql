\pset pager off
\pset border 1
\pset linestyle unicode
\pset format wrapped
\pset columns :columns
\pset footer off
\pset null ''
\set SHOW_CONTEXT never
\set check '\\g (tuples_only=on format=unaligned)'
\set statements '\\echo -n :dim\\\\ \\set ECHO queries\\\\ \\o /dev/null'
\set results '\\set ECHO none\\\\ \\o\\\\ \\echo :plain'
\set done '\\set ECHO none\\\\ \\o\\\\ \\echo -n :plain'
