-- The jobs: accepting them, reading them, and every change of their state or plan.

-- name: latest_generation
-- The newest job of one set, what is in it, and slot; and rule, if that counts: accepting it again
-- is accepting once.
SELECT id, generation, state, waits_for, error_code FROM job
WHERE watch = :watch AND key = :key AND digest = :digest AND slot = :slot
    AND (:rule IS NULL OR rule = :rule)
ORDER BY generation DESC, id DESC LIMIT 1;

-- name: insert_job
-- Accept a job.
INSERT INTO job (watch, key, digest, slot, rule, generation, source, state, due_at, waits_for, plan,
    output_root, output_folder, output_stem, named_after, estimate, estimate_currency,
    error_code, error_message, error_hint, accepted_at)
VALUES (:watch, :key, :digest, :slot, :rule, :generation, :source, 'accepted', :due_at, :waits_for, :plan,
    :output_root, :output_folder, :output_stem, :named_after, :estimate, :estimate_currency,
    :error_code, :error_message, :error_hint, :now)
RETURNING id;

-- name: insert_material
-- One thing that a job sends; a source is that of the job.
INSERT INTO material (
    job, position, parameter, origin, source, path, content_hash, identity, size, preparation
) VALUES (
    :job, :position, :parameter, :origin,
    CASE :origin WHEN 'source' THEN (SELECT source FROM job WHERE id = :job) END, :path,
    :content_hash, :identity, :size, :preparation
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
-- What a job sends.
SELECT material.position, material.parameter, material.origin,
    coalesce(material.path, source.path, x'') AS path, material.content_hash, material.identity,
    material.size, material.preparation
FROM material LEFT JOIN source ON source.id = material.source
WHERE material.job = :job ORDER BY material.position;

-- name: move_job
-- The compare-and-set behind every change of state.
UPDATE job
SET state = :to_state, due_at = :due_at, waits_for = :waits_for, attempt = :attempt,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint,
    ended_at = :ended_at
WHERE id = :job AND state = :from_state;

-- name: jobs_not_submitted
-- Jobs of one source that are not yet submitted.
SELECT id, digest, rule FROM job
WHERE source = :source AND state IN ('accepted', 'uploaded') ORDER BY id;

-- name: replan_job
-- A sidecar or rule changed before the intent.
UPDATE job SET plan = :plan, estimate = :estimate, estimate_currency = :estimate_currency,
    due_at = :due_at, waits_for = :waits_for,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint
WHERE id = :job AND state IN ('accepted', 'uploaded');

-- name: allowed_price
-- The price at which the owner released a job that is dearer than the rules allow.
SELECT allowed FROM job WHERE id = :job;

-- name: allow_job
-- The owner releases a job that is dearer than the rules allow, at the price of its plan.
UPDATE job SET allowed = :price_key, due_at = :now, waits_for = NULL,
    error_code = NULL, error_message = NULL, error_hint = NULL
WHERE id = :job AND waits_for = 'hold' AND error_code = :code;

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
-- The newest job of each rule for a source's present image.
SELECT job.id FROM job JOIN source ON source.id = job.source
WHERE job.source = :source AND job.digest = source.identity AND job.generation = (
    SELECT max(other.generation) FROM job AS other
    WHERE other.source = job.source AND other.digest = job.digest
    AND other.rule = job.rule
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
