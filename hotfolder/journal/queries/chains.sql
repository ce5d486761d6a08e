-- Chains: the jobs that take the results of others.

-- name: follow_up
-- A job that follows another, at one place of its results if that counts.
SELECT id FROM job WHERE parent = :parent AND (:position IS NULL OR position = :position) LIMIT 1;

-- name: said_before
-- What the results say that a job and those before it in its chain go on with, by step.
WITH RECURSIVE before (parent, position) AS (
    SELECT parent, position FROM job WHERE id = :job
    UNION ALL
    SELECT job.parent, job.position FROM job JOIN before ON job.id = before.parent
    WHERE job.parent IS NOT NULL
)
SELECT job.step, result.text FROM before JOIN job ON job.id = before.parent
JOIN submit ON submit.job = job.id AND submit.number = (
    SELECT max(number) FROM submit WHERE submit.job = job.id
)
JOIN result ON result.submit = submit.id AND result.position = before.position
WHERE result.text IS NOT NULL;

-- name: any_step_waits
-- Whether any is to be looked at again.
SELECT 1 FROM job
WHERE step > 0 AND waits_for = 'sidecar' AND state IN ('accepted', 'uploaded')
    AND (:watch IS NULL OR watch = :watch) LIMIT 1;

-- name: wake_steps
-- What follows in a chain and waits for something that may have changed is looked at again.
UPDATE job SET due_at = :now, waits_for = NULL
WHERE step > 0 AND waits_for = 'sidecar' AND state IN ('accepted', 'uploaded')
    AND (:watch IS NULL OR watch = :watch);

-- name: newest_in_chain
-- The newest job at one place of a chain.
SELECT id, generation, state FROM job WHERE root = :root AND digest = :digest
ORDER BY generation DESC LIMIT 1;
