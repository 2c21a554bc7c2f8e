-- What a database holds that was last written by migration 11.

update interlock.generation set value = 'eleventh';
