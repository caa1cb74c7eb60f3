-- Margaret changes her password
-- The log records that the password changed, but none of concord's tables contains the old or the new hash.
SELECT password_hash AS old_hash FROM users WHERE username = 'margaret' \gset
:statements
BEGIN;
SELECT concord.set_context(user_id => :'margaret', request_id => 'r-7',
    ip => '10.0.0.7', action => 'account');
UPDATE users SET password_hash = 'scrypt$16384$correct-horse-battery-staple' WHERE username = 'margaret';
COMMIT;
:results
SELECT demo.equal('hashes in use now', count(*)::int, 1)
    FROM users WHERE password_hash LIKE '%correct-horse%' :check
SELECT demo.equal('the log says that it changed', string_agg(operation || ' ' || what_changed, '; '),
                  'UPDATE password_hash (value not kept)') FROM demo.timeline WHERE request_id = 'r-7' :check
SELECT demo.equal('rows of concord with the new hash', sum(hits)::int, 0) FROM demo.search('correct-horse') :check
SELECT demo.equal('rows of concord with the old hash', sum(hits)::int, 0)
    FROM demo.search(split_part(:'old_hash', '$', 3)) :check
SELECT demo.holds(format('the same search, for her address, finds %s', sum(hits)), sum(hits) > 0)
    FROM demo.search('margaret@example.org') :check
