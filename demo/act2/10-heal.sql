-- The subscriptions are enabled again
-- They continue where they stopped. No other action is needed, and nobody has to decide anything.
\connect - - :lima
\echo In Lima, and the same on the other side:
:statements
ALTER SUBSCRIPTION concord_oslo ENABLE;
ALTER SUBSCRIPTION concord_berlin ENABLE;
:done
\connect - - :oslo
ALTER SUBSCRIPTION concord_lima ENABLE;
\connect - - :berlin
ALTER SUBSCRIPTION concord_lima ENABLE;
