-- 10,000 open conflicts, 200 of them with long values.
CREATE EXTENSION concord;
INSERT INTO concord.conflicts (conflict_id, table_schema, table_name, record_id, conflict_type, conflict_policy, base_values, local_values,
    remote_values, applied_values)
SELECT ('0200000000000000000000' || lpad(to_hex(i), 4, '0'))::concord.ulid, 'public', 'page', i::text, 'update_origin_differs', 'manual',
       w.v, w.v || '{"c1": "x"}', w.v || jsonb_build_object('c2', repeat('word ', CASE WHEN i < 200 THEN 20000 ELSE 2 END)), w.v
FROM generate_series(1, 10000) i,
     (SELECT jsonb_object_agg('c' || c, c) AS v FROM generate_series(1, 30) c) w;
