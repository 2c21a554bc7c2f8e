-- What a database holds that was last written by migration 18.

update interlock.rollback set stays = true where key = 'comment:1|shop||';
