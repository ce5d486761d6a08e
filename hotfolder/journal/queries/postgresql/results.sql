-- What never came whole.

-- name: unusable_results
-- What never came whole: what came in its place may be in the spool, for a person to look at.
SELECT result.submit, result.position FROM job
JOIN submit ON submit.job = job.id JOIN result ON result.submit = submit.id
WHERE result.sha256 IS NULL AND job.state IN (
    'accepted', 'uploaded', 'submitting', 'running', 'finished', 'fetched', 'in_doubt', 'failed'
)
UNION ALL
SELECT result.submit, result.position FROM job
JOIN submit ON submit.job = job.id JOIN result ON result.submit = submit.id
WHERE result.sha256 IS NULL AND job.state = 'done' AND job.error_code IS NOT NULL;
