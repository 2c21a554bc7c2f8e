-- What a database holds that was last written by migration 6.

update interlock.repository set id = 5000000000, owner_id = 6000000000, default_branch = 'main';
insert into interlock.gated_plan (owner, name, branch, blob) values ('octo', 'shop', 'next', 'b');
