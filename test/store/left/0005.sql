-- What a database holds that was last written by migration 5.

update interlock.subject set epoch = 4 where key = 'pull:octo/shop#1';
