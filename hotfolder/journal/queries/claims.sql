-- What is due, and when the next thing is.
-- The index of failed jobs names a state, and SQLite would plan anew, at every call, what compares a
-- state with a bare parameter: hence the casts.

-- name: due_jobs
-- Jobs of one state that are due within a span and that no hold covers, the longest due first.
-- A hold whose trial is due lets its jobs through; the runner takes one of them.
-- again: 1 = only what failed the last time, 0 = only what did not, NULL = either.
SELECT job.id, job.due_at, job.attempt FROM job
WHERE job.state = CAST(:state AS TEXT) AND job.due_at > :after AND job.due_at <= :until
    AND (:again IS NULL OR (job.attempt > 0) = (:again = 1)) AND NOT EXISTS (
        SELECT 1 FROM job_hold WHERE job_hold.job = job.id AND (job_hold.next_trial IS NULL
            OR (job_hold.next_trial > :now AND job_hold.next_trial <= :horizon))
    )
ORDER BY job.due_at, job.id LIMIT :limit;

-- name: due_spans
-- The first and the last time at which anything is due in each state that steps are taken in.
SELECT step.state,
    (SELECT min(due_at) FROM job WHERE state = step.state AND due_at IS NOT NULL) AS first,
    (SELECT max(due_at) FROM job WHERE state = step.state AND due_at IS NOT NULL) AS last
FROM (
    SELECT 'accepted' AS state UNION ALL SELECT 'uploaded' UNION ALL SELECT 'running'
    UNION ALL SELECT 'finished' UNION ALL SELECT 'fetched'
) AS step;

-- name: next_due
-- The next time at which anything can be claimed in one state.
SELECT min(due_at) AS due_at FROM job WHERE state = CAST(:state AS TEXT) AND due_at > :now;

-- name: next_trial
-- The next time at which a hold may be tried.
SELECT min(next_trial) AS due_at FROM hold WHERE next_trial > :now;

-- name: jobs_in_state
-- All jobs of one state.
SELECT id FROM job WHERE state = :state ORDER BY id;

-- name: count_ready
-- Jobs of one state that go on as soon as there is room, counted no further than `most`.
SELECT count(*) AS count FROM (
    SELECT 1 FROM job WHERE state = CAST(:state AS TEXT) AND due_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM job_hold WHERE job_hold.job = job.id) LIMIT :most
) AS ready;

-- name: at_service
-- How many tasks there are at the service or are about to be, whoever sent them; and what may be
-- running there: of which model, and since when.
SELECT NULL AS model, NULL AS intent_at, count(*) AS count FROM job
WHERE state IN ('submitting', 'running')
UNION ALL
SELECT job.plan ->> '$.model', submit.intent_at, 1
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND submit.task_id IS NULL
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);
