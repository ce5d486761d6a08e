-- What is due of the watches that are followed from here. A statement is planned once, while there is
-- next to nothing in the tables; OFFSET 0 has it ask of one job at a time whether it is held, and not
-- list all that is held first.

-- name: due_jobs
-- Jobs of one state that are due within a span and that no hold covers, the longest due first.
-- A hold whose trial is due lets its jobs through; the runner takes one of them.
-- again: 1 = only what failed the last time, 0 = only what did not, NULL = either.
SELECT job.id, job.due_at, job.attempt FROM job
WHERE job.state = :state AND job.watch IN (SELECT id FROM followed)
    AND job.due_at > :after AND job.due_at <= :until
    AND (:again IS NULL OR (job.attempt > 0) = (:again = 1))
    AND (NOT EXISTS (SELECT 1 FROM hold) OR NOT EXISTS (
        SELECT 1 FROM job_hold WHERE job_hold.job = job.id AND (job_hold.next_trial IS NULL
            OR (job_hold.next_trial > :now AND job_hold.next_trial <= :horizon)) OFFSET 0
    ))
ORDER BY job.due_at, job.id LIMIT :limit;

-- name: due_spans
-- The first and the last time at which anything is due in each state that has such jobs.
SELECT state, min(due_at) AS first, max(due_at) AS last FROM job
WHERE watch IN (SELECT id FROM followed) AND due_at IS NOT NULL GROUP BY state;

-- name: next_due
-- The next time at which anything can be claimed in one state.
SELECT min(due_at) AS due_at FROM job
WHERE state = :state AND watch IN (SELECT id FROM followed) AND due_at > :now;

-- name: jobs_in_state
-- All jobs of one state.
SELECT id FROM job
WHERE state = :state AND watch IN (SELECT id FROM followed) ORDER BY id;

-- name: count_ready
-- Jobs of one state that go on as soon as there is room, counted no further than `most`.
SELECT count(*) AS count FROM (
    SELECT 1 FROM job
    WHERE state = :state AND watch IN (SELECT id FROM followed) AND due_at IS NOT NULL
        AND (NOT EXISTS (SELECT 1 FROM hold)
            OR NOT EXISTS (SELECT 1 FROM job_hold WHERE job_hold.job = job.id OFFSET 0))
    LIMIT :most
) AS ready;
