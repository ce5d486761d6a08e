-- A job may send several files: each of them is counted by it. Sets that are not complete are rows.

CREATE TABLE waiting_set (
    watch INTEGER NOT NULL REFERENCES watch (id),
    key BLOB NOT NULL CHECK (length(key) > 0),
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)),
    PRIMARY KEY (watch, key, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE older_aside AS SELECT * FROM aside;
DROP TABLE aside;

CREATE TABLE aside (
    watch INTEGER NOT NULL REFERENCES watch (id),
    path BLOB NOT NULL CHECK (length(path) > 0),
    counted_as TEXT NOT NULL CHECK (counted_as IN ('waiting', 'skipped')),
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    set_key BLOB CHECK (length(set_key) > 0),
    PRIMARY KEY (watch, path)
) STRICT, WITHOUT ROWID;

INSERT INTO aside (watch, path, counted_as, reason, since)
SELECT watch, path, counted_as, reason, since FROM older_aside;
DROP TABLE older_aside;

CREATE INDEX aside_set ON aside (watch, set_key) WHERE set_key IS NOT NULL;

CREATE TRIGGER aside_is_tallied AFTER INSERT ON aside
BEGIN
    INSERT INTO tally (watch, counted_as, files) VALUES (NEW.watch, NEW.counted_as, 1)
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER aside_is_gone AFTER DELETE ON aside
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = OLD.watch AND counted_as = OLD.counted_as;
END;

DROP TRIGGER job_is_counted;
DROP TRIGGER job_is_counted_anew;
DROP TRIGGER source_is_counted;
DROP TRIGGER source_is_counted_anew;
DROP VIEW standing;

CREATE VIEW standing AS
SELECT source.id AS source, CASE max(
    CASE
        WHEN source.backlog = 'held' AND source.inode <> '' THEN 5
        WHEN source.verdict = 'skipped' AND source.inode <> '' THEN 1
        ELSE 0
    END,
    coalesce((
        SELECT max(CASE
            WHEN job.state = 'failed' AND source.inode = ''
                AND NOT EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id) THEN 0
            WHEN job.state = 'failed' THEN 6
            WHEN job.state = 'in_doubt' THEN 5
            WHEN job.ended_at IS NULL AND job.waits_for IS NOT NULL AND job.waits_for <> 'leader' THEN 5
            WHEN job.state IN ('accepted', 'uploaded') THEN 3
            WHEN job.ended_at IS NULL THEN 4
            WHEN job.state = 'done' THEN 2
            WHEN job.error_code IS 'source_gone' THEN 0
            ELSE 1
        END)
        FROM material JOIN job ON job.id = material.job
        WHERE material.source = source.id AND (job.ended_at IS NULL OR (
            material.identity = coalesce(source.identity, material.identity) AND NOT EXISTS (
                SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
                WHERE other.source = source.id AND newer.rule = job.rule
                    AND newer.slot = job.slot AND newer.id > job.id
            )
        ))
    ), 0)
)
    WHEN 6 THEN 'failed' WHEN 5 THEN 'waiting' WHEN 4 THEN 'under_way' WHEN 3 THEN 'queued'
    WHEN 2 THEN 'done' WHEN 1 THEN 'skipped'
END AS counted_as
FROM source;

CREATE TRIGGER material_is_counted AFTER INSERT ON material WHEN NEW.source IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.source)
    WHERE id = NEW.source;
END;

CREATE TRIGGER material_is_counted_anew AFTER UPDATE OF source, identity ON material
WHEN (OLD.source, OLD.identity) IS NOT (NEW.source, NEW.identity)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (OLD.source, NEW.source);
END;

CREATE TRIGGER material_is_gone AFTER DELETE ON material WHEN OLD.source IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = OLD.source)
    WHERE id = OLD.source;
END;

CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF state, waits_for ON job
WHEN (OLD.state, OLD.waits_for) IS NOT (NEW.state, NEW.waits_for)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (SELECT material.source FROM material WHERE material.job = NEW.id AND material.source IS NOT NULL);
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
