-- The jobs: accepting them, reading them, and every change of their state or plan.

-- name: latest_generation
-- The newest job of one set, what is in it, and slot; and rule, if that counts: accepting it again
-- is accepting once.
SELECT id, generation, state, waits_for, error_code FROM job
WHERE watch = :watch AND key = :key AND digest = :digest AND slot = :slot
    AND (:rule IS NULL OR rule = :rule)
ORDER BY generation DESC, id DESC LIMIT 1;

-- name: sent_in_other_slot
-- The first job that was sent of one set and what is in it, in another slot or as one of its rows;
-- and rule, if that counts.
SELECT job.id FROM job
WHERE watch = :watch AND key = :key AND (
        (digest = :digest AND slot <> :slot)
        OR (plan ->> '$.line' IS NOT NULL AND digest <> :digest AND EXISTS (
            SELECT 1 FROM material WHERE material.job = job.id AND material.identity = :digest
        ))
    ) AND (:rule IS NULL OR rule = :rule)
    AND EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id)
ORDER BY slot, generation DESC LIMIT 1;

-- name: rows_of_file
-- The jobs of one file, and whether they were sent.
SELECT digest, slot, plan ->> '$.line' AS line,
    EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id) AS sent
FROM job WHERE watch = :watch AND key = :key ORDER BY id;

-- name: unsent_rows
-- The jobs of one file that are not yet submitted.
SELECT id, digest FROM job
WHERE watch = :watch AND key = :key AND state IN ('accepted', 'uploaded') ORDER BY id;

-- name: insert_job
-- Accept a job.
INSERT INTO job (watch, key, digest, slot, rule, generation, source, state, due_at, waits_for, plan,
    output_root, output_folder, output_stem, named_after, estimate, estimate_currency,
    error_code, error_message, error_hint, accepted_at, root, parent, step, position)
VALUES (:watch, :key, :digest, :slot, :rule, :generation, :source, 'accepted', :due_at, :waits_for, :plan,
    :output_root, :output_folder, :output_stem, :named_after, :estimate, :estimate_currency,
    :error_code, :error_message, :error_hint, :now, :root, :parent, :step, :position)
RETURNING id;

-- name: insert_material
-- One thing that a job sends; a source is at a place in the watch of the job.
INSERT INTO material (
    job, position, parameter, origin, source, path, content_hash, identity, size, preparation, result
) VALUES (
    :job, :position, :parameter, :origin,
    (SELECT source.id FROM source JOIN job ON job.id = :job
        WHERE source.watch = job.watch AND source.path = :place), :path,
    :content_hash, :identity, :size, :preparation, :result
);

-- name: forget_materials
-- Another plan sends other things, or in other places.
DELETE FROM material WHERE job = :job;

-- name: job
-- One job with its place.
SELECT job.*, watch.name AS watch_name, watch.root AS input_root, source.path AS source_path,
    source.mtime_ns AS source_mtime_ns
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.id = :job;

-- name: known_by
-- By what a job is known.
SELECT watch, key, digest, slot, source FROM job WHERE id = :job;

-- name: materials
-- What a job sends, with the essence of a reference as far as it is known. Of a result it is the
-- file as the service made it.
SELECT material.position, material.parameter, material.origin,
    coalesce(material.path, source.path,
        result.spool_file || CASE WHEN result.raw IS NULL THEN '' ELSE '-raw' END, x'') AS path,
    material.content_hash, material.identity, material.size, material.preparation,
    material.result, essence.digest
FROM material LEFT JOIN source ON source.id = material.source
LEFT JOIN result ON result.id = material.result
LEFT JOIN essence ON material.origin = 'reference' AND essence.version = :version
    AND essence.content_hash = material.content_hash
WHERE material.job = :job ORDER BY material.position;

-- name: move_job
-- The compare-and-set behind every change of state.
UPDATE job
SET state = :to_state, due_at = :due_at, waits_for = :waits_for, attempt = :attempt,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint,
    ended_at = :ended_at
