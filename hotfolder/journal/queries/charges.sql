-- What was charged, what may have been, and what is expected.

-- name: last_charge
-- What the last edit of the same model and price parameters was charged at a site. One that was
-- free does not say what the next one costs: a quota of free calls ends without a word.
SELECT charge, currency FROM submit
WHERE price_key = :price_key AND site = :site AND outcome = 'succeeded'
    AND charge IS NOT NULL AND CAST(charge AS REAL) > 0
ORDER BY id DESC LIMIT 1;

-- name: spent_in_all
-- The charges of a span, those alike together; an index alone tells them.
SELECT charge AS amount, count(*) AS count FROM submit
WHERE intent_at >= :since AND charge IS NOT NULL GROUP BY charge;

-- name: spent_by_watch
-- The same of one watch.
SELECT submit.charge AS amount, count(*) AS count FROM submit JOIN job ON job.id = submit.job
WHERE submit.intent_at >= :since AND submit.charge IS NOT NULL
    AND +job.watch = (SELECT id FROM watch WHERE name = :watch) -- by the time, not by the watch
GROUP BY submit.charge;

-- name: not_yet_charged
-- The estimates of what nobody knows the end of. What was charged in coins alone costs no money; a
-- charge that cannot be read may be the estimate.
SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM heard WHERE heard.submit = submit.id
            AND heard.what IN ('success', 'charge', 'unreadable') AND heard.currency = 'COINS'
    ) AND NOT EXISTS (
        SELECT 1 FROM heard WHERE heard.submit = submit.id AND heard.what = 'unreadable'
    ) THEN '0'
    WHEN job.estimate_currency = 'COINS' THEN '0'
    ELSE coalesce(job.estimate, '0')
END AS amount, 1 AS count
FROM submit JOIN job ON job.id = submit.job
WHERE submit.intent_at >= :since AND submit.charge IS NULL
    AND (:watch IS NULL OR job.watch = (SELECT id FROM watch WHERE name = :watch)) AND (
        submit.outcome IS NULL
        OR submit.outcome NOT IN ('deferred', 'refused', 'failed', 'resent')
        OR EXISTS (
            SELECT 1 FROM heard WHERE heard.submit = submit.id
                AND heard.what IN ('success', 'charge', 'unreadable')
        )
    );

-- name: last_coins
-- What the last run of the same app and values was charged in coins at a site.
SELECT heard.amount FROM submit JOIN heard ON heard.submit = submit.id
WHERE submit.price_key = :price_key AND submit.site = :site AND submit.outcome = 'succeeded'
    AND heard.what = 'charge' AND heard.currency = 'COINS'
ORDER BY submit.id DESC LIMIT 1;

-- name: coins_since
-- The coins of a span, and the estimates in coins of what nobody knows the end of.
WITH charged AS (
    SELECT submit, amount, max(CAST(amount AS REAL)) FROM heard
    WHERE what = 'charge' AND currency = 'COINS' GROUP BY submit
)
SELECT coalesce(charged.amount, job.estimate, '0') AS amount, 1 AS count
FROM submit JOIN job ON job.id = submit.job LEFT JOIN charged ON charged.submit = submit.id
WHERE submit.intent_at >= :since AND (charged.amount IS NOT NULL OR (
    job.estimate_currency = 'COINS' AND submit.charge IS NULL AND (
        submit.outcome IS NULL
        OR submit.outcome NOT IN ('deferred', 'refused', 'failed', 'resent')
    )
));

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
SELECT charge FROM submit WHERE job = :job AND charge IS NOT NULL ORDER BY number;

-- name: estimates_at_risk
-- What submits may have cost that nobody knows the end of.
SELECT job.estimate FROM submit JOIN job ON job.id = submit.job
WHERE submit.outcome IN ('unanswered', 'lost') AND submit.charge IS NULL;
