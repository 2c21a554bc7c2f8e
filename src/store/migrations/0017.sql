-- The newest runs of each place are found in their order, and what is old by its time: so little is read of either
-- that it does not matter how many there are.
drop index interlock.pipeline_run_place;
create index pipeline_run_place on interlock.pipeline_run (place, started_at desc, token);
drop index interlock.pipeline_run_placeless;
create index pipeline_run_placeless on interlock.pipeline_run (started_at desc, token) where place is null;
create index withheld_received_at on interlock.withheld (received_at);
create index local_run_ended_at on interlock.local_run (ended_at) where workspace is null;
