-- Where an original was moved to when its edits were done, below the output; NULL with a time:
-- someone took it.

ALTER TABLE source ADD COLUMN moved_at INTEGER;

ALTER TABLE source ADD COLUMN moved_to BLOB;

CREATE INDEX source_here ON source (watch, id) WHERE moved_at IS NULL;
