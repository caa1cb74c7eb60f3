-- The tables of a small CMS. Pages form a tree of first-child and sibling pointers; what a page says
-- is in content_fields, one row for each field and locale. Every key is a ULID.

CREATE TABLE users (
    user_id       concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    username      text NOT NULL UNIQUE,
    email         text NOT NULL,
    password_hash text NOT NULL
);

CREATE TABLE datatypes (
    datatype_id concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    name        text NOT NULL UNIQUE
);

CREATE TABLE routes (
    route_id concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    slug     text NOT NULL UNIQUE
);

CREATE TABLE content_data (
    content_id      concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    parent_id       concord.ulid REFERENCES content_data ON DELETE CASCADE,
    first_child_id  concord.ulid REFERENCES content_data ON DELETE SET NULL,
    next_sibling_id concord.ulid REFERENCES content_data ON DELETE SET NULL,
    prev_sibling_id concord.ulid REFERENCES content_data ON DELETE SET NULL,
    route_id        concord.ulid NOT NULL REFERENCES routes ON DELETE CASCADE,
    datatype_id     concord.ulid NOT NULL REFERENCES datatypes,
    author_id       concord.ulid NOT NULL REFERENCES users,
    status          text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
    date_created    timestamptz NOT NULL DEFAULT now(),
    date_modified   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON content_data (parent_id);
CREATE INDEX ON content_data (route_id);

CREATE TABLE content_fields (
    content_id concord.ulid REFERENCES content_data ON DELETE CASCADE,
    field      text,
    locale     text DEFAULT 'en',
    value      text NOT NULL,
    PRIMARY KEY (content_id, field, locale)
);

CREATE TABLE media (
    media_id   concord.ulid PRIMARY KEY DEFAULT concord.gen_ulid(),
    content_id concord.ulid NOT NULL REFERENCES content_data ON DELETE CASCADE,
    name       text NOT NULL,
    mime_type  text NOT NULL,
    data       bytea NOT NULL
);
CREATE INDEX ON media (content_id);

CREATE FUNCTION set_date_modified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.date_modified := now();
    RETURN NEW;
END $$;

CREATE TRIGGER set_date_modified BEFORE UPDATE ON content_data
    FOR EACH ROW EXECUTE FUNCTION set_date_modified();

-- The page that answers to a slug.
CREATE FUNCTION page(slug text) RETURNS concord.ulid STABLE LANGUAGE sql AS $$
    SELECT c.content_id FROM content_data c JOIN routes r USING (route_id) WHERE r.slug = page.slug
$$;
