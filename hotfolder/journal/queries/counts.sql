-- How many files are what, and the files that are no sources.

-- name: tally
-- How many files of each watch are counted as what.
SELECT watch.name AS watch, watch.online, tally.counted_as, tally.files
FROM tally JOIN watch ON watch.id = tally.watch WHERE tally.files > 0;

-- name: count_queued_held
-- Files of each watch that are queued behind a hold of their rule, or of their own.
SELECT watch.name AS watch, count(DISTINCT source.id) AS files
FROM job_hold JOIN material ON material.job = job_hold.job
JOIN source ON source.id = material.source JOIN watch ON watch.id = source.watch
WHERE source.counted_as = 'queued' AND (job_hold.scope LIKE 'rule:%' OR job_hold.scope LIKE 'source:%')
GROUP BY watch.name;

-- name: skipped_files
-- The first files of a watch that are left out, and why.
SELECT path, reason FROM (
    SELECT path, coalesce(reason, (
        SELECT error_message FROM material JOIN job ON job.id = material.job
        WHERE material.source = source.id ORDER BY job.id DESC LIMIT 1
    ), '') AS reason
    FROM source WHERE watch = :watch AND counted_as = 'skipped' ORDER BY path LIMIT :limit
) AS source_files
UNION ALL
SELECT path, reason FROM (
    SELECT path, reason FROM aside WHERE watch = :watch AND counted_as = 'skipped'
    ORDER BY path LIMIT :limit
) AS other_files
ORDER BY path LIMIT :limit;

-- name: recount
-- What the tally should say.
SELECT watch, counted_as, count(*) AS files FROM (
    SELECT source.watch, standing.counted_as FROM source JOIN standing ON standing.source = source.id
    UNION ALL
    SELECT watch, counted_as FROM aside
) AS files
WHERE counted_as IS NOT NULL GROUP BY watch, counted_as;

-- name: tallied
-- What the tally says.
SELECT watch, counted_as, files FROM tally WHERE files <> 0;

-- name: count_sources_anew
-- What each source is counted as, found out anew.
UPDATE source SET counted_as = (
    SELECT standing.counted_as FROM standing WHERE standing.source = source.id
);

-- name: empty_tally
-- Before all is tallied anew.
DELETE FROM tally;

-- name: tally_anew
-- All files by what they are counted as.
INSERT INTO tally (watch, counted_as, files)
SELECT watch, counted_as, count(*) FROM (
    SELECT watch, counted_as FROM source UNION ALL SELECT watch, counted_as FROM aside
) AS files
WHERE counted_as IS NOT NULL GROUP BY watch, counted_as;

-- name: asides
-- Files of a watch that are no sources, some at a time.
SELECT path FROM aside WHERE watch = :watch AND path > :after AND counted_as = :counted_as
ORDER BY path LIMIT :limit;

-- name: count_left_out
-- How many files of a watch no rule takes.
SELECT count(*) AS count FROM aside WHERE watch = :watch AND counted_as = 'skipped';

-- name: aside_at
-- Why a file is no source.
SELECT counted_as, reason, since, set_key FROM aside WHERE watch = :watch AND path = :path;

-- name: put_aside
-- A file that is no source; one that is counted as a source stays so.
INSERT INTO aside (watch, path, counted_as, reason, since)
SELECT :watch, :path, :counted_as, :reason, :now WHERE NOT EXISTS (
    SELECT 1 FROM source WHERE watch = :watch AND path = :path AND counted_as IS NOT NULL
);

-- name: forget_aside
-- A file is no longer there, or became a source after all.
DELETE FROM aside WHERE watch = :watch AND path = :path;

-- name: forget_asides_below
-- The same of all that lies in a folder.
DELETE FROM aside WHERE watch = :watch AND path > :below AND path < :beyond;

-- name: waiting_set
-- A set that is not complete.
SELECT reason, since FROM waiting_set WHERE watch = :watch AND key = :key AND rule = :rule;

-- name: put_waiting_set
-- Why a set waits, and since when it waits at all.
INSERT INTO waiting_set (watch, key, rule, reason, since)
VALUES (:watch, :key, :rule, :reason, :now)
ON CONFLICT (watch, key, rule) DO UPDATE SET reason = excluded.reason;

-- name: put_in_set
-- A file that waits with its set; one that is counted as a source stays so.
INSERT INTO aside (watch, path, counted_as, reason, since, set_key)
SELECT :watch, :path, 'waiting', :reason, :now, :key WHERE NOT EXISTS (
    SELECT 1 FROM source WHERE watch = :watch AND path = :path AND counted_as IS NOT NULL
)
ON CONFLICT (watch, path) DO NOTHING;

-- name: tell_in_set
-- A file waits with its set for this reason now.
UPDATE aside SET reason = :reason WHERE watch = :watch AND path = :path AND set_key = :key;

-- name: files_of_set
-- The files that wait with a set.
SELECT path FROM aside WHERE watch = :watch AND set_key = :key ORDER BY path;

-- name: forget_waiting_set
-- A set is complete, or there is none any more.
DELETE FROM waiting_set WHERE watch = :watch AND key = :key AND (:rule IS NULL OR rule = :rule);

-- name: forget_files_of_set
-- No rule has these files wait any more.
DELETE FROM aside WHERE watch = :watch AND set_key = :key AND NOT EXISTS (
    SELECT 1 FROM waiting_set WHERE waiting_set.watch = :watch AND waiting_set.key = :key
);

-- name: waiting_sets
-- The sets of a watch that are not complete, some at a time.
SELECT key, rule, reason, since, reported FROM waiting_set
WHERE watch = :watch AND key > :after ORDER BY key, rule LIMIT :limit;

-- name: count_waiting_sets
-- How many sets are not complete.
SELECT count(*) AS count FROM waiting_set;

-- name: set_waits
-- Whether a set of a watch is not complete.
SELECT 1 FROM waiting_set WHERE watch = (SELECT id FROM watch WHERE name = :watch) LIMIT 1;

-- name: report_sets
-- Sets that have not been complete for long.
UPDATE waiting_set SET reported = 1
WHERE reported = 0 AND since <= :before
    AND watch = (SELECT id FROM watch WHERE name = :watch)
RETURNING key, rule, reason;
