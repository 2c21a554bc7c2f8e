-- What a database holds that was last written by migration 19.

update interlock.subject set own_branch = true where kind = 'pull';
