-- The notes beside the outputs.

-- name: failures_to_note
-- What an assistant may want to know of pictures that failed or lack a result: the newest job has
-- the word, unless its picture was taken away before anything was sent.
SELECT job.id, job.state, 0 AS held, source.path, job.output_root, job.output_folder, job.plan, job.step,
    job.error_code AS code, job.error_message AS message, coalesce(job.error_hint, '') AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.state IN ('failed', 'done') AND job.error_code IS NOT NULL AND watch.name = :watch
AND NOT EXISTS (
    SELECT 1 FROM job AS newer
    WHERE newer.watch = job.watch AND newer.key = job.key AND newer.slot = job.slot
        AND newer.rule = job.rule AND newer.id > job.id AND coalesce(newer.root, 0) <> job.id
        AND (newer.root IS NULL OR newer.root <> coalesce(job.root, 0) OR newer.digest = job.digest)
) AND (EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id) OR NOT EXISTS (
    SELECT 1 FROM material JOIN source AS sent ON sent.id = material.source
    WHERE material.job = job.id AND sent.inode = ''
))
ORDER BY job.state, job.id LIMIT :limit;

-- name: waits_to_note
-- What an assistant may want to know of pictures that are in doubt, held, or have waited since a
-- time for a sidecar, for the rest of their file or for a person to decide on their edit. What a
-- picture itself waits for is told before what holds others, too.
SELECT job.id, job.state, job.waits_for = 'hold' OR (job.waits_for IS NULL AND hold.scope IS NOT NULL) AS held,
    source.path, job.output_root, job.output_folder, job.plan, job.step,
    CASE WHEN job.waits_for IS NULL THEN coalesce(hold.code, job.error_code, 'waiting')
        ELSE coalesce(job.error_code, 'waiting') END AS code,
    CASE WHEN job.waits_for IS NULL THEN coalesce(hold.reason, job.error_message, 'It waits.')
        ELSE coalesce(job.error_message, CASE job.waits_for
            WHEN 'review' THEN 'It is edited, and waits for someone to approve or reject that.'
            ELSE 'It waits.' END) END AS message,
    CASE WHEN job.waits_for IS NULL THEN coalesce(hold.hint, job.error_hint, '')
        ELSE coalesce(job.error_hint, '') END AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
LEFT JOIN hold ON job.waits_for IS NULL AND job.state IN ('accepted', 'uploaded')
    AND (hold.scope, hold.code) = (
        SELECT job_hold.scope, job_hold.code FROM job_hold WHERE job_hold.job = job.id
        ORDER BY job_hold.scope, job_hold.code LIMIT 1
    )
WHERE watch.name = :watch AND max(job.accepted_at, coalesce(hold.since, 0)) <= :before AND (
    (job.state = 'in_doubt' AND :doubts = 1) OR job.waits_for = 'review'
    OR (job.state IN ('accepted', 'uploaded')
        AND (hold.scope IS NOT NULL OR job.waits_for IN ('sidecar', 'hold', 'source')))
) LIMIT :limit;

-- name: backlog_to_note
-- Since when what stood there before a watch is held, and how many files that are.
SELECT hold.reason, hold.hint, (
    SELECT count(*) FROM source JOIN watch ON watch.id = source.watch
    WHERE watch.name = :watch AND source.backlog = 'held'
) AS files
FROM hold WHERE hold.scope = 'backlog:' || :watch AND hold.since <= :before;

-- name: held_to_note
-- What stood there before a watch, and is held.
SELECT path FROM source
WHERE watch = (SELECT id FROM watch WHERE name = :watch) AND backlog = 'held'
ORDER BY path LIMIT :limit;

-- name: skips_to_note
-- Files that are left out although a rule takes them and nobody beside them said so, and links.
SELECT source.path, source.reason FROM source JOIN watch ON watch.id = source.watch
WHERE watch.name = :watch AND source.counted_as = 'skipped' AND source.reason IS NOT NULL
    AND source.reason NOT IN (:said_skip, :no_rule_holds)
UNION ALL
SELECT aside.path, aside.reason FROM aside JOIN watch ON watch.id = aside.watch
WHERE watch.name = :watch AND aside.counted_as = 'skipped' AND aside.reason IN (:link, :device)
ORDER BY path LIMIT :limit;

-- name: unreadable_to_note
-- Files that cannot be read since a time.
SELECT aside.path, aside.reason FROM aside JOIN watch ON watch.id = aside.watch
WHERE watch.name = :watch AND aside.counted_as = 'waiting' AND aside.since <= :before
    AND aside.set_key IS NULL
ORDER BY aside.path LIMIT :limit;

-- name: sets_to_note
-- Sets that have not been complete since a time.
SELECT waiting_set.key AS path, waiting_set.reason
FROM waiting_set JOIN watch ON watch.id = waiting_set.watch
WHERE watch.name = :watch AND waiting_set.since <= :before
ORDER BY waiting_set.key, waiting_set.rule LIMIT :limit;

-- name: notes
-- The notes that are ours.
SELECT note.job, watch.id AS number, note.name, note.sha256, note.written, job.output_root,
    watch.name AS watch, NULL AS folder
FROM note JOIN job ON job.id = note.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
UNION ALL
SELECT NULL, watch.id, folder_note.name, folder_note.sha256, folder_note.written,
    folder_note.output_root, watch.name, folder_note.folder
FROM folder_note JOIN watch ON watch.id = folder_note.watch;

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

-- name: put_folder_note
-- A note about a folder is about to be written.
INSERT INTO folder_note (watch, output_root, folder, name, sha256)
VALUES (:watch, :output_root, :folder, :name, :sha256)
ON CONFLICT (watch, output_root, folder) DO UPDATE
SET name = excluded.name, sha256 = excluded.sha256, written = 0;

-- name: mark_folder_note_written
-- A note about a folder stands at its name.
UPDATE folder_note SET written = 1
WHERE watch = :watch AND output_root = :output_root AND folder = :folder;

-- name: forget_folder_note
-- A note about a folder is gone.
DELETE FROM folder_note WHERE watch = :watch AND output_root = :output_root AND folder = :folder;
