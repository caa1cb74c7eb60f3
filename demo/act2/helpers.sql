-- What the second act needs on each node besides.

-- A page at the end of another's children. Returns how many rows that took.
CREATE FUNCTION add_page(under text, slug text, title text, author concord.ulid) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    last concord.ulid := (SELECT content_id FROM content_data
                          WHERE parent_id = page(under) AND next_sibling_id IS NULL);
    added concord.ulid;
BEGIN
    INSERT INTO routes (slug) VALUES (add_page.slug);
    INSERT INTO content_data (parent_id, prev_sibling_id, route_id, datatype_id, author_id)
        SELECT page(under), last, route_id, datatype_id, author
        FROM routes, datatypes WHERE routes.slug = add_page.slug AND name = 'sect1'
        RETURNING content_id INTO added;
    UPDATE content_data SET next_sibling_id = added WHERE content_id = last;
    INSERT INTO content_fields (content_id, field, value) VALUES (added, 'title', title);
    RETURN 4;
END $$;

-- What a page is called, where it hangs, and who answers for it.
CREATE VIEW demo.pages AS
    SELECT r.slug, t.value AS title, above.slug AS under, c.status, u.username AS author
    FROM content_data c
    JOIN routes r USING (route_id)
    LEFT JOIN content_data p ON p.content_id = c.parent_id
    LEFT JOIN routes above ON above.route_id = p.route_id
    LEFT JOIN content_fields t ON t.content_id = c.content_id AND t.field = 'title'
    LEFT JOIN users u ON u.user_id = c.author_id;

-- The pages that the second act is about.
CREATE VIEW demo.edited AS
    SELECT * FROM demo.pages WHERE slug IN ('mvcc', 'ddl-rowsecurity') OR slug LIKE 'whats-next%' ORDER BY slug, title;
