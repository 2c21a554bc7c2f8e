-- What a database holds that was last written by migration 7.

update interlock.intention set origin = '{"kind":"comment","id":3000000000,"pull":1}' where comment is not null;
