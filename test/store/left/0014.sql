-- What a database holds that was last written by migration 14.

insert into interlock.withheld (owner, name, id, installation, content, received_at)
values ('octo', 'shop', 2, 7, '{"guid":"w","receivedAt":1,"event":{"kind":"look","sights":[]}}', 1);
