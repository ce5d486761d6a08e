-- The results: as the service names them, and in the spool.

-- name: results
-- The results of a submit, and which of them a job that follows takes.
SELECT result.*, EXISTS (
    SELECT 1 FROM material JOIN job ON job.id = material.job
    WHERE material.result = result.id AND job.state <> 'cancelled'
) AS is_taken
FROM result WHERE submit = :submit ORDER BY position;

-- name: put_result
-- A result as the service names it, perhaps anew with a fresh link.
INSERT INTO result (submit, position, url, text, type)
VALUES (:submit, :position, :url, :text, :type)
ON CONFLICT (submit, position) DO UPDATE SET
    url = excluded.url, text = excluded.text, type = excluded.type;

-- name: forget_spool
-- The spool lost what is still to be published of a submit; the names stay.
UPDATE result SET spool_file = NULL, size = NULL, sha256 = NULL,
    companion = NULL, raw = NULL, raw_extension = NULL, sealed = 0
WHERE submit = :submit AND published_at IS NULL;

-- name: forget_taken
-- The spool lost what a job follows with, and what is not published.
UPDATE result SET spool_file = NULL, size = NULL, sha256 = NULL,
    companion = NULL, raw = NULL, raw_extension = NULL, sealed = 0
WHERE published_at IS NULL AND sha256 IS NOT NULL
    AND id IN (SELECT result FROM material WHERE job = :job);

-- name: spool_result
-- A result is safe in the spool.
UPDATE result SET spool_file = :spool_file, size = :size, sha256 = :sha256, extension = :extension,
    text = coalesce(:text, text), companion = :companion, raw = :raw, raw_extension = :raw_extension, sealed = :sealed
WHERE submit = :submit AND position = :position;

-- name: raw_results
-- What is being fetched: its raw results may be in the spool already.
SELECT result.submit, result.position FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE job.state = 'finished';

-- name: unusable_results
-- What never came whole: what came in its place may be in the spool, for a person to look at.
-- From the few jobs of these states on: a scan of all results would keep a large journal long.
SELECT result.submit, result.position FROM job
CROSS JOIN submit ON submit.job = job.id CROSS JOIN result ON result.submit = submit.id
WHERE result.sha256 IS NULL AND job.state IN (
    'accepted', 'uploaded', 'submitting', 'running', 'finished', 'fetched', 'in_doubt', 'failed'
)
UNION ALL
SELECT result.submit, result.position FROM job
CROSS JOIN submit ON submit.job = job.id CROSS JOIN result ON result.submit = submit.id
WHERE result.sha256 IS NULL AND job.state = 'done' AND job.error_code IS NOT NULL;

-- name: jobs_with_keepsakes
-- Jobs whose results may still come; what is missing of one that is done, too. And roots of
-- chains of which a step may be made anew.
SELECT id FROM job
WHERE state NOT IN ('done', 'cancelled') OR (state = 'done' AND error_code IS NOT NULL)
UNION
SELECT root FROM job WHERE root IS NOT NULL
    AND (state NOT IN ('done', 'cancelled') OR ended_at > :followed_since);

-- name: spool_files
-- What the spool must keep: also what jobs have followed with that are not done for long.
SELECT result.spool_file FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE result.spool_file IS NOT NULL AND job.state = 'fetched'
UNION
SELECT result.spool_file FROM job JOIN material ON material.job = job.id
JOIN result ON result.id = material.result
WHERE job.root IS NOT NULL AND result.spool_file IS NOT NULL
    AND (job.ended_at IS NULL OR job.ended_at > :followed_since);

-- name: followed_files
-- What jobs have followed with that ended between two times.
SELECT DISTINCT result.spool_file FROM job JOIN material ON material.job = job.id
JOIN result ON result.id = material.result
WHERE job.root IS NOT NULL AND result.spool_file IS NOT NULL
    AND job.ended_at > :after AND job.ended_at <= :before AND NOT EXISTS (
        SELECT 1 FROM material AS other JOIN job AS later ON later.id = other.job
        WHERE other.result = result.id AND (later.ended_at IS NULL OR later.ended_at > :before)
    );

-- name: decide_results
-- A person decided what becomes of what came and is not published.
UPDATE result SET decision = :decision, decided_by = :by, decided_at = :now
WHERE submit = :submit AND sha256 IS NOT NULL AND published_at IS NULL;

-- name: undecide_results
-- A decision was taken back before it took effect.
UPDATE result SET decision = NULL, decided_by = NULL, decided_at = NULL
WHERE submit = :submit AND published_at IS NULL;

-- name: undecided_result
-- A result of a job's newest submit that came, that no job follows with, and nobody has decided.
SELECT result.id FROM result WHERE sha256 IS NOT NULL AND published_at IS NULL AND decision IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM material JOIN job ON job.id = material.job
        WHERE material.result = result.id AND job.state <> 'cancelled'
    )
    AND submit = (SELECT id FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1) LIMIT 1;

-- name: to_review
-- Jobs whose results wait for a decision, or whose decision has not taken effect, the oldest first.
SELECT job.id FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.state = 'fetched' AND job.id > :after AND (:watch IS NULL OR watch.name = :watch)
    AND (job.waits_for = 'review' OR EXISTS (
        SELECT 1 FROM submit JOIN result ON result.submit = submit.id
        WHERE submit.job = job.id AND result.decision IS NOT NULL AND result.published_at IS NULL
    ))
ORDER BY job.id LIMIT :limit;

-- name: count_to_review
-- How many jobs wait for a decision, and the bytes that their results take in the spool.
SELECT count(DISTINCT job.id) AS jobs, CAST(coalesce(sum(result.size), 0) AS BIGINT) AS bytes
FROM job JOIN submit ON submit.job = job.id JOIN result ON result.submit = submit.id
WHERE job.waits_for = 'review' AND result.spool_file IS NOT NULL AND result.published_at IS NULL;

-- name: newest_to_review
-- The newest job whose results wait for a decision.
SELECT max(id) AS job FROM job WHERE waits_for = 'review';

-- name: newer_generations
-- The later jobs of the same images and rule.
SELECT newer.id, newer.state FROM job JOIN job AS newer ON newer.watch = job.watch
    AND newer.key = job.key AND newer.slot = job.slot AND newer.digest = job.digest AND newer.rule = job.rule
    AND newer.generation > job.generation
WHERE job.id = :job ORDER BY newer.generation;
