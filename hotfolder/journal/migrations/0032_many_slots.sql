-- A file of thousands of rows is counted as quickly as one of few.

CREATE INDEX job_slots ON job (watch, key, slot, rule, id) WHERE slot <> 1;

DROP VIEW standing;

-- What each source is counted as: the first of failed, waiting, under way, queued (not yet sent, so
-- that a hold makes it wait), done and skipped that holds of it; NULL where no file is there to be
-- counted, as one that failed before it was sent, and was taken away. Of the jobs that send it those
-- count that are open, and the newest of each rule and slot with its present image. Of the many slots
-- of one file the newest is found by an index.
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
                SELECT 1 FROM job AS newer
                WHERE newer.slot <> 1 AND newer.watch = job.watch AND newer.key = job.key
                    AND newer.slot = job.slot AND newer.rule = job.rule AND newer.id > job.id
            ) AND (job.slot <> 1 OR NOT EXISTS (
                SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
                WHERE other.source = source.id AND newer.rule = job.rule
                    AND newer.slot = job.slot AND newer.id > job.id
            ))
        ))
    ), 0),
    coalesce((
        SELECT max(CASE
            WHEN job.state = 'failed' THEN 6
            WHEN job.state = 'in_doubt' THEN 5
            WHEN job.ended_at IS NULL AND job.waits_for IS NOT NULL AND job.waits_for <> 'leader' THEN 5
            WHEN job.state IN ('accepted', 'uploaded') THEN 3
            WHEN job.ended_at IS NULL THEN 4
            ELSE 2
        END)
        FROM material JOIN job ON job.root = material.job
        WHERE material.source = source.id AND (job.ended_at IS NULL OR (
            material.identity = coalesce(source.identity, material.identity) AND NOT EXISTS (
                SELECT 1 FROM job AS newer
                WHERE newer.root = job.root AND newer.digest = job.digest AND newer.id > job.id
            ) AND NOT EXISTS (
                SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
                WHERE other.source = source.id AND newer.rule = job.rule
                    AND newer.slot = job.slot AND newer.id > job.root
            )
        ))
    ), 0)
)
    WHEN 6 THEN 'failed' WHEN 5 THEN 'waiting' WHEN 4 THEN 'under_way' WHEN 3 THEN 'queued'
    WHEN 2 THEN 'done' WHEN 1 THEN 'skipped'
END AS counted_as
FROM source;
