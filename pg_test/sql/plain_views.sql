-- Views in built-in types have all that their tables have.
CREATE EXTENSION concord;
CREATE TEMP VIEW views AS
SELECT v.oid AS view, v.relname::text AS name, t.oid AS source
FROM pg_class v
LEFT JOIN pg_class t ON t.relnamespace = v.relnamespace AND t.relname = regexp_replace(v.relname, '_plain$', '')
WHERE v.relnamespace = 'concord'::regnamespace AND v.relname LIKE '%\_plain';

SELECT name, source::regclass FROM views ORDER BY name;

-- Columns that only one of the two has.
SELECT name, attname, source_has, view_has
FROM (SELECT v.name, a.attname, bool_or(a.attrelid = v.source) AS source_has, bool_or(a.attrelid = v.view) AS view_has
      FROM views v JOIN pg_attribute a ON a.attrelid IN (v.view, v.source)
      WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY v.name, a.attname) c
WHERE NOT (source_has AND view_has)
ORDER BY name, attname;

-- Columns that are of another type and need not be, and those of concord's own types.
SELECT v.name, p.attname, format_type(p.atttypid, p.atttypmod) AS type
FROM views v
JOIN pg_attribute p ON p.attrelid = v.view AND p.attnum > 0
JOIN pg_attribute s ON s.attrelid = v.source AND s.attname = p.attname
JOIN pg_type t ON t.oid = s.atttypid
LEFT JOIN pg_type element ON element.oid = t.typelem
WHERE CASE WHEN 'concord'::regnamespace IN (t.typnamespace, element.typnamespace)
           THEN p.atttypid NOT IN ('bigint'::regtype, 'bpchar'::regtype, 'bpchar[]'::regtype)
           ELSE p.atttypid <> s.atttypid END
ORDER BY v.name, p.attnum;
