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
    created_at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

COMMENT ON TABLE concord.identity IS 'The identities of this database and the places they are bound to';

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

COMMENT ON TABLE concord.nodes IS 'Every node known here, this one included';
