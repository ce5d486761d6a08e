-- The results: as the service names them, and in the spool.

-- name: results
-- The results of a submit.
SELECT * FROM result WHERE submit = :submit ORDER BY position;

-- name: put_result
-- A result as the service names it, perhaps anew with a fresh link.
INSERT INTO result (submit, position, url, text, type)
VALUES (:submit, :position, :url, :text, :type)
ON CONFLICT (submit, position) DO UPDATE SET
    url = excluded.url, text = excluded.text, type = excluded.type;

-- name: forget_spool
-- The spool lost what is still to be published of a submit; the names stay.
UPDATE result SET spool_file = NULL, size = NULL, sha256 = NULL
WHERE submit = :submit AND published_at IS NULL;

-- name: spool_result
-- A result is safe in the spool.
UPDATE result SET spool_file = :spool_file, size = :size, sha256 = :sha256, extension = :extension
WHERE submit = :submit AND position = :position;

-- name: raw_results
-- What is being fetched: its raw results may be in the spool already.
SELECT result.submit, result.position FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE job.state = 'finished';

-- name: jobs_with_keepsakes
-- Jobs whose results may still come; what is missing of one that is done, too.
SELECT id FROM job
WHERE state NOT IN ('done', 'cancelled') OR (state = 'done' AND error_code IS NOT NULL);

-- name: spool_files
-- What the spool must keep.
SELECT result.spool_file FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE result.spool_file IS NOT NULL AND job.state = 'fetched';
