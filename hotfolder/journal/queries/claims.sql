-- What is due, and when the next thing is.

-- name: due_jobs
-- Jobs of one state whose time has come and that no hold covers, the longest due first.
-- A hold whose trial is due lets its jobs through; the runner takes one of them.
-- Nothing waits for longer than the horizon: a time beyond it is from before a clock jumped.
-- again: 1 = only what failed the last time, 0 = only what did not, NULL = either.
SELECT job.id, job.due_at FROM job
WHERE job.state = :state AND (job.due_at <= :now OR job.due_at > :horizon)
    AND (:again IS NULL OR (job.attempt > 0) = :again) AND NOT EXISTS (
    SELECT 1 FROM job_hold WHERE job_hold.job = job.id AND (job_hold.next_trial IS NULL
        OR (job_hold.next_trial > :now AND job_hold.next_trial <= :horizon))
)
ORDER BY job.due_at, job.id LIMIT :limit;

-- name: next_due
-- The next time at which anything can be claimed in one state.
SELECT min(due_at) AS due_at FROM job WHERE state = :state AND due_at > :now;

-- name: next_trial
-- The next time at which a hold may be tried.
SELECT min(next_trial) AS due_at FROM hold WHERE next_trial > :now;

-- name: jobs_in_state
-- All jobs of one state.
SELECT id FROM job WHERE state = :state ORDER BY id;

-- name: count_ready
-- Jobs of one state that go on as soon as there is room.
SELECT count(*) AS count FROM job
WHERE state = :state AND due_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM job_hold WHERE job_hold.job = job.id);
