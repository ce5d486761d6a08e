-- The wall clock was set: what waits goes along, and what happened since the machine started.

-- name: shift_jobs
-- Jobs, by a step in milliseconds.
UPDATE job SET
    due_at = due_at + :step,
    accepted_at = accepted_at + iif(accepted_at BETWEEN :since AND :now, :step, 0),
    ended_at = ended_at + iif(ended_at BETWEEN :since AND :now, :step, 0)
WHERE due_at IS NOT NULL OR accepted_at BETWEEN :since AND :now OR ended_at BETWEEN :since AND :now;

-- name: shift_submits
-- Submits, which the age of tasks and links and the budgets of a day go by.
UPDATE submit SET intent_at = intent_at + :step, answered_at = answered_at + :step
WHERE intent_at BETWEEN :since AND :now;

-- name: shift_heard
-- What was heard of money, which is asked for again after a while.
UPDATE heard SET at = at + :step WHERE at BETWEEN :since AND :now;

-- name: shift_uploads
-- Links to uploads; those made before the machine started live no longer for it.
UPDATE upload SET expires_at = expires_at + :step WHERE expires_at >= :since OR :step < 0;

-- name: shift_holds
-- Trials, and since when there are holds.
UPDATE hold SET
    next_trial = next_trial + :step,
    since = since + iif(since BETWEEN :since AND :now, :step, 0);

-- name: shift_callbacks
-- Callbacks that are still to be looked into.
UPDATE callback SET
    due_at = due_at + :step,
    heard_at = heard_at + iif(heard_at BETWEEN :since AND :now, :step, 0);

-- name: shift_sources
-- When sources were first seen as they are.
UPDATE source SET seen_at = seen_at + :step WHERE seen_at BETWEEN :since AND :now;

-- name: shift_asides
-- Since when files are no sources.
UPDATE aside SET since = since + :step WHERE since BETWEEN :since AND :now;

-- name: shift_sets
-- Since when sets wait.
UPDATE waiting_set SET since = since + :step WHERE since BETWEEN :since AND :now;

-- name: shift_watches
-- Since when watches are as they are.
UPDATE watch SET since = since + :step WHERE since BETWEEN :since AND :now;

-- name: shift_daemon
-- Since when the daemon runs, and when it was last seen.
UPDATE daemon SET
    since = since + iif(since BETWEEN :since AND :now, :step, 0),
    seen_at = seen_at + iif(seen_at BETWEEN :since AND :now, :step, 0);
