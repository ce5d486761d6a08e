-- What callbacks said, and what is still to be looked into.

-- name: put_callback
-- What a callback says of the submit of a token, once for each task, and few tasks for each.
INSERT INTO callback (submit, task_id, heard_at, due_at)
SELECT submit.id, :task_id, :now, :now FROM submit
WHERE submit.token = :token
    AND (SELECT count(*) FROM callback WHERE callback.submit = submit.id) < :most
ON CONFLICT (submit, task_id) DO NOTHING;

-- name: callbacks_of_followed_tasks
-- Callbacks that tell of the end of a task which its job follows.
SELECT callback.submit, callback.task_id, submit.job FROM callback
JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE callback.due_at IS NOT NULL AND job.state = 'running'
    AND submit.task_id = callback.task_id;

-- name: hurry_job
-- Ask for a running task now, before all that are merely due.
UPDATE job SET due_at = 0 WHERE id = :job AND state = 'running';

-- name: callback_of_job
-- What a callback said of a job and is still to be looked into; not of a task known to have failed.
SELECT callback.task_id FROM callback JOIN submit ON submit.id = callback.submit
WHERE submit.job = :job AND callback.due_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM submit AS known
    WHERE known.task_id = callback.task_id AND known.outcome = 'failed'
) ORDER BY callback.heard_at LIMIT 1;

-- name: due_callbacks
-- Callbacks to look into. Those of a job that is just being sent wait for its answer.
SELECT callback.submit, submit.job, callback.task_id, callback.tries, callback.denied,
    callback.heard_at
FROM callback JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE (callback.due_at <= :now OR callback.due_at > :horizon) AND job.state != 'submitting'
ORDER BY callback.due_at, callback.submit LIMIT :limit;

-- name: next_callback
-- When the next callback is to be looked into.
SELECT min(due_at) AS due_at FROM callback WHERE due_at IS NOT NULL;

-- name: postpone_callback
-- The service could not be asked, or did not know the task.
UPDATE callback SET due_at = :due_at, tries = tries + 1, denied = :denied
WHERE submit = :submit AND task_id = :task_id;

-- name: settle_callback
-- Nothing more is to be done about a callback; it stays, so that its repetitions are no news.
UPDATE callback SET due_at = NULL WHERE submit = :submit AND task_id = :task_id;
