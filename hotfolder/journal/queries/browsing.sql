-- What the page asks: results and jobs a part at a time, always along an index.

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
    AND (:text = '' OR instr(lower(CAST(source.path AS TEXT)), :text) > 0
        OR instr(lower(coalesce(job.plan ->> '$.prompt', '')), :text) > 0)
ORDER BY newest.published_at DESC, newest.id DESC LIMIT :wanted;

-- name: end_of_looked
-- Where the next part begins after one in which little matched.
SELECT published_at, id FROM result
WHERE published_at IS NOT NULL AND published_at >= :since
    AND (published_at < :until OR (published_at = :until AND id < :before))
ORDER BY published_at DESC, id DESC LIMIT 1 OFFSET :looked - 1;

-- name: jobs_of_state
-- The jobs of a state, newest first, from a place on. At most :looked are looked at.
WITH newest AS (
    SELECT id, source, plan FROM job WHERE state = :state AND id < :before
    ORDER BY id DESC LIMIT :looked
)
SELECT newest.id FROM newest
JOIN source ON source.id = newest.source JOIN watch ON watch.id = source.watch
WHERE (:watch IS NULL OR watch.name = :watch)
    AND (:text = '' OR instr(lower(CAST(source.path AS TEXT)), :text) > 0
        OR instr(lower(coalesce(newest.plan ->> '$.prompt', '')), :text) > 0)
ORDER BY newest.id DESC LIMIT :wanted;

-- name: count_published
-- Results published since a time, by watch.
SELECT watch.name AS watch, count(*) AS count FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE result.published_at IS NOT NULL AND result.published_at >= :since GROUP BY watch.name;

-- name: count_failed
-- Failed jobs by watch.
SELECT watch.name AS watch, count(*) AS count FROM job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.state = 'failed' GROUP BY watch.name;

-- name: open_with_errors
-- Open jobs with something that a person should know. They are few: looked for by that (`+id` keeps
-- SQLite from looking at all jobs in their order instead), and then put in order.
SELECT id FROM job WHERE ended_at IS NULL AND error_code IS NOT NULL AND +id < :before
ORDER BY +id DESC LIMIT :wanted;

-- name: count_open_with_errors
-- How many they are.
SELECT count(*) AS count FROM job WHERE ended_at IS NULL AND error_code IS NOT NULL;

-- name: result
-- One result, and the job it was made for.
SELECT result.*, submit.job AS job FROM result JOIN submit ON submit.id = result.submit
WHERE result.id = :result;

-- name: submits_of_job
-- What was sent for a job.
SELECT number, intent_at, task_id, outcome, charge, currency FROM submit
WHERE job = :job ORDER BY number;

-- name: charged_since
-- What was charged since a time, by quarter of an hour (every zone's midnight is one) and by what it
-- was for; how often each amount, so that sums are exact decimals. Coins are a currency of their own.
WITH recent AS (
    SELECT id, job, intent_at, charge, currency FROM submit WHERE intent_at >= :since
), coins AS (
    SELECT heard.submit, heard.amount, max(CAST(heard.amount AS REAL)) FROM recent
    JOIN heard ON heard.submit = recent.id AND heard.what = 'charge' AND heard.currency = 'COINS'
    GROUP BY heard.submit
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

-- name: count_reused
-- Jobs that got another's result since a time, by what they would have cost.
SELECT job.estimate, job.estimate_currency AS currency, count(*) AS count
FROM submit JOIN job ON job.id = submit.job
WHERE submit.intent_at >= :since AND submit.task_id IS NULL AND submit.outcome = 'succeeded'
GROUP BY job.estimate, job.estimate_currency;
