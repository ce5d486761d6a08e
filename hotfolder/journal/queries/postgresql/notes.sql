-- The notes beside the outputs, in an order that holds: PostgreSQL knows none of itself.

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
) ORDER BY job.id LIMIT :limit;

-- name: notes
-- The notes that are ours, beside the outputs of what is followed from here.
SELECT note.job, watch.id AS number, note.name, note.sha256, note.written, job.output_root,
    watch.name AS watch, NULL AS folder
FROM note JOIN job ON job.id = note.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.watch IN (SELECT id FROM followed)
UNION ALL
SELECT NULL, watch.id, folder_note.name, folder_note.sha256, folder_note.written,
    folder_note.output_root, watch.name, folder_note.folder
FROM folder_note JOIN watch ON watch.id = folder_note.watch
WHERE watch.id IN (SELECT id FROM followed);
