-- What was charged, what may have been, and what is expected.

-- name: last_charge
-- What the last edit of the same model and price parameters was charged at a site. One that was
-- free does not say what the next one costs: a quota of free calls ends without a word.
SELECT charge, currency FROM submit
WHERE price_key = :price_key AND site = :site AND outcome = 'succeeded'
    AND charge IS NOT NULL AND CAST(charge AS REAL) > 0
ORDER BY id DESC LIMIT 1;

-- name: spent_since
-- What counts against a budget: charges, and the estimates of what nobody knows the end of. What
-- was charged in coins alone costs no money; a charge that cannot be read may be the estimate.
SELECT coalesce(submit.charge, CASE WHEN heard.coins AND NOT heard.unreadable THEN '0' END,
    job.estimate, '0') AS amount
FROM submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
LEFT JOIN (
    SELECT submit, max(currency IS 'COINS') AS coins, max(what = 'unreadable') AS unreadable
    FROM heard WHERE what IN ('success', 'charge', 'unreadable') GROUP BY submit
) AS heard ON heard.submit = submit.id
WHERE submit.intent_at >= :since AND (:watch IS NULL OR watch.name = :watch) AND (
    submit.charge IS NOT NULL OR heard.submit IS NOT NULL OR submit.outcome IS NULL
    OR submit.outcome NOT IN ('deferred', 'refused', 'failed', 'resent')
);

-- name: charges
-- All charges with the time of their intent, and what they were for. Coins are a currency of their
-- own; what cost coins alone was not free.
WITH coins AS (
    SELECT submit, amount, max(CAST(amount AS REAL)) FROM heard
    WHERE what = 'charge' AND currency = 'COINS' GROUP BY submit
), charged AS (
    SELECT id AS submit, charge, currency FROM submit
    WHERE charge IS NOT NULL
        AND (CAST(charge AS REAL) > 0 OR id NOT IN (SELECT submit FROM coins))
    UNION ALL
    SELECT submit, amount, 'COINS' FROM coins
)
SELECT submit.intent_at, charged.charge, charged.currency, watch.name AS watch, job.rule,
    job.plan ->> '$.model' AS model
FROM charged JOIN submit ON submit.id = charged.submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch;

-- name: unreadable_charges
-- The jobs that were charged by something that cannot be read as an amount, and what it was.
SELECT submit.job, min(heard.amount) AS said FROM heard JOIN submit ON submit.id = heard.submit
WHERE heard.what = 'unreadable' GROUP BY submit.job ORDER BY submit.job;

-- name: job_charge
-- What a job has cost so far, over all its submits.
SELECT charge FROM submit WHERE job = :job AND charge IS NOT NULL;

-- name: estimates_at_risk
-- What submits may have cost that nobody knows the end of.
SELECT job.estimate FROM submit JOIN job ON job.id = submit.job
WHERE submit.outcome IN ('unanswered', 'lost') AND submit.charge IS NULL;
