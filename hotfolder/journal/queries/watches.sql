-- The watches: what they are known by and how they are found.

-- name: register_watch
-- Enter a watch of the config, or bring its folders up to date.
INSERT INTO watch (name, root, output_root) VALUES (:name, :root, :output_root)
ON CONFLICT (name) DO UPDATE SET root = excluded.root, output_root = excluded.output_root
RETURNING id;

-- name: note_watch
-- What detection a watch has, whether its folder is there, and since when.
UPDATE watch
SET since = CASE WHEN online = :online THEN coalesce(since, :now) ELSE :now END,
    online = :online, detect = :detect, reason = :reason,
    first_online_at = CASE WHEN :online = 1 THEN coalesce(first_online_at, :now)
                      ELSE first_online_at END
WHERE id = :watch;

-- name: watches
-- All watches, for the faces.
SELECT id, name, root, output_root, online, detect, reason, since
FROM watch ORDER BY name;

-- name: output_roots
-- Every folder that results go to, or went to until the config was changed.
SELECT output_root FROM watch UNION SELECT output_root FROM job WHERE ended_at IS NULL;

-- name: watches_seen_online
-- The watches whose folder was there once. Read before a journal of an older program is brought up
-- to date: only what every version has.
SELECT name FROM watch WHERE first_online_at IS NOT NULL;

-- name: watch_by_name
-- What a watch is known by, and whether there is anything that it could lose.
SELECT id, name, root, output_root, root_id, root_place,
    EXISTS (SELECT 1 FROM source WHERE source.watch = watch.id) AS any_source
FROM watch WHERE name = :name;

-- name: watch_by_root
-- The watch that is known by a marker.
SELECT id, name, root, output_root FROM watch WHERE root_id = :root_id;

-- name: follower_elsewhere
-- On which other machine a watch is followed: a file is this machine's alone.
SELECT NULL AS machine WHERE FALSE;

-- name: know_root
-- What a watch's root is known by from now on.
UPDATE watch SET root_id = :root_id, root_place = :root_place WHERE id = :watch;

-- name: name_watch
-- A watch was renamed in the config, or its folder was moved.
UPDATE watch SET name = :name, root = :root, output_root = :output_root WHERE id = :watch;
