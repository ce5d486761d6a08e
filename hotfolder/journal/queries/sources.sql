-- The sources as they were last seen, and what the scan compares them with.

-- name: known_sources
-- What is already known of the files from one path onwards, for the scan's comparison.
SELECT path, size, mtime_ns, inode, beside FROM source
WHERE watch = :watch AND path >= :first ORDER BY path LIMIT :limit;

-- name: find_source
-- One source by its place.
SELECT id, size, mtime_ns, inode, content_hash, identity, verdict, reason, beside, seen_at, backlog, moved_to
FROM source WHERE watch = :watch AND path = :path;

-- name: jobs_of_place
-- Whether what stands, or stood, at a place of a watch's folder became a job.
SELECT 1 FROM source JOIN watch ON watch.id = source.watch
WHERE watch.root = :root AND source.path = :path
    AND EXISTS (SELECT 1 FROM material WHERE material.source = source.id);

-- name: put_source
-- Enter a source, or its newest sighting; seen_at is when it was first seen as it is.
INSERT INTO source (
    watch, path, size, mtime_ns, inode, beside, content_hash, identity, verdict, reason, seen_at
) VALUES (
    :watch, :path, :size, :mtime_ns, :inode, :beside, :content_hash, :identity, :verdict, :reason,
    :now
)
ON CONFLICT (watch, path) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode,
    beside = excluded.beside,
    content_hash = excluded.content_hash, identity = excluded.identity, verdict = excluded.verdict,
    reason = excluded.reason, seen_at = CASE
        WHEN source.size = excluded.size AND source.mtime_ns = excluded.mtime_ns
            AND source.inode = excluded.inode
        THEN source.seen_at ELSE excluded.seen_at END,
    backlog = NULL, estimate = NULL,
    moved_at = NULL, moved_to = NULL
RETURNING id;

-- name: forget_sighting
-- No file has an empty inode: whatever stands at a job's sources is then unknown to the scan.
UPDATE source SET inode = '' WHERE id IN (SELECT source FROM material WHERE job = :job);

-- name: forget_place
-- Whatever turns up at this path next is looked at, even the very same file.
UPDATE source SET inode = '' WHERE id = :source;

-- name: forget_gone
-- A file or a whole folder is no longer there: the same file is new to the scan when it comes back.
UPDATE source SET inode = ''
WHERE watch = :watch AND (path = :path OR (path > :below AND path < :beyond));

-- name: wake_gone
-- What waited for its file, or for something beside it, where that is gone.
UPDATE job SET due_at = :now, waits_for = NULL
WHERE state IN ('accepted', 'uploaded') AND step = 0 AND waits_for IN ('sidecar', 'source')
    AND id IN (
        SELECT material.job FROM material JOIN source ON source.id = material.source
        WHERE source.watch = :watch
            AND (source.path = :path OR (source.path > :below AND source.path < :beyond))
    );

-- name: looked_for
-- Where jobs come from that failed, or wait for their file, unless that is known to be gone.
SELECT source.path FROM job JOIN material ON material.job = job.id
JOIN source ON source.id = material.source
WHERE job.state = 'failed' AND job.step = 0 AND source.watch = :watch AND source.inode <> ''
UNION
SELECT source.path FROM job JOIN material ON material.job = job.id
JOIN source ON source.id = material.source
WHERE job.waits_for IN ('sidecar', 'source') AND job.state IN ('accepted', 'uploaded')
    AND job.step = 0 AND source.watch = :watch;

-- name: set_beside
-- What speaks for a source, as it was last looked at.
UPDATE source SET beside = :beside WHERE id = :source;

-- name: lacking_references
-- Sources of one watch whose jobs wait for a further picture of their edit.
SELECT DISTINCT source.path AS path FROM job JOIN source ON source.id = job.source
WHERE source.watch = :watch AND job.state IN ('accepted', 'uploaded')
    AND job.waits_for = 'sidecar' AND glob(:codes, job.error_code)
ORDER BY source.path;

-- name: awaited_parts
-- Sources whose files list more than there is, and that were left alone for long.
SELECT DISTINCT source.path AS path FROM job JOIN source ON source.id = job.source
WHERE source.watch = :watch AND job.state IN ('accepted', 'uploaded')
    AND job.waits_for = 'source' AND job.error_code = :code AND source.seen_at <= :before
ORDER BY source.path;

-- name: leave_out_of_set
-- A source without a job: its set is only another grouping of what was sent.
UPDATE source SET verdict = 'skipped', reason = :reason
WHERE watch = :watch AND path = :path
    AND NOT EXISTS (SELECT 1 FROM material WHERE material.source = source.id);
