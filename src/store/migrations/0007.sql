-- Where a request was made, to be read back from GitHub; null for those of an earlier version.
alter table interlock.intention add column origin text;
