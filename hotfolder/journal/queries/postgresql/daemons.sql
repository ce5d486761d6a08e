-- Which daemon ran last in a state directory, and how it ended.

-- name: daemon_began
-- A daemon works on the journal from now on.
INSERT INTO daemon (id, pid, version, command, unit, unconfined, since, seen_at)
VALUES (1, :pid, :version, :command, :unit, :unconfined, :now, :now)
ON CONFLICT (place) DO UPDATE SET
    pid = excluded.pid, version = excluded.version, command = excluded.command,
    unit = excluded.unit, unconfined = excluded.unconfined, since = excluded.since, seen_at = excluded.seen_at, ended = NULL;

-- name: daemon_seen
-- It is at work.
UPDATE daemon SET seen_at = :now WHERE place = current_setting('hotfolder.place');

-- name: daemon_ended
-- It ended in order.
UPDATE daemon SET seen_at = :now, ended = :how
WHERE place = current_setting('hotfolder.place');

-- name: daemon
-- One that works, first of all that of this state directory; else how one ended; where it has no end, with the time of the last thing that it did.
SELECT pid, version, command, unit, unconfined, since, ended, CASE WHEN ended IS NULL
    THEN max(seen_at, coalesce((SELECT at FROM event ORDER BY id DESC LIMIT 1), 0)) ELSE seen_at
END AS seen_at
FROM daemon ORDER BY place IN (SELECT place FROM seat WHERE until > clock_timestamp()) DESC,
    place = current_setting('hotfolder.place') DESC, seen_at DESC LIMIT 1;
