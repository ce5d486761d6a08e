-- The output names: reserved for jobs, and given to results.

-- name: reserve_name
-- Take an output name for a job; no row when another job has it.
INSERT INTO reservation (output_root, name_key, job) VALUES (:output_root, :name_key, :job)
ON CONFLICT (output_root, name_key) DO NOTHING RETURNING job;

-- name: set_stem
-- The output name that a job got.
UPDATE job SET output_stem = :output_stem WHERE id = :job;

-- name: reserved_by
-- Whose output name this is: that of a chain is its root's.
SELECT reservation.job, job.watch, job.key, job.slot FROM reservation JOIN job ON job.id = reservation.job
WHERE reservation.output_root = :output_root AND reservation.name_key = :name_key;

-- name: take_over_names
-- A newer edit of the same source and slot replaces what an earlier one wrote.
UPDATE reservation SET job = :job WHERE job = :earlier;

-- name: earlier_outputs
-- What earlier jobs of the same set wrote under a name, and beside it; not those of its own chain.
SELECT result.sha256, result.companion, result.raw, result.raw_extension FROM result
JOIN submit ON submit.id = result.submit JOIN job AS earlier ON earlier.id = submit.job
JOIN job AS newer ON newer.watch = earlier.watch AND newer.key = earlier.key
    AND newer.slot = earlier.slot AND newer.output_root = earlier.output_root
WHERE newer.id = :job AND earlier.id < newer.id AND result.output_name = :output_name
    AND coalesce(earlier.root, earlier.id) <> coalesce(newer.root, newer.id)
    AND result.published_at IS NOT NULL AND result.sha256 IS NOT NULL;

-- name: free_names
-- A job that ended without outputs gives its names back.
DELETE FROM reservation WHERE job = :job;

-- name: free_unused_names
-- A job whose results were all rejected gives the names of its outputs back.
DELETE FROM reservation WHERE job = :job AND NOT glob('_rejected/*', name_key) AND NOT EXISTS (
    SELECT 1 FROM submit JOIN result ON result.submit = submit.id
    WHERE submit.job = :job AND result.published_at IS NOT NULL
        AND coalesce(result.decision, 'approved') = 'approved'
);

-- name: name_result
-- The name that a result is to be published under, committed before it is.
UPDATE result SET output_name = :output_name WHERE id = :result;

-- name: mark_published
-- A result stands under its final name.
UPDATE result SET published_at = :now WHERE id = :result;
