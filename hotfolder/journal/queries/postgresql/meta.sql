-- What each daemon runs by, of those that share the journal.

-- name: kept_config
-- What the daemon of this state directory runs by.
SELECT value FROM meta WHERE key = 'config ' || current_setting('hotfolder.place');

-- name: keep_config
-- Keep it.
INSERT INTO meta (key, value) VALUES ('config ' || current_setting('hotfolder.place'), :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
