create extension concord;
select concord.track('content');
