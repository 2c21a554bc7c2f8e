-- What a database holds that was last written by migration 15.

insert into interlock.told (owner, name, what, bound, at, heard)
values ('octo', 'shop', 'branch:main', '{"kind":"branch","at":1,"head":{"now":"a","left":[]}}', 1, 1);
