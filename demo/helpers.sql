-- What the demo itself needs: checks, moments to come back to, and the log in words.

CREATE SCHEMA demo;

-- A line that says what was found, or an error that ends the demo.
CREATE FUNCTION demo.equal(what text, actual anyelement, expected anyelement) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF actual IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'expected % = %, found %', what, expected, actual;
    END IF;
    RETURN concat(current_setting('demo.tick', true), ' ', what, ': ', actual);
END $$;

CREATE FUNCTION demo.holds(what text, holds boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION 'not true: %', what;
    END IF;
    RETURN concat(current_setting('demo.tick', true), ' ', what);
END $$;

-- Moments of the day, to ask for rows as they were then.
CREATE TABLE demo.moments (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());

-- One line of at most n characters.
CREATE FUNCTION demo.short(value text, n int) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN length(line) > n THEN rtrim(left(line, n - 1)) || '…' ELSE line END
    FROM regexp_replace(value, '\s+', ' ', 'g') AS line
$$;

CREATE VIEW demo.rows AS
    SELECT 1 AS place, 'users' AS table_name, count(*) FROM users
    UNION ALL SELECT 2, 'datatypes', count(*) FROM datatypes
    UNION ALL SELECT 3, 'routes', count(*) FROM routes
    UNION ALL SELECT 4, 'content_data', count(*) FROM content_data
    UNION ALL SELECT 5, 'content_fields', count(*) FROM content_fields
    UNION ALL SELECT 6, 'media', count(*) FROM media;

-- The tree, read the way a CMS reads it: first child, then sibling after sibling.
CREATE VIEW demo.reachable AS
    WITH RECURSIVE walk AS (
        SELECT content_id, first_child_id, next_sibling_id FROM content_data WHERE parent_id IS NULL
        UNION
        SELECT c.content_id, c.first_child_id, c.next_sibling_id
        FROM walk w JOIN content_data c ON c.content_id IN (w.first_child_id, w.next_sibling_id)
    )
    SELECT content_id FROM walk;

CREATE VIEW demo.tree_problems AS
    SELECT a.content_id, 'the next sibling does not point back' AS problem
    FROM content_data a JOIN content_data b ON b.content_id = a.next_sibling_id
    WHERE b.prev_sibling_id IS DISTINCT FROM a.content_id OR b.parent_id IS DISTINCT FROM a.parent_id
    UNION ALL
    SELECT b.content_id, 'the previous sibling does not point here'
    FROM content_data b JOIN content_data a ON a.content_id = b.prev_sibling_id
    WHERE a.next_sibling_id IS DISTINCT FROM b.content_id
    UNION ALL
    SELECT p.content_id, 'the first child has another parent or a sibling before it'
    FROM content_data p JOIN content_data c ON c.content_id = p.first_child_id
    WHERE c.parent_id IS DISTINCT FROM p.content_id OR c.prev_sibling_id IS NOT NULL
    UNION ALL
    SELECT content_id, 'cannot be reached from the root'
    FROM content_data WHERE content_id NOT IN (SELECT content_id FROM demo.reachable);

-- The row events of the log in words. Pages are named by their slug, which the log still knows after a delete.
CREATE VIEW demo.timeline AS
WITH pages AS MATERIALIZED (
    SELECT c.record_id AS content_id, r.new_values ->> 'slug' AS slug
    FROM concord.change_events c
    JOIN concord.change_events r ON r.table_name = 'routes' AND r.operation = 'INSERT'
        AND r.record_id = c.new_values ->> 'route_id'
    WHERE c.table_name = 'content_data' AND c.operation = 'INSERT'
)
SELECT e.node_sequence, e.group_sequence, e.wall_timestamp, e.request_id, e.action, u.username AS who,
       e.table_name, e.operation,
       CASE e.table_name
           WHEN 'content_data' THEN p.slug
           WHEN 'content_fields' THEN concat(p.slug, ' ', image ->> 'field')
           ELSE coalesce(image ->> 'slug', image ->> 'username', image ->> 'name')
       END AS record,
       CASE
           WHEN e.operation IN ('UPDATE', 'STALE') THEN concat_ws(', ', changed.columns, redacted.columns)
           ELSE coalesce(image ->> 'value', image ->> 'status', image ->> 'email', image ->> 'mime_type')
       END AS what_changed
FROM concord.change_events e
CROSS JOIN LATERAL (SELECT coalesce(e.new_values, e.old_values) AS image) i
LEFT JOIN users u ON u.user_id::text = e.user_id
LEFT JOIN pages p ON p.content_id = image ->> 'content_id'
LEFT JOIN LATERAL (
    SELECT string_agg(concat(CASE WHEN key <> 'value' THEN regexp_replace(key, '_id$', '') || ': ' END,
                             demo.short(coalesce(was.slug, o.value, '∅'), 27), ' → ',
                             demo.short(coalesce(is_now.slug, n.value, '∅'), 27)), ', ' ORDER BY key)
    FROM jsonb_each_text(e.old_values) o
    JOIN jsonb_each_text(e.new_values) n USING (key)
    LEFT JOIN pages was ON was.content_id = o.value
    LEFT JOIN pages is_now ON is_now.content_id = n.value
    WHERE n.value IS DISTINCT FROM o.value AND key NOT IN ('row_version', 'date_modified')
) AS changed (columns) ON e.operation IN ('UPDATE', 'STALE')
LEFT JOIN LATERAL (
    SELECT string_agg(name || ' (value not kept)', ', ') FROM jsonb_array_elements_text(e.metadata -> 'redacted') name
) AS redacted (columns) ON jsonb_typeof(e.metadata -> 'redacted') = 'array'
WHERE e.operation IN ('INSERT', 'UPDATE', 'DELETE', 'STALE');

-- In how many rows of each of concord's own tables a text occurs, as text or as bytes.
CREATE FUNCTION demo.search(needle text) RETURNS TABLE (table_name text, rows bigint, hits bigint) LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT oid FROM pg_class WHERE relnamespace = 'concord'::regnamespace AND relkind IN ('r', 'p', 'm')
            AND NOT relispartition ORDER BY relname
    LOOP
        table_name := relation::text;
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0)
                        FROM %s t', relation)
            INTO rows, hits USING needle, encode(convert_to(needle, 'UTF8'), 'hex');
        RETURN NEXT;
    END LOOP;
END $$;
