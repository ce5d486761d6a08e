-- Which daemon ran last, and how it ended.

-- name: daemon_began
-- A daemon holds the journal from now on.
INSERT INTO daemon (id, pid, version, command, unit, unconfined, since, seen_at)
VALUES (1, :pid, :version, :command, :unit, :unconfined, :now, :now)
ON CONFLICT (id) DO UPDATE SET
    pid = excluded.pid, version = excluded.version, command = excluded.command,
    unit = excluded.unit, unconfined = excluded.unconfined, since = excluded.since, seen_at = excluded.seen_at, ended = NULL;

-- name: daemon_seen
-- It is at work.
UPDATE daemon SET seen_at = :now;

-- name: daemon_ended
-- It gave the journal back.
UPDATE daemon SET seen_at = :now, ended = :how;

-- name: daemon
-- The last one; where it has no end, with the time of the last thing that it did.
SELECT pid, version, command, unit, unconfined, since, ended, CASE WHEN ended IS NULL
    THEN max(seen_at, coalesce((SELECT at FROM event ORDER BY id DESC LIMIT 1), 0)) ELSE seen_at
END AS seen_at
FROM daemon;
