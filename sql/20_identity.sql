-- The identities this database has had, each bound to the place it lived in. The one whose place is
-- here is the node; a row from elsewhere (a restored dump, a copied database) is its predecessor.
CREATE TABLE concord.identity (
    node_id             concord.ulid PRIMARY KEY,
    system_identifier   bigint      NOT NULL,
    database_oid        oid         NOT NULL,
    timeline            integer     NOT NULL,
    predecessor_id      concord.ulid,
    contiguous_sequence bigint      NOT NULL DEFAULT 0,
    clock_reset         boolean     NOT NULL DEFAULT false,
    keys_returned       boolean     NOT NULL DEFAULT true,
    created_at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

COMMENT ON TABLE concord.identity IS 'Identities that this database has had, and the place to which each is bound';
COMMENT ON COLUMN concord.identity.node_id IS 'Identity of a node';
COMMENT ON COLUMN concord.identity.system_identifier IS 'Place: the system identifier of the cluster';
COMMENT ON COLUMN concord.identity.database_oid IS 'Place: the OID of the database';
COMMENT ON COLUMN concord.identity.timeline IS 'Place: the timeline of the cluster';
COMMENT ON COLUMN concord.identity.predecessor_id IS 'Identity that this one follows';
COMMENT ON COLUMN concord.identity.contiguous_sequence IS
    'Number up to which the log is known to hold all events of this node';
COMMENT ON COLUMN concord.identity.clock_reset IS
    'Whether hlc_reset() ended this identity, so that its clock values no longer count';
COMMENT ON COLUMN concord.identity.keys_returned IS
    'Whether keys of an earlier identity may have come in that the sequences have yet to pass';
COMMENT ON COLUMN concord.identity.created_at IS 'When the identity was made';

CREATE TABLE concord.nodes (
    node_id             concord.ulid PRIMARY KEY,
    name                text,
    hostname            text,
    status              text        NOT NULL DEFAULT 'active'
                                    CHECK (status IN ('active', 'stale', 'retired', 'forked')),
    predecessor_id      concord.ulid,
    registered_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_heartbeat      timestamptz,
    hlc_high_water_mark concord.hlc,
    applied_sequence    bigint      NOT NULL DEFAULT 0,
    received_sequence   bigint      NOT NULL DEFAULT 0,
    observed            jsonb       NOT NULL DEFAULT '{}',
    key_space           jsonb
);

COMMENT ON TABLE concord.nodes IS 'Every node that is known here, including this one and its predecessors';
COMMENT ON COLUMN concord.nodes.node_id IS 'Identity of the node';
COMMENT ON COLUMN concord.nodes.name IS 'Name of the node, as its last NODE event says';
COMMENT ON COLUMN concord.nodes.hostname IS 'Host of the node, as its last NODE event says';
COMMENT ON COLUMN concord.nodes.status IS
    'State of the node: active, stale (silent for concord.node_stale_after), retired, or forked (two databases write as it)';
COMMENT ON COLUMN concord.nodes.predecessor_id IS 'Node that this one follows';
COMMENT ON COLUMN concord.nodes.registered_at IS 'When the node became known here';
COMMENT ON COLUMN concord.nodes.last_heartbeat IS
    'Of this node, the time of its last tick; of another, the time of its last event here';
COMMENT ON COLUMN concord.nodes.hlc_high_water_mark IS
    'Of this node, the clock at its last tick; of another, the highest clock value of its events here';
COMMENT ON COLUMN concord.nodes.applied_sequence IS 'Number up to which the log holds all events of the node';
COMMENT ON COLUMN concord.nodes.received_sequence IS
    'Highest number of the node''s events that has come in, whether in the log or waiting';
COMMENT ON COLUMN concord.nodes.observed IS 'Vector of another node when it wrote its last event here';
COMMENT ON COLUMN concord.nodes.key_space IS
    'Remainder to which the values of the node''s sequences keep; null before spread_sequences()';
