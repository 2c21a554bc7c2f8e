-- What a database holds that was last written by migration 17.

insert into interlock.reading (key, read_at, moment, content)
values ('seventeenth|octo/shop|', 1, 1, 'null');
