-- What a database holds that was last written by migration 16.

insert into interlock.delivery (guid, event, action, received_at, outcome)
values ('edited', 'issue_comment', 'edited', 1, 'ignored: comment_edited');
