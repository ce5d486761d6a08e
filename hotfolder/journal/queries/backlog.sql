-- Sources that stood there before their watch did: held back, let go or left out.

-- name: eligibility
-- What a watch took when it was last looked at whole.
SELECT name, eligible FROM watch WHERE id = :watch;

-- name: keep_eligibility
-- What a watch takes, once all that stood there is known.
UPDATE watch SET eligible = :eligible WHERE id = :watch;

-- name: hold_source
-- A source that stood there before its watch did.
INSERT INTO source (
    watch, path, size, mtime_ns, inode, beside, verdict, reason, seen_at, backlog, estimate
) VALUES (
    :watch, :path, :size, :mtime_ns, :inode, :beside, 'skipped', :reason, :now, 'held', :estimate
)
ON CONFLICT (watch, path) DO NOTHING;

-- name: held_here
-- Whether anything of a watch is held back.
SELECT 1 FROM source WHERE watch = :watch AND backlog = 'held' LIMIT 1;

-- name: held_sources
-- What is held back of a watch, some at a time.
SELECT id, path FROM source WHERE watch = :watch AND backlog = 'held' AND id > :after
ORDER BY id LIMIT :limit;

-- name: held_estimates
-- What is held back in a scope, by estimate.
SELECT source.estimate, count(*) AS count
FROM source JOIN watch ON watch.id = source.watch
WHERE source.backlog = 'held' AND 'backlog:' || watch.name = :scope GROUP BY source.estimate;

-- name: forget_held
-- A source that was held back and that no rule takes any more.
DELETE FROM source WHERE id = :source AND backlog = 'held'
    AND NOT EXISTS (SELECT 1 FROM material WHERE material.source = source.id);

-- name: hold_rows
-- A file with more new rows than may be let go together.
INSERT INTO source (
    watch, path, size, mtime_ns, inode, beside, verdict, reason, seen_at, backlog, estimate
) VALUES (
    :watch, :path, :size, :mtime_ns, :inode, :beside, 'skipped', :reason, :now, 'held', :estimate
)
ON CONFLICT (watch, path) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode,
    beside = excluded.beside, reason = excluded.reason, backlog = 'held',
    estimate = excluded.estimate;

-- name: let_rows_go
-- Files with many new rows are looked at again, and are let go then.
UPDATE source SET backlog = NULL, inode = '', reason = :released, estimate = NULL
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held'
    AND glob(:rows, reason);

-- name: let_held_go
-- Sources that nothing is known of any more are new to the scan.
DELETE FROM source
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held'
    AND NOT EXISTS (SELECT 1 FROM material WHERE material.source = source.id);

-- name: let_changed_go
-- Where something was paid for, whatever stands there now is taken for another picture.
UPDATE source SET backlog = NULL, identity = NULL, inode = '', reason = NULL
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held';

-- name: leave_held_out
-- Sources that a person does not want.
UPDATE source SET backlog = 'unwanted', reason = :reason, estimate = NULL
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held';

-- name: undecoded_sources
-- What nothing here could open, and that is still there and not held back.
SELECT DISTINCT source.id, source.path FROM job JOIN source ON source.id = job.source
WHERE job.state = 'failed' AND job.error_code = :code AND source.watch = :watch
    AND source.inode <> '' AND source.backlog IS NULL;

-- name: hold_undecoded
-- One of too many that could be opened at last.
UPDATE source SET backlog = 'held', beside = :beside, reason = :reason, estimate = (
    SELECT job.estimate FROM job WHERE job.source = source.id ORDER BY job.id DESC LIMIT 1
)
WHERE id = :source AND backlog IS NULL;

-- name: backlog_alike
-- Sources held back or left out that have this size and time.
SELECT path, inode FROM source
WHERE watch = :watch AND size = :size AND mtime_ns = :mtime_ns AND backlog IS NOT NULL;

-- name: move_held
-- A source held back or left out stays so at its new path, unless something is known there.
UPDATE OR IGNORE source SET path = :new, inode = :inode
WHERE watch = :watch AND path = :old AND backlog IS NOT NULL;

-- name: hold_changed
-- Bytes that may be another picture, or the paid one with other metadata.
UPDATE source SET size = :size, mtime_ns = :mtime_ns, inode = :inode, beside = :beside,
    backlog = coalesce(backlog, 'held'), reason = coalesce(reason, :reason)
WHERE watch = :watch AND path = :path;
