-- Lima is disconnected
-- The subscriptions between Lima and the other nodes stop in both directions. People continue to work on all three nodes.
\echo In Lima:
\connect - - :lima
:statements
ALTER SUBSCRIPTION concord_oslo DISABLE;
ALTER SUBSCRIPTION concord_berlin DISABLE;
:results
\echo In Oslo, and the same in Berlin:
\connect - - :oslo
:statements
ALTER SUBSCRIPTION concord_lima DISABLE;
:done
\connect - - :berlin
ALTER SUBSCRIPTION concord_lima DISABLE;
