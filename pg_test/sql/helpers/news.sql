-- Included by tests: news() is what came into the log since the last look, without what differs from run to run. Events of one
-- group have one group: the first number and the count.
CREATE TABLE looked (upto bigint NOT NULL);
INSERT INTO looked VALUES (0);
CREATE FUNCTION news()
    RETURNS TABLE (n bigint, "group" text, "table" text, record text, operation text, old jsonb, new jsonb, metadata jsonb)
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT e.node_sequence, e.group_sequence || '+' || e.group_size, e.table_name, e.record_id, e.operation,
               e.old_values, e.new_values, e.metadata
        FROM concord.change_events e, looked
        WHERE e.node_sequence > upto
        ORDER BY e.node_sequence;
    UPDATE looked SET upto = COALESCE((SELECT max(node_sequence) FROM concord.change_events), 0);
END
$$;
-- Waits until no number is missing: those of transactions that died are voided by the next writer, by concord's background
-- worker or by tick(), whoever comes first.
CREATE PROCEDURE settle() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..200 LOOP
        PERFORM concord.tick();
        EXIT WHEN (SELECT count(*) FROM concord.change_events) = (SELECT issued_sequence FROM concord.status);
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
