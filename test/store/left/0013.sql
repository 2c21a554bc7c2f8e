-- What a database holds that was last written by migration 13.

update interlock.repository set replaced = 5;
