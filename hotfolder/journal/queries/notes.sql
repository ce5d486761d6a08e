-- The notes beside the outputs.

-- name: failures_to_note
-- What an assistant may want to know of pictures that failed or lack a result: the newest job has
-- the word.
SELECT job.id, job.state, 0 AS held, watch.name AS watch, source.path,
    job.output_root, job.output_folder,
    job.error_code AS code, job.error_message AS message, coalesce(job.error_hint, '') AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.state IN ('failed', 'done') AND job.error_code IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM job AS newer
    WHERE newer.source = job.source AND newer.rule = job.rule AND newer.id > job.id
);

-- name: waits_to_note
-- What an assistant may want to know of pictures that are in doubt, held, or wait for a sidecar or
-- for a person to decide on their edit.
SELECT job.id, job.state, hold.scope IS NOT NULL OR job.waits_for = 'hold' AS held, watch.name AS watch, source.path,
    job.output_root, job.output_folder,
    coalesce(hold.code, job.error_code, 'waiting') AS code,
    coalesce(hold.reason, job.error_message, CASE job.waits_for
        WHEN 'review' THEN 'It is edited, and waits for someone to approve or reject that.'
        ELSE 'It waits.' END) AS message,
    coalesce(hold.hint, job.error_hint, '') AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
LEFT JOIN hold ON job.state IN ('accepted', 'uploaded') AND (hold.scope, hold.code) = (
    SELECT job_hold.scope, job_hold.code FROM job_hold WHERE job_hold.job = job.id
    ORDER BY job_hold.scope, job_hold.code LIMIT 1
)
WHERE job.state = 'in_doubt' OR job.waits_for = 'review' OR (job.state IN ('accepted', 'uploaded')
    AND (hold.scope IS NOT NULL OR job.waits_for IN ('sidecar', 'hold')));

-- name: notes
-- The notes that are ours.
SELECT note.job, note.name, note.sha256, note.written, job.output_root, watch.name AS watch
FROM note JOIN job ON job.id = note.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch;

-- name: put_note
-- A note is about to be written.
INSERT INTO note (job, name, sha256) VALUES (:job, :name, :sha256)
ON CONFLICT (job) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256, written = 0;

-- name: mark_note_written
-- A note stands at its name.
UPDATE note SET written = 1 WHERE job = :job;

-- name: forget_note
-- A note is gone.
DELETE FROM note WHERE job = :job;
