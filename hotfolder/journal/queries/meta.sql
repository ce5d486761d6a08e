-- What is kept about the journal itself, and small facts that have no table of their own.

-- name: get_meta
-- A fact about the journal itself.
SELECT value FROM meta WHERE key = :key;

-- name: set_meta
-- Keep a fact about the journal itself.
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: drop_meta
-- A fact about the journal that no longer holds.
DELETE FROM meta WHERE key = :key;

-- name: kept_config
-- What the daemon runs by.
SELECT value FROM meta WHERE key = 'config';

-- name: keep_config
-- Keep it.
INSERT INTO meta (key, value) VALUES ('config', :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
