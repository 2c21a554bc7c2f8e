-- What a database holds that was last written by migration 3.

insert into interlock.notice (target, key, subject_key, content, state, attempts, next_at, why)
values
  ('arn:aws:sns:eu-west-1:111122223333:releases', 'failed|run-9|0', 'pull:octo/shop#1',
   '{"key":"failed|run-9|0","kind":"failed","at":1000,"repository":{"installation":7,"owner":"octo","name":"shop"},"branch":"main","sha":"a","pipeline":"shop","stage":null,"role":null,"subject":"octo/shop: failed","sentences":["It failed."]}',
   'waiting', 2, 1600, 'ServiceUnavailable');
