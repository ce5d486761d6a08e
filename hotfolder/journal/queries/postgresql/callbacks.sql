-- What callbacks said of the watches that are followed from here.

-- name: due_callbacks
-- Callbacks to look into. Those of a job that is just being sent wait for its answer.
SELECT callback.submit, submit.job, callback.task_id, callback.tries, callback.denied,
    callback.heard_at
FROM callback JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE (callback.due_at <= :now OR callback.due_at > :horizon) AND job.state != 'submitting'
    AND job.watch IN (SELECT id FROM followed)
ORDER BY callback.due_at, callback.submit LIMIT :limit;

-- name: next_callback
-- When the next callback is to be looked into.
SELECT min(callback.due_at) AS due_at FROM callback
JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE callback.due_at IS NOT NULL AND job.watch IN (SELECT id FROM followed);
