-- The history: a line for every event.

-- name: insert_event
-- One line of the history.
INSERT INTO event (job, at, name, from_state, to_state, detail)
VALUES (:job, :now, :name, :from_state, :to_state, :detail);

-- name: count_failed_fetches
-- How often nothing could be fetched by a job's links, and how often for a reason of this code,
-- since it was last submitted or a person had it asked for again.
SELECT
    count(*) FILTER (WHERE name = 'LinksUnusable') AS links,
    count(*) FILTER (WHERE detail ->> '$.failure.code' = :code) AS alike
FROM event
WHERE job = :job AND id > (
    SELECT coalesce(max(id), 0) FROM event
    WHERE job = :job AND name IN ('SubmitIntended', 'Requeried')
);

-- name: history
-- What happened to a job.
SELECT at, name, from_state, to_state, detail FROM event WHERE job = :job ORDER BY id;

-- name: newest_event
-- The history's end.
SELECT coalesce(max(id), 0) AS id FROM event;

-- name: newest_time
-- When the history's last line was written.
SELECT max(at) AS at FROM event;

-- name: retire_history
-- The history of jobs that ended long ago, a part at a time. Its end stays: lines are numbered from
-- there, and a journal with fewer of them is taken for an older copy.
DELETE FROM event WHERE id IN (
    SELECT event.id FROM event JOIN job ON job.id = event.job
    WHERE job.ended_at < :before AND event.id < (SELECT max(id) FROM event)
    ORDER BY event.id LIMIT :limit
);
