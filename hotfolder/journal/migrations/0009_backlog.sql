-- What a watch took when it was last looked at whole, and sources that are held back.
ALTER TABLE watch ADD COLUMN eligible TEXT;
ALTER TABLE source ADD COLUMN backlog TEXT CHECK (backlog IN ('held', 'unwanted'));
ALTER TABLE source ADD COLUMN estimate TEXT;
CREATE INDEX source_backlog ON source (watch, size) WHERE backlog IS NOT NULL;
