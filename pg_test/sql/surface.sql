-- What the extension offers, and what is its own affair: internal objects bear an underscore and say so, all others say what they are for.
CREATE EXTENSION concord;
CREATE TEMP VIEW members AS
SELECT o.type, o.identity, d.classid, d.objid,
       o.identity ~ '^concord\._' AS internal, obj_description(d.objid, d.classid::regclass::name) AS comment
FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'concord');
SELECT type, count(*) FILTER (WHERE NOT internal) > 0 AS public, count(*) FILTER (WHERE internal) > 0 AS internal
FROM members GROUP BY type ORDER BY type COLLATE "C";

-- Objects whose comment is missing or does not tell what their name does.
SELECT type, identity, comment FROM members
WHERE comment IS NULL OR comment !~ '^(Internal: \w.*|[A-Z].*[^.])$' OR comment LIKE 'Internal: %' IS DISTINCT FROM internal
ORDER BY type COLLATE "C", identity COLLATE "C";
-- The same of the columns of public tables and views.
SELECT m.identity, a.attname, d.comment
FROM members m
JOIN pg_attribute a ON a.attrelid = m.objid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL (SELECT col_description(a.attrelid, a.attnum) AS comment) d
WHERE m.classid = 'pg_class'::regclass AND NOT m.internal
      AND (d.comment IS NULL OR d.comment LIKE 'Internal%' OR d.comment !~ '^[A-Z].*[^.]$')
ORDER BY m.identity COLLATE "C", a.attnum;
-- Members of the schema that are not the extension's, but for what belongs to its tables.
SELECT o.type, o.identity
FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'concord'::regnamespace AND d.deptype = 'n'
      AND o.type NOT IN ('index', 'toast table', 'extension')
      AND NOT EXISTS (SELECT FROM members m WHERE m.classid = d.classid AND m.objid = d.objid)
ORDER BY 1, 2;

-- All that PUBLIC may do: the schema may be used, the types too, and these functions called.
SELECT o.type, o.identity, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges
FROM (SELECT 'pg_class'::regclass AS classid, c.oid, COALESCE(c.relacl, acldefault('r', c.relowner)) AS acl FROM pg_class c
      UNION ALL
      SELECT 'pg_proc'::regclass, p.oid, COALESCE(p.proacl, acldefault('f', p.proowner)) FROM pg_proc p
      UNION ALL
      SELECT 'pg_type'::regclass, t.oid, COALESCE(t.typacl, acldefault('T', t.typowner)) FROM pg_type t) g
JOIN members m ON m.classid = g.classid AND m.objid = g.oid
CROSS JOIN LATERAL aclexplode(g.acl) a
CROSS JOIN LATERAL pg_identify_object(g.classid, g.oid, 0) o
WHERE a.grantee = 0
GROUP BY o.type, o.identity
ORDER BY o.type COLLATE "C", o.identity COLLATE "C";
SELECT a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'concord' AND a.grantee = 0;
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'concord'::regnamespace AND a.attacl IS NOT NULL;

-- One word is one thing: names of columns, in tables, views and what functions return, that are of several types.
SELECT name, string_agg(type || ': ' || places, '; ' ORDER BY type COLLATE "C") AS types
FROM (SELECT name, type, string_agg(place, ', ' ORDER BY place COLLATE "C") AS places
      FROM (SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, c.relname::text AS place
            FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE NOT m.internal AND c.relname NOT LIKE '%\_plain'
            UNION ALL
            SELECT a.name, format_type(a.type, NULL), p.proname || '()'
            FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
            CROSS JOIN LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes) a(name, type, mode)
            WHERE NOT m.internal AND a.mode IN ('o', 't')) n
      GROUP BY name, type) t
GROUP BY name HAVING count(*) > 1 ORDER BY name COLLATE "C";
