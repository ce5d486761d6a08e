-- A job is known by the key and the digest of its set, and by its slot. The bytes that it sends are
-- its materials' alone.

CREATE TABLE older_job AS
SELECT job.*, source.watch, source.path AS key, job.identity AS digest
FROM job JOIN source ON source.id = job.source;

DROP VIEW standing;
DROP TABLE job;

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    watch INTEGER NOT NULL REFERENCES watch (id),
    key BLOB NOT NULL CHECK (length(key) > 0),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    slot INTEGER NOT NULL DEFAULT 1 CHECK (slot >= 1),
    rule TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation >= 1),
    source INTEGER NOT NULL REFERENCES source (id),
    state TEXT NOT NULL CHECK (state IN (
        'accepted', 'uploaded', 'submitting', 'running', 'finished', 'fetched',
        'done', 'failed', 'in_doubt', 'cancelled'
    )),
    due_at INTEGER,
    waits_for TEXT CHECK (waits_for IN ('sidecar', 'leader', 'hold', 'person', 'share', 'source', 'review')),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    plan TEXT NOT NULL CHECK (plan LIKE '{%}'),
    work_key TEXT,
    leader INTEGER REFERENCES job (id),
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),
    output_root BLOB NOT NULL,
    output_folder BLOB NOT NULL,
    output_stem BLOB NOT NULL CHECK (length(output_stem) > 0),
    estimate TEXT,
    estimate_currency TEXT,
    error_code TEXT,
    error_message TEXT,
    error_hint TEXT,
    accepted_at INTEGER NOT NULL,
    ended_at INTEGER,
    anew INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1)),
    allowed TEXT,
    named_after BLOB NOT NULL CHECK (length(named_after) > 0),
    CHECK (due_at IS NULL OR waits_for IS NULL),
    CHECK (waits_for IS NOT 'review' OR state = 'fetched'),
    CHECK (due_at IS NOT NULL OR waits_for IS NOT NULL
        OR state IN ('submitting', 'done', 'failed', 'cancelled')),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('done', 'failed', 'cancelled') OR due_at IS NULL),
    CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT;

INSERT INTO job (
    id, watch, key, digest, rule, generation, source, state, due_at, waits_for, attempt, plan, work_key,
    leader, stale, output_root, output_folder, output_stem, estimate, estimate_currency, error_code,
    error_message, error_hint, accepted_at, ended_at, anew, allowed, named_after
) SELECT
    id, watch, key, digest, rule, generation, source, state, due_at, waits_for, attempt, plan, work_key,
    leader, stale, output_root, output_folder, output_stem, estimate, estimate_currency, error_code,
    error_message, error_hint, accepted_at, ended_at, anew, allowed, named_after
FROM older_job;

DROP TABLE older_job;

CREATE UNIQUE INDEX job_once ON job (watch, key, digest, slot, rule, generation);
CREATE INDEX job_source ON job (source, digest, rule, generation);
CREATE INDEX job_due ON job (state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_open ON job (state) WHERE ended_at IS NULL;
CREATE INDEX job_failed ON job (source) WHERE state = 'failed';
CREATE INDEX job_waiting ON job (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX job_told ON job (state, id) WHERE error_code IS NOT NULL;
CREATE UNIQUE INDEX job_leads ON job (work_key) WHERE leader IS NULL;
CREATE INDEX job_follows ON job (leader) WHERE leader IS NOT NULL;

-- The same as they were, by the digest.
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
            job.digest = coalesce(source.identity, job.digest) AND NOT EXISTS (
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

CREATE TRIGGER job_is_counted AFTER INSERT ON job
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.source)
    WHERE id = NEW.source;
END;

CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF source, digest, state, waits_for ON job
WHEN (OLD.source, OLD.digest, OLD.state, OLD.waits_for)
    IS NOT (NEW.source, NEW.digest, NEW.state, NEW.waits_for)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (OLD.source, NEW.source);
END;
