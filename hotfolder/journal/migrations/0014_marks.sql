-- Marks: what tells an output folder which intents its journal knew. NULL: no intent of ours, or one
-- of an older program.

ALTER TABLE submit ADD COLUMN mark TEXT;

CREATE UNIQUE INDEX submit_mark ON submit (mark) WHERE mark IS NOT NULL;
