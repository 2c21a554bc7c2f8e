-- What a database holds that was last written by migration 20.

insert into interlock.reading (key, read_at, moment, content)
values ('twentieth|octo/shop|', 1, 1, 'null');
