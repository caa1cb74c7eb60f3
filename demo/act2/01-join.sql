-- Berlin and Lima join Oslo
-- Each new node tracks the same six tables, which are empty. Every node publishes its log and subscribes to the logs of the
-- two others; the tables follow the log.
SET client_min_messages = warning;
\connect - - :oslo
\echo In Oslo, and the same in Berlin and Lima:
:statements
SELECT concord.create_publication();
:results
\connect - - :berlin
SELECT concord.create_publication() \gset silent_
\connect - - :lima
SELECT concord.create_publication() \gset silent_
\echo 'In Lima for each of the others, and likewise in Oslo and Berlin. \\gexec executes what it returns:'
:statements
SELECT concord.subscription_commands('oslo', :'to_oslo') AS command;
:results
SET client_min_messages = warning;
SELECT concord.subscription_commands('oslo', :'to_oslo') \gexec
SELECT concord.subscription_commands('berlin', :'to_berlin') \gexec
\connect - - :berlin
SET client_min_messages = warning;
SELECT concord.subscription_commands('oslo', :'to_oslo') \gexec
SELECT concord.subscription_commands('lima', :'to_lima') \gexec
\connect - - :oslo
SET client_min_messages = warning;
SELECT concord.subscription_commands('berlin', :'to_berlin') \gexec
SELECT concord.subscription_commands('lima', :'to_lima') \gexec
\echo Each node announces its name:
:statements
SELECT concord.heartbeat();
:done
\connect - - :berlin
SELECT concord.heartbeat() \gset silent_
\connect - - :lima
SELECT concord.heartbeat() \gset silent_
