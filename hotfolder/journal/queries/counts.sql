-- How many files are what, and the files that are no sources.

-- name: tally
-- How many files of each watch are counted as what.
SELECT watch.name AS watch, watch.online, tally.counted_as, tally.files
FROM tally JOIN watch ON watch.id = tally.watch WHERE tally.files > 0;

-- name: count_queued_held
-- Files of each watch that are queued behind a hold of their rule, or of their own.
SELECT watch.name AS watch, count(DISTINCT source.id) AS files
FROM job_hold JOIN job ON job.id = job_hold.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE source.counted_as = 'queued' AND (job_hold.scope GLOB 'rule:*' OR job_hold.scope GLOB 'source:*')
GROUP BY watch.name;

-- name: skipped_files
-- The first files of a watch that are left out, and why.
SELECT path, reason FROM (
    SELECT path, coalesce(reason, (
        SELECT error_message FROM job WHERE job.source = source.id ORDER BY id DESC LIMIT 1
    ), '') AS reason
    FROM source WHERE watch = :watch AND counted_as = 'skipped' ORDER BY path LIMIT :limit
)
UNION ALL
SELECT path, reason FROM (
    SELECT path, reason FROM aside WHERE watch = :watch AND counted_as = 'skipped'
    ORDER BY path LIMIT :limit
)
ORDER BY path LIMIT :limit;

-- name: recount
-- What the tally should say.
SELECT watch, counted_as, count(*) AS files FROM (
    SELECT source.watch, standing.counted_as FROM source JOIN standing ON standing.source = source.id
    UNION ALL
    SELECT watch, counted_as FROM aside
)
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
)
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
SELECT counted_as, reason FROM aside WHERE watch = :watch AND path = :path;

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
