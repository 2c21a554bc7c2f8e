-- What a database holds that was last written by migration 11.

insert into interlock.audit (kind, source) values ('settings', 'start');
