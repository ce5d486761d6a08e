-- What the faces ask: counts, lists, and how a run ended.

-- name: count_states
-- Jobs by state.
SELECT state, count(*) AS count FROM job GROUP BY state;

-- name: count_waits
-- Jobs that wait for something that is not time.
SELECT waits_for, count(*) AS count FROM job WHERE waits_for IS NOT NULL GROUP BY waits_for;

-- name: find_jobs
-- The jobs, newest last, by state and watch where given.
SELECT job.id FROM job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE (:state IS NULL OR job.state = :state) AND (:watch IS NULL OR watch.name = :watch)
ORDER BY job.id;

-- name: newest_jobs
-- The newest so many jobs, newest first, that were accepted or ended since a time.
SELECT job.id FROM job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE (:state IS NULL OR job.state = :state) AND (:watch IS NULL OR watch.name = :watch)
    AND (:since IS NULL OR job.accepted_at >= :since OR job.ended_at >= :since)
ORDER BY job.id DESC LIMIT :limit;

-- name: jobs_with_errors
-- Jobs that failed, lack a result, are in doubt, wait for a person or are late. A required sidecar
-- may come later for a while. Who takes a picture away that failed before it was sent, or puts
-- another in its place, has seen to it.
SELECT job.id FROM job
WHERE job.error_code IS NOT NULL AND job.state <> 'cancelled'
    AND job.error_code <> 'sidecar_missing'
    AND NOT (job.state = 'failed' AND (EXISTS (
        SELECT 1 FROM material JOIN source ON source.id = material.source
        WHERE material.job = job.id AND source.inode = ''
    ) OR EXISTS (
        SELECT 1 FROM job AS newer WHERE newer.watch = job.watch AND newer.key = job.key
            AND newer.slot = job.slot AND newer.rule = job.rule AND newer.id > job.id
    )) AND NOT EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id))
ORDER BY job.id;

-- name: jobs_of_source
-- The newest so many jobs that send what is at one place, or follow those, newest first.
SELECT job.id FROM material JOIN job ON job.id = material.job WHERE material.source = :source
UNION
SELECT job.id FROM material JOIN job ON job.root = material.job WHERE material.source = :source
ORDER BY 1 DESC LIMIT :limit;

-- name: states_of_source
-- The same jobs, all of them, by state.
SELECT state, count(*) AS count FROM (
    SELECT job.id, job.state FROM material JOIN job ON job.id = material.job
    WHERE material.source = :source
    UNION
    SELECT job.id, job.state FROM material JOIN job ON job.root = material.job
    WHERE material.source = :source
) AS made GROUP BY state;

-- name: files_of_many
-- Files of which at least so many jobs are open, those with the most first.
SELECT watch.name AS watch, source.path, many.open,
    (SELECT count(*) FROM job WHERE job.source = many.source) AS jobs
FROM (
    SELECT source, count(*) AS open FROM job WHERE ended_at IS NULL
    GROUP BY source HAVING count(*) >= :least
) AS many
JOIN source ON source.id = many.source JOIN watch ON watch.id = source.watch
ORDER BY many.open DESC, source.path;

-- name: jobs_touched_since
-- Jobs that are open or were moved since an event, for the exit code of one run.
SELECT id, state FROM job
WHERE ended_at IS NULL OR id IN (SELECT job FROM event WHERE id > :event);

-- name: jobs_failed_since
-- Jobs that failed, or ended without some of their results, after an event and have not been tried
-- again.
SELECT id FROM job
WHERE state IN ('failed', 'done') AND error_code IS NOT NULL AND id IN (SELECT job FROM event WHERE id > :event) ORDER BY id;

-- name: oldest_result
-- When the task of the oldest result that is not yet fetched was answered as ended.
SELECT min(event.at) AS at FROM event JOIN job ON job.id = event.job
WHERE job.state = 'finished' AND event.name = 'RemoteSucceeded';

-- name: count_ended
-- How the jobs that ended since a time have ended.
SELECT state, count(*) AS count FROM job WHERE ended_at >= :begin GROUP BY state;

-- name: count_going_on
-- Jobs that go on by themselves: being sent, or due some time and under no hold. A disk, an output
-- share or a service that does not answer is waited for, the input of what is not yet sent is not.
SELECT count(*) AS count FROM job
JOIN source ON source.id = job.source
JOIN watch ON watch.id = source.watch
WHERE state = 'submitting' OR (due_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM job_hold WHERE job_hold.job = job.id
        AND job_hold.code NOT IN ('output_blocked', 'spool_blocked', 'unreachable')
        AND (job_hold.next_trial IS NULL OR job_hold.next_trial > :now)
) AND (watch.online = 1 OR job.state NOT IN ('accepted', 'uploaded')));

-- name: done_of_content
-- Finished edits of a content, at whatever place.
SELECT DISTINCT job.id FROM material JOIN job ON job.id = material.job
WHERE material.content_hash = :content_hash AND material.source IS NOT NULL AND job.state = 'done';
