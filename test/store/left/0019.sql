-- What a database holds that was last written by migration 19.

update interlock.subject set own_branch = true where kind = 'pull';

insert into interlock.snapshot (subject_key, content, taken_at)
values ('commit:octo/shop@dddddddddddddddddddddddddddddddddddddddd:main',
        '{"facts":{"now":1,"intentions":[],"said":{"why":"\"said\":"},"gateBy":null,"heirs":[],"roads":null,"able":{},"surveys":[{"adopted":[],"marks":[]}]},"decision":{"settlements":[]}}',
        3000);

insert into interlock.withheld (owner, name, id, owner_id, installation, content, received_at)
values ('octo', 'shop', 99, null, 7,
        '{"guid":"g","receivedAt":1,"event":{"kind":"look","sights":[]}}', 1);
