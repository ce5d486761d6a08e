-- Chains: jobs that take the results of other jobs.

ALTER TABLE job ADD COLUMN root INTEGER REFERENCES job (id);
ALTER TABLE job ADD COLUMN parent INTEGER REFERENCES job (id)
    CHECK ((parent IS NULL) = (root IS NULL));
ALTER TABLE job ADD COLUMN step INTEGER NOT NULL DEFAULT 0
    CHECK (step >= 0 AND (step = 0) = (root IS NULL));
ALTER TABLE job ADD COLUMN position INTEGER
    CHECK (position >= 1 AND (position IS NULL) = (root IS NULL));

CREATE UNIQUE INDEX job_follows_once ON job (parent, step, position, generation)
    WHERE parent IS NOT NULL;
CREATE INDEX job_chain ON job (root, digest) WHERE root IS NOT NULL;
CREATE INDEX material_result ON material (result) WHERE result IS NOT NULL;

DROP VIEW standing;

-- What each source is counted as: the first of failed, waiting, under way, queued (not yet sent, so
-- that a hold makes it wait), done and skipped that holds of it; NULL where no file is there to be
-- counted, as one that failed before it was sent, and was taken away. Of the jobs that send it those
-- count that are open, and the newest of each rule and slot with its present image.
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

DROP TRIGGER job_is_counted_anew;

CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF state, waits_for ON job
WHEN (OLD.state, OLD.waits_for) IS NOT (NEW.state, NEW.waits_for)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (SELECT material.source FROM material WHERE material.job IN (NEW.id, NEW.root) AND material.source IS NOT NULL);
END;

CREATE TRIGGER follow_up_is_counted AFTER INSERT ON job WHEN NEW.root IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (SELECT material.source FROM material WHERE material.job = NEW.root AND material.source IS NOT NULL);
END;
