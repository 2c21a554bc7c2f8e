-- Whether the head of a pull request is a branch of the repository itself; null before the first look that could read it.
alter table interlock.subject add own_branch boolean;
-- The base for which it says nothing while the repository itself has a pull request with the same head.
alter table interlock.subject add silent_for text;
