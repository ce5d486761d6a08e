-- Which machine follows a watch.

-- name: follower_elsewhere
-- On which other machine a watch is followed.
SELECT lease.machine FROM lease JOIN seat ON seat.epoch = lease.epoch
WHERE lease.watch = :watch AND seat.until > clock_timestamp()
    AND lease.epoch <> CAST(current_setting('hotfolder.epoch') AS BIGINT);
