-- Which machine follows a watch.

-- name: follower_elsewhere
-- On which other machine a watch is followed, or may be as soon as that wakes up.
SELECT lease.machine FROM lease JOIN seat ON seat.epoch = lease.epoch
WHERE lease.watch = :watch AND seat.beats >= 0
    AND lease.epoch <> CAST(current_setting('hotfolder.epoch') AS BIGINT);
