-- What the processes that open pictures can do although they must not, in words; NULL = nothing.

ALTER TABLE daemon ADD COLUMN unconfined TEXT;
