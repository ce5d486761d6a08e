-- Results may wait for a person to decide whether they are published; who decided, and when.

ALTER TABLE result ADD COLUMN decision TEXT CHECK (decision IN ('approved', 'rejected', 'redo'));
ALTER TABLE result ADD COLUMN decided_by TEXT CHECK ((decided_by IS NULL) = (decision IS NULL));
ALTER TABLE result ADD COLUMN decided_at INTEGER CHECK ((decided_at IS NULL) = (decision IS NULL));

-- Only checks change, and no row: SQLite's own way for that is to change the table's text.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(
    replace(sql, '''share'', ''source'')', '''share'', ''source'', ''review'')'),
    'CHECK (due_at IS NULL OR waits_for IS NULL),',
    'CHECK (due_at IS NULL OR waits_for IS NULL),
    CHECK (waits_for IS NOT ''review'' OR state = ''fetched''),'
) WHERE type = 'table' AND name = 'job';
PRAGMA writable_schema = RESET;
