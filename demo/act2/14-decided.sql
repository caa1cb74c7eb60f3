-- Decided in Berlin, closed everywhere
-- The decision is sent as one event, and the row as another.
SELECT demo.equal('title of mvcc', title, 'Many Readers and Writers at Once')
    FROM demo.pages WHERE slug = 'mvcc' :check
SELECT demo.equal('its conflict',
        concat_ws(' ', resolution, CASE WHEN resolved_at IS NULL THEN 'open' ELSE 'and closed' END),
        'merged and closed')
    FROM concord.conflicts WHERE conflict_type = 'update_origin_differs' AND table_name = 'content_fields' :check
