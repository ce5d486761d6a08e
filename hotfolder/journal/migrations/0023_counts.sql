-- How many files of each watch are what, without counting them all.

ALTER TABLE source ADD COLUMN counted_as TEXT CHECK (counted_as IN (
    'failed', 'waiting', 'under_way', 'queued', 'done', 'skipped'
));

-- Files that are no sources (yet): no rule takes them, or they cannot be read.
CREATE TABLE aside (
    watch INTEGER NOT NULL REFERENCES watch (id),
    path BLOB NOT NULL CHECK (length(path) > 0),
    counted_as TEXT NOT NULL CHECK (counted_as IN ('waiting', 'skipped')),
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (watch, path)
) STRICT, WITHOUT ROWID;

-- How many files of a watch are counted as what. Triggers keep it true.
CREATE TABLE tally (
    watch INTEGER NOT NULL REFERENCES watch (id),
    counted_as TEXT NOT NULL,
    files INTEGER NOT NULL,
    PRIMARY KEY (watch, counted_as)
) STRICT, WITHOUT ROWID;

CREATE INDEX source_skipped ON source (watch, path) WHERE counted_as = 'skipped';

-- What each source is counted as: the first of failed, waiting, under way, queued (not yet sent, so
-- that a hold makes it wait), done and skipped that holds of it; NULL where no file is there to be
-- counted. Of its jobs those count that are open, and the newest of each rule for its present image.
CREATE VIEW standing AS
SELECT source.id AS source, CASE max(
    CASE
        WHEN source.backlog = 'held' AND source.inode <> '' THEN 5
        WHEN source.verdict = 'skipped' AND source.inode <> '' THEN 1
        ELSE 0
    END,
    coalesce((
        SELECT max(CASE
            WHEN job.state = 'failed' THEN 6
            WHEN job.state = 'in_doubt' THEN 5
            WHEN job.ended_at IS NULL AND job.waits_for IS NOT NULL AND job.waits_for <> 'leader' THEN 5
            WHEN job.state IN ('accepted', 'uploaded') THEN 3
            WHEN job.ended_at IS NULL THEN 4
            WHEN job.state = 'done' THEN 2
            WHEN job.error_code IS 'source_gone' THEN 0
            ELSE 1
        END)
        FROM job WHERE job.source = source.id AND (job.ended_at IS NULL OR (
            job.identity = coalesce(source.identity, job.identity) AND NOT EXISTS (
                SELECT 1 FROM job AS newer
                WHERE newer.source = job.source AND newer.rule = job.rule AND newer.id > job.id
            )
        ))
    ), 0)
)
    WHEN 6 THEN 'failed' WHEN 5 THEN 'waiting' WHEN 4 THEN 'under_way' WHEN 3 THEN 'queued'
    WHEN 2 THEN 'done' WHEN 1 THEN 'skipped'
END AS counted_as
FROM source;

UPDATE source
SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id);

INSERT INTO tally (watch, counted_as, files)
SELECT watch, counted_as, count(*) FROM source
WHERE counted_as IS NOT NULL GROUP BY watch, counted_as;

CREATE TRIGGER job_is_counted AFTER INSERT ON job
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.source)
    WHERE id = NEW.source;
END;

CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF source, identity, state, waits_for ON job
WHEN (OLD.source, OLD.identity, OLD.state, OLD.waits_for)
    IS NOT (NEW.source, NEW.identity, NEW.state, NEW.waits_for)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (OLD.source, NEW.source);
END;

CREATE TRIGGER source_is_counted AFTER INSERT ON source
BEGIN
    DELETE FROM aside WHERE watch = NEW.watch AND path = NEW.path;
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER source_is_counted_anew
AFTER UPDATE OF path, inode, identity, verdict, backlog ON source
BEGIN
    DELETE FROM aside WHERE watch = NEW.watch AND path = NEW.path;
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER source_is_tallied AFTER UPDATE OF counted_as ON source
WHEN OLD.counted_as IS NOT NEW.counted_as
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = NEW.watch AND counted_as = OLD.counted_as;
    INSERT INTO tally (watch, counted_as, files)
    SELECT NEW.watch, NEW.counted_as, 1 WHERE NEW.counted_as IS NOT NULL
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER source_is_gone AFTER DELETE ON source
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = OLD.watch AND counted_as = OLD.counted_as;
END;

CREATE TRIGGER aside_is_tallied AFTER INSERT ON aside
BEGIN
    INSERT INTO tally (watch, counted_as, files) VALUES (NEW.watch, NEW.counted_as, 1)
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER aside_is_gone AFTER DELETE ON aside
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = OLD.watch AND counted_as = OLD.counted_as;
END;
