-- What was charged in coins: of several amounts the highest.

-- name: coins_since
-- The coins of a span, and the estimates in coins of what nobody knows the end of.
WITH charged AS (
    SELECT DISTINCT ON (submit) submit, amount FROM heard
    WHERE what = 'charge' AND currency = 'COINS' ORDER BY submit, CAST(amount AS REAL) DESC
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
    SELECT DISTINCT ON (submit) submit, amount FROM heard
    WHERE what = 'charge' AND currency = 'COINS' ORDER BY submit, CAST(amount AS REAL) DESC
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
