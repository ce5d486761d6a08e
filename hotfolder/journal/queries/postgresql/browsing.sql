-- What the page asks.

-- name: published_results
-- Results newest first, from a place on. At most :looked are looked at, however few of them match.
WITH newest AS (
    SELECT id, submit, position, type, extension, size, sha256, output_name, published_at
    FROM result
    WHERE published_at IS NOT NULL AND coalesce(decision, 'approved') = 'approved'
        AND published_at >= :since
        AND (published_at < :until OR (published_at = :until AND id < :before))
    ORDER BY published_at DESC, id DESC LIMIT :looked
)
SELECT newest.*, job.id AS job FROM newest
JOIN submit ON submit.id = newest.submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE (:watch IS NULL OR watch.name = :watch)
    AND (:text = '' OR strpos(lower(path_text(source.path)), :text) > 0
        OR strpos(lower(coalesce(job.plan ->> '$.prompt', '')), :text) > 0)
ORDER BY newest.published_at DESC, newest.id DESC LIMIT :wanted;

-- name: jobs_of_state
-- The jobs of a state, newest first, from a place on. At most :looked are looked at.
WITH newest AS (
    SELECT id, source, plan FROM job WHERE state = :state AND id < :before
    ORDER BY id DESC LIMIT :looked
)
SELECT newest.id FROM newest
JOIN source ON source.id = newest.source JOIN watch ON watch.id = source.watch
WHERE (:watch IS NULL OR watch.name = :watch)
    AND (:text = '' OR strpos(lower(path_text(source.path)), :text) > 0
        OR strpos(lower(coalesce(newest.plan ->> '$.prompt', '')), :text) > 0)
ORDER BY newest.id DESC LIMIT :wanted;

-- name: charged_since
-- What was charged since a time, by quarter of an hour (every zone's midnight is one) and by what it
-- was for; how often each amount, so that sums are exact decimals. Coins are a currency of their own.
WITH recent AS (
    SELECT id, job, intent_at, charge, currency FROM submit WHERE intent_at >= :since
), coins AS (
    SELECT DISTINCT ON (heard.submit) heard.submit, heard.amount FROM recent
    JOIN heard ON heard.submit = recent.id AND heard.what = 'charge' AND heard.currency = 'COINS'
    ORDER BY heard.submit, CAST(heard.amount AS REAL) DESC
), charged AS (
    SELECT id AS submit, charge, currency FROM recent
    WHERE charge IS NOT NULL
        AND (CAST(charge AS REAL) > 0 OR id NOT IN (SELECT submit FROM coins))
    UNION ALL
    SELECT submit, amount, 'COINS' FROM coins
)
SELECT recent.intent_at / 900000 AS quarter, watch.name AS watch, job.rule,
    job.plan ->> '$.model' AS model, charged.charge, charged.currency, count(*) AS count
FROM charged JOIN recent ON recent.id = charged.submit JOIN job ON job.id = recent.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
GROUP BY quarter, watch.name, job.rule, model, charged.charge, charged.currency;
