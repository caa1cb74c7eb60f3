-- One site again
-- For "mvcc", Ada's status and Margaret's author both stand, and so do Ada's move and Margaret's edits of a moved page.
-- Where both changed the same value, the later one stands. Both new pages exist, one of them under another slug.
SELECT * FROM demo.edited;
SELECT demo.equal('status and author of mvcc', concat_ws(', ', status, author), 'published, grace')
    FROM demo.pages WHERE slug = 'mvcc' :check
SELECT demo.equal('title of mvcc', title, 'Readers and Writers') FROM demo.pages WHERE slug = 'mvcc' :check
SELECT demo.equal('Margaret''s section, where Ada moved it', concat_ws(', ', title, status, under),
        'Who May See Which Row, published, user-manag')
    FROM demo.pages WHERE slug = 'ddl-rowsecurity' :check
SELECT demo.equal('pages that began as whats-next', string_agg(title, ', ' ORDER BY title),
        'After the First Query, Where to Go from Here')
    FROM demo.pages WHERE slug LIKE 'whats-next%' :check
SELECT demo.equal('the later of them has the slug', title, 'After the First Query')
    FROM demo.pages WHERE slug = 'whats-next' :check
SELECT demo.equal('pages reachable from the root', count(*)::int, (SELECT count(*)::int FROM content_data))
    FROM demo.reachable :check
SELECT demo.equal('pointers of the tree that disagree', count(*)::int, 0) FROM demo.tree_problems :check
SELECT demo.equal('events that wait, rows that cannot be shown',
        (SELECT count(*) FROM concord.received) + (SELECT count(*) FROM concord.pending), 0::bigint) :check
