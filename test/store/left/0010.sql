-- What a database holds that was last written by migration 10.

insert into interlock.spending (installation, taken) values (7, '[[4000, 20], [5000, 40]]');
