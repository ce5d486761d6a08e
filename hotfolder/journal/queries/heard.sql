-- What was heard of money: that a task succeeded, what was charged, and who spoke. Append-only.

-- name: hear
-- One thing that became known of a submit, once. A reused result is no submit.
INSERT INTO heard (submit, at, what, amount, currency)
SELECT submit.id, :now, :what, :amount, :currency FROM submit
WHERE submit.id = :submit AND submit.token NOT LIKE 'reused:%' AND NOT EXISTS (
    SELECT 1 FROM heard WHERE heard.submit = submit.id AND heard.what = :what
        AND coalesce(heard.amount, '') = coalesce(:amount, '')
        AND coalesce(heard.currency, '') = coalesce(:currency, '')
);

-- name: hear_again
-- That a task which ended without a charge did so was told once more.
INSERT INTO heard (submit, at, what) VALUES (:submit, :now, 'free_again');

-- name: speak
-- Somebody's word for all submits that a job has had so far.
INSERT INTO heard (submit, at, what)
SELECT max(id), :now, :what FROM submit WHERE job = :job HAVING max(id) IS NOT NULL;

-- name: raise_charge
-- What a submit was charged is the most that was heard.
UPDATE submit SET charge = :charge, currency = coalesce(:currency, currency)
WHERE id = :submit
    AND (charge IS NULL OR CAST(charge AS REAL) < CAST(:charge AS REAL));

-- name: heard_of_submit
-- What was ever heard of one submit that makes it paid.
SELECT DISTINCT what FROM heard
WHERE submit = :submit AND what IN ('success', 'charge', 'unreadable');

-- name: known_of_job
-- What is known of each submit of a job. That nothing was charged counts as told again if that was
-- just now, or right before the intent that came next.
SELECT submit.id, submit.outcome, submit.task_id, coalesce((
    SELECT max(heard.id) FROM heard
    WHERE heard.submit = submit.id AND heard.what IN ('success', 'charge', 'unreadable')
), 0) AS paid_at, (
    SELECT min(heard.at) FROM heard WHERE heard.submit = submit.id AND heard.what = 'free'
) AS free_at, EXISTS (
    SELECT 1 FROM heard WHERE heard.submit = submit.id AND heard.what = 'free_again'
        AND (heard.at BETWEEN :since AND :now OR EXISTS (
            SELECT 1 FROM submit AS next
            WHERE next.job = submit.job AND next.id > submit.id AND next.intent_at >= heard.at
        ))
) AS confirmed
FROM submit WHERE submit.job = :job AND submit.token NOT LIKE 'reused:%' ORDER BY submit.id;

-- name: words_for_job
-- The last person's word, and the newest submit that there was when anybody spoke.
SELECT coalesce(max(CASE WHEN heard.what = 'word' THEN heard.id END), 0) AS person_at,
    coalesce(max(heard.submit), 0) AS covered
FROM heard JOIN submit ON submit.id = heard.submit
WHERE submit.job = :job AND heard.what IN ('leave', 'word');

-- name: best_task
-- The task of a job that is the likeliest to have a result: one that was told to have succeeded,
-- else one that was not told to have failed.
SELECT submit.id FROM submit WHERE submit.job = :job AND submit.task_id IS NOT NULL
ORDER BY EXISTS (
    SELECT 1 FROM heard WHERE heard.submit = submit.id AND heard.what = 'success'
) DESC, CASE WHEN submit.outcome IS NULL THEN 0
    WHEN submit.outcome IN ('failed', 'cancelled') THEN 1 ELSE 2 END DESC, submit.number DESC LIMIT 1;
