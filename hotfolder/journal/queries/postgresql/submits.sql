-- The paid calls that are in doubt.

-- name: interrupted_jobs
-- What was just being sent by whoever followed a watch before: another machine, or this one before
-- it was started anew.
SELECT job.id FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'submitting' AND job.watch IN (SELECT id FROM followed)
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id)
    AND submit.epoch <> CAST(current_setting('hotfolder.epoch') AS BIGINT) ORDER BY job.id;

-- name: doubtful_submits
-- Submits that may be running at the service: which model, and since when.
SELECT job.id AS job, job.plan ->> '$.model' AS model, submit.intent_at
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND submit.task_id IS NULL
    AND job.watch IN (SELECT id FROM followed)
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);

-- name: doubts_without_task
-- Jobs in doubt that no task is known of, and whether they were sent again already. What
-- another machine sent counts as that, or this one before it started anew: only of what was sent since
-- from the same state directory a daemon knows that nobody sends it any more.
SELECT job.id, job.estimate, submit.answered_at, EXISTS (
    SELECT 1 FROM event WHERE event.job = job.id AND event.name = 'ResendApproved'
) OR submit.place <> current_setting('hotfolder.place') OR submit.start = ''
    OR submit.start <> current_setting('hotfolder.start') AS resent, EXISTS (
    SELECT 1 FROM callback JOIN submit AS told ON told.id = callback.submit
    WHERE told.job = job.id AND callback.due_at IS NOT NULL
) AS told
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND submit.task_id IS NULL
    AND job.watch IN (SELECT id FROM followed)
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);

-- name: denied_tasks
-- Jobs in doubt whose task is known: the service denied it.
SELECT job.id AS job, submit.task_id FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND submit.task_id IS NOT NULL
    AND job.watch IN (SELECT id FROM followed)
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);