WHERE id = :job AND state = :from_state;

-- name: jobs_not_submitted
-- Jobs that a source is in and that are not yet submitted; what follows in a chain is none of them.
SELECT DISTINCT job.id, job.key, job.digest, job.rule, job.slot
FROM material JOIN job ON job.id = material.job
WHERE material.source = :source AND job.step = 0 AND job.state IN ('accepted', 'uploaded') ORDER BY job.id;

-- name: sent_of_source
-- Jobs that a source was sent with, and how many sources each of them has.
SELECT job.id, job.key, job.accepted_at, (
    SELECT count(*) FROM material AS sent WHERE sent.job = job.id AND sent.source IS NOT NULL
) AS sources
FROM material JOIN job ON job.id = material.job
WHERE material.source = :source AND job.step = 0 AND (:rule IS NULL OR job.rule = :rule)
    AND EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id)
ORDER BY job.id;

-- name: replan_job
-- A sidecar or rule changed before the intent.
UPDATE job SET plan = :plan, estimate = :estimate, estimate_currency = :estimate_currency,
    due_at = :due_at, waits_for = :waits_for,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint
WHERE id = :job AND state IN ('accepted', 'uploaded');

-- name: allowed_price
-- The price at which the owner released a job that was held for it.
SELECT allowed FROM job WHERE id = :job;

-- name: allow_job
-- The owner releases a job that is held for its price, at that of its plan.
UPDATE job SET allowed = :price_key, due_at = :now, waits_for = NULL,
    error_code = NULL, error_message = NULL, error_hint = NULL
WHERE id = :job AND waits_for = 'hold' AND error_code = :code;

-- name: held_beside
-- A job and those of the same sources, or the same row of a file, and rule that are held by the same
-- code.
SELECT job.id FROM job JOIN job AS named ON named.id = :job
WHERE job.source = named.source AND job.rule = named.rule
    AND (
        job.digest = named.digest
        OR (named.plan ->> '$.line' IS NOT NULL AND job.slot = named.slot)
    )
    AND job.waits_for = 'hold' AND job.error_code = :code ORDER BY job.id;

-- name: inherit_allowed
-- What was released once may be made once more.
UPDATE job SET allowed = (SELECT allowed FROM job WHERE id = :older) WHERE id = :job;

-- name: set_estimate
-- What a job is expected to cost, as it is known just before it is paid.
UPDATE job SET estimate = :estimate, estimate_currency = :currency WHERE id = :job;

-- name: set_anew
-- A job is to be paid for itself.
UPDATE job SET anew = 1 WHERE id = :job;

-- name: newest_of_source
-- The newest job of each set, rule and slot that sends a source's present image.
SELECT DISTINCT job.id
FROM source JOIN material ON material.source = source.id AND material.identity = source.identity
JOIN job ON job.id = material.job
WHERE source.id = :source AND job.step = 0 AND job.generation = (
    SELECT max(other.generation) FROM job AS other
    WHERE other.watch = job.watch AND other.key = job.key AND other.digest = job.digest
    AND other.slot = job.slot AND other.rule = job.rule
) ORDER BY job.id;

-- name: set_stale
-- Whether today's sidecars and rules would ask for another edit than was sent.
UPDATE job SET stale = :stale
WHERE id = :job AND stale <> :stale AND state NOT IN ('accepted', 'uploaded');

-- name: freshen
-- A job is sent (again) by the plan that holds now.
UPDATE job SET stale = 0 WHERE id = :job AND stale = 1;

-- name: stale_jobs
-- Jobs of one state that are stale.
SELECT id FROM job WHERE stale = 1 AND state = :state ORDER BY id;

-- name: report_overdue
-- A required sidecar has not come for long.
UPDATE job SET error_code = :overdue
WHERE waits_for = 'sidecar' AND error_code = :missing AND accepted_at <= :before AND source IN (
    SELECT source.id FROM source JOIN watch ON watch.id = source.watch WHERE watch.name = :watch
) RETURNING id;
