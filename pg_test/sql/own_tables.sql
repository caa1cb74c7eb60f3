-- Tables of concord's own that somebody has altered: whatever reads or writes them says so, and goes on once it is undone.
CREATE EXTENSION concord;
CREATE TABLE page (id int PRIMARY KEY, title text);
SELECT concord.track('page', version_column => NULL);
INSERT INTO page VALUES (1, 'one');
SELECT ARRAY(SELECT e FROM concord.export_events('{}') e) AS events \gset

-- Every column of the log under another name.
SELECT format(s, a.attname)
FROM pg_attribute a,
     unnest(ARRAY['ALTER TABLE concord.change_events RENAME %I TO other', 'INSERT INTO page VALUES (0)',
                  'ALTER TABLE concord.change_events RENAME other TO %I']) WITH ORDINALITY s (s, n)
WHERE a.attrelid = 'concord.change_events'::regclass AND a.attnum > 0 ORDER BY a.attnum, n \gexec
-- Of another type.
ALTER EXTENSION concord DROP VIEW concord.change_events_plain;
DROP VIEW concord.change_events_plain;
ALTER TABLE concord.change_events ALTER ip TYPE text;
INSERT INTO page VALUES (0);
ALTER TABLE concord.change_events ALTER ip TYPE inet USING ip::inet;
-- Columns that are not concord's: nullable, with a default, computed.
SELECT s FROM unnest(ARRAY['tenant text', 'tenant int NOT NULL DEFAULT 1',
                           'tenant text GENERATED ALWAYS AS (action) STORED']) a,
              unnest(ARRAY['ALTER TABLE concord.change_events ADD ' || a, 'INSERT INTO page VALUES (0)',
                           'ALTER TABLE concord.change_events DROP tenant']) s \gexec
-- The table of nodes is read at each commit.
ALTER TABLE concord.nodes RENAME applied_sequence TO other;
INSERT INTO page VALUES (0);
ALTER TABLE concord.nodes RENAME other TO applied_sequence;

-- What takes events in says the same.
ALTER TABLE concord.change_events ADD tenant text;
SELECT * FROM concord.apply_events(:'events');
SELECT * FROM concord.retry_pending();
ALTER TABLE concord.change_events DROP tenant;
-- Of nodes, columns behind those that are read do no harm, and nowhere do those that are gone.
ALTER TABLE concord.nodes ADD note text;
INSERT INTO page VALUES (2, 'two');
UPDATE page SET title = upper(title);
SELECT * FROM concord.apply_events(:'events');
SELECT concord.tick();
SELECT record_id, operation, new_values FROM concord.change_events WHERE record_id IS NOT NULL ORDER BY node_sequence;
