-- The audit trail has every comment with a command that was not taken for one.
drop trigger audit_delivery on interlock.delivery;
create trigger audit_delivery after insert on interlock.delivery
  for each row when (new.outcome in ('ignored: old_comment', 'ignored: comment_edited',
                                     'ignored: bot_comment', 'ignored: closed_pull_request'))
  execute function interlock.audit_delivery();
