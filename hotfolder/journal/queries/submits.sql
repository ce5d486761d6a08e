-- The paid calls: their intent, what became of them, and what is in doubt.

-- name: insert_submit
-- The intent of a paid call.
INSERT INTO submit (job, number, token, site, payload, price_key, mark, called, intent_at)
VALUES (:job, (SELECT coalesce(max(number), 0) + 1 FROM submit WHERE job = :job), :token, :site,
    :payload, :price_key, :mark, :called, :now);

-- name: marked_submit
-- The submit that a mark belongs to.
SELECT id FROM submit WHERE mark = :mark;

-- name: newest_submit
-- The submit that counts.
SELECT * FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1;

-- name: answer_submit
-- What became of a paid call.
UPDATE submit
SET outcome = :outcome, task_id = coalesce(:task_id, task_id), answered_at = :now
WHERE id = (SELECT id FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1);

-- name: count_failed_tasks
-- How many tasks of a job the service ended as failed.
SELECT count(*) AS count FROM submit WHERE job = :job AND outcome = 'failed';

-- name: count_expired_links
-- The result links of a submit did not answer.
UPDATE submit SET links_expired = links_expired + 1
WHERE id = (SELECT id FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1);

-- name: newest_durations
-- How long the newest tasks that ended well were seen to take, in milliseconds.
SELECT job.plan ->> '$.model' AS model, submit.answered_at - submit.intent_at AS duration
FROM submit JOIN job ON job.id = submit.job
WHERE submit.outcome = 'succeeded' AND submit.task_id IS NOT NULL AND submit.links_expired = 0
    AND submit.answered_at > submit.intent_at
ORDER BY submit.id DESC LIMIT :limit;

-- name: task_owner
-- Which job a task of the service belongs to.
SELECT id AS submit, job FROM submit WHERE task_id = :task_id;

-- name: name_task
-- The task of a submit that has none yet.
UPDATE submit SET task_id = :task_id
WHERE id = :submit AND (task_id IS NULL OR task_id = :task_id);

-- name: insert_further_submit
-- A submit that turned out to have made a second task.
INSERT INTO submit (job, number, token, site, payload, called, intent_at, task_id)
SELECT job, (SELECT max(number) + 1 FROM submit AS other WHERE other.job = submit.job),
    :token, site, payload, called, intent_at, :task_id
FROM submit WHERE id = :submit RETURNING id;

-- name: count_on_submit
-- Of several submits of a job the one with the highest number counts.
UPDATE submit SET number = 1 + (SELECT max(number) FROM submit WHERE job = :job)
WHERE id = :submit AND number < (SELECT max(number) FROM submit WHERE job = :job);

-- name: record_task
-- What became of a task that no job follows.
UPDATE submit SET outcome = :outcome WHERE id = :submit;

-- name: doubts_in_a_row
-- How many of the latest submits went unanswered, one after the other.
SELECT count(*) AS count FROM submit WHERE outcome = 'unanswered' AND id > (
    SELECT coalesce(max(id), 0) FROM submit
    WHERE outcome NOT IN ('unanswered', 'resent', 'deferred') AND token NOT LIKE 'reused:%'
);

-- name: denied_tasks
-- Jobs in doubt whose task is known: the service denied it.
SELECT job.id AS job, submit.task_id FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND submit.task_id IS NOT NULL
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);

-- name: interrupted_jobs
-- What the last daemon was just sending when it ended.
SELECT id FROM job WHERE state = 'submitting' ORDER BY id;

-- name: doubtful_submits
-- Submits that may be running at the service: which model, and since when. The + has SQLite begin
-- with the few jobs in doubt, not with all submits that never had a task.
SELECT job.id AS job, job.plan ->> '$.model' AS model, submit.intent_at
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND +submit.task_id IS NULL
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);

-- name: doubts_without_task
-- Jobs in doubt that no task is known of, and whether they were sent again already.
SELECT job.id, job.estimate, submit.answered_at, EXISTS (
    SELECT 1 FROM event WHERE event.job = job.id AND event.name = 'ResendApproved'
) AS resent, EXISTS (
    SELECT 1 FROM callback JOIN submit AS told ON told.id = callback.submit
    WHERE told.job = job.id AND callback.due_at IS NOT NULL
) AS told
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND job.ended_at IS NULL AND +submit.task_id IS NULL
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);
