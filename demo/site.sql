-- The database of the site, on one node or several.
SET client_min_messages = warning;
CREATE EXTENSION concord;
ALTER DATABASE cms SET demo.tick = :'tick';
