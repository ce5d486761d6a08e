-- Notes about many files of a folder.

CREATE TABLE folder_note (
    watch INTEGER NOT NULL REFERENCES watch (id),
    output_root BLOB NOT NULL,
    folder BLOB NOT NULL,
    name BLOB NOT NULL CHECK (length(name) > 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1)),
    PRIMARY KEY (watch, output_root, folder)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_told ON job (state, id) WHERE error_code IS NOT NULL;

-- A file that failed before it was sent, and was taken away, is no longer counted.
DROP VIEW standing;

-- What each source is counted as: the first of failed, waiting, under way, queued (not yet sent, so
-- that a hold makes it wait), done and skipped that holds of it; NULL where no file is there to be
-- counted, as one that failed before it was sent, and was taken away. Of its jobs those count that
-- are open, and the newest of each rule for its present image.
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
SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
WHERE counted_as = 'failed' AND inode = '';
