-- What a database holds that was last written by migration 8.

update interlock.subject set heard = 3 where key = 'pull:octo/shop#1';
update interlock.reading set moment = 2;
