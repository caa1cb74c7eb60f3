-- Rows as they were
-- concord.row_at returns a row as of any time since it was tracked: here before the day began, next to the row as it is now.
SELECT jsonb_build_array(page('tutorial-start'), 'title', 'en') AS title,
       (SELECT at FROM demo.moments WHERE name = 'before the day began') AS morning \gset
SELECT key AS "column", was.value AS "before the day began", is_now.value AS now
FROM jsonb_each_text(concord.row_at('content_fields', :'title', :'morning')) was
FULL JOIN (SELECT each.* FROM content_fields f, jsonb_each_text(to_jsonb(f)) each
           WHERE content_id = page('tutorial-start') AND field = 'title') is_now USING (key)
ORDER BY array_position('{content_id,field,locale,value,row_version}', key);

\echo A page that is gone, as it was before Ada deleted its chapter:
SELECT e.record_id AS gone, (SELECT at FROM demo.moments WHERE name = 'before the delete') AS noon
FROM concord.change_events e
WHERE request_id = 'r-9' AND operation = 'DELETE' AND table_name = 'content_fields'
    AND old_values ->> 'field' = 'title' AND old_values ->> 'value' LIKE 'Chapter%' \gset
SELECT concord.row_at('content_fields', :'gone', :'noon') ->> 'value' AS "title before the delete",
       coalesce(concord.row_at('content_fields', :'gone', now()) ->> 'value', '(no such row)') AS now;

SELECT demo.equal('the title in the morning', concord.row_at('content_fields', :'title', :'morning') ->> 'value',
                  'Chapter 1. Getting Started') :check
SELECT demo.equal('the title now, from the log', concord.row_at('content_fields', :'title', now()) ->> 'value',
        (SELECT value FROM content_fields WHERE content_id = page('tutorial-start') AND field = 'title')) :check
SELECT demo.holds('the deleted page is not there now', concord.row_at('content_fields', :'gone', now()) IS NULL) :check
SELECT demo.holds('it was there before the delete',
        concord.row_at('content_fields', :'gone', :'noon') ->> 'value' IS NOT NULL) :check
