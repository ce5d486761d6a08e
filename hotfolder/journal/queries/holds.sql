-- The holds: why submitting is stopped in a scope, and what that keeps back. Which hold covers
-- a job says the view job_hold alone.

-- name: put_hold
-- Stop in a scope. One that holds already keeps its beginning.
INSERT INTO hold (scope, code, reason, hint, since, next_trial)
VALUES (:scope, :code, :reason, :hint, :now, :next_trial)
ON CONFLICT (scope, code) DO UPDATE SET reason = excluded.reason, hint = excluded.hint;

-- name: find_hold
-- The hold of a scope that has trials: there is one at most.
SELECT code, reason, hint, trials, next_trial FROM hold
WHERE scope = :scope AND next_trial IS NOT NULL;

-- name: is_held
-- Whether a scope is held for a reason.
SELECT 1 FROM hold WHERE scope = :scope AND code = :code;

-- name: hold_for
-- Why a scope is held for a reason, and what to do about it.
SELECT reason, hint FROM hold WHERE scope = :scope AND code = :code;

-- name: holds
-- All holds.
SELECT scope, code, reason, hint, since, trials, next_trial FROM hold ORDER BY since, scope;

-- name: holds_with_code
-- The holds for one reason.
SELECT scope, needs FROM hold WHERE code = :code;

-- name: holds_to_let_go
-- The holds for one reason that may be let go from here.
SELECT scope, needs FROM hold WHERE code = :code;

-- name: set_needs
-- How much must be left of a budget before its hold is let go.
UPDATE hold SET needs = :needs WHERE scope = :scope AND code = :code;

-- name: renew_hold
-- A trial was in vain, perhaps for another reason than the first.
UPDATE hold SET code = :code, reason = :reason, hint = :hint, trials = trials + 1,
    next_trial = :next_trial
WHERE scope = :scope AND next_trial IS NOT NULL;

-- name: lift_hold
-- Going on in a scope: what has trials was tried.
DELETE FROM hold
WHERE scope = :scope AND next_trial IS NOT NULL AND (:code IS NULL OR code = :code);

-- name: drop_hold
-- A hold is no longer called for.
DELETE FROM hold WHERE scope = :scope AND code = :code;

-- name: try_holds_now
-- A trial at once for each hold that has trials, of one scope or of all. A start alone is no reason
-- to risk another doubt.
UPDATE hold SET next_trial = :now
WHERE next_trial IS NOT NULL
    AND (scope = :scope OR (:scope IS NULL AND code != 'many_doubts'));

-- name: held_jobs
-- What a hold keeps from going on.
SELECT job.estimate FROM job_hold JOIN job ON job.id = job_hold.job
WHERE job_hold.scope = :scope AND job_hold.code = :code;

-- name: held_reasons
-- Each job that is held, and why; of several reasons the oldest comes last.
SELECT job_hold.job, hold.code, hold.reason, hold.hint FROM job_hold
JOIN hold ON hold.scope = job_hold.scope AND hold.code = job_hold.code
ORDER BY hold.since DESC;

-- name: holds_over
-- The holds over one job.
SELECT hold.* FROM job_hold
JOIN hold ON hold.scope = job_hold.scope AND hold.code = job_hold.code
WHERE job_hold.job = :job ORDER BY hold.since, hold.scope;

-- name: count_contents
-- How many images a source has had since a time; the rows of a file are none.
SELECT count(DISTINCT digest) AS count FROM job
WHERE source = :source AND accepted_at >= :since AND plan ->> '$.line' IS NULL;

-- name: drop_loops
-- A person has seen to what looped, in one watch or in all.
DELETE FROM hold WHERE code = 'looping' AND scope IN (
    SELECT 'source:' || source.id FROM source JOIN watch ON watch.id = source.watch
    WHERE :watch IS NULL OR watch.name = :watch
);
