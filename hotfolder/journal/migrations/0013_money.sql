-- What was heard of money, in the order in which it became known. Nothing of it ever goes back.

CREATE TABLE heard (
    id INTEGER PRIMARY KEY,
    submit INTEGER NOT NULL REFERENCES submit (id),
    at INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN (
        'success', 'charge', 'unreadable', 'free', 'free_again', 'leave', 'word'
    )),
    amount TEXT,
    currency TEXT,
    CHECK ((amount IS NOT NULL) = (what IN ('charge', 'unreadable')))
) STRICT;

CREATE INDEX heard_submit ON heard (submit, what);

CREATE TRIGGER heard_is_append_only_update BEFORE UPDATE ON heard
BEGIN SELECT RAISE (ABORT, 'what was heard of money is append-only'); END;

CREATE TRIGGER heard_is_append_only_delete BEFORE DELETE ON heard
BEGIN SELECT RAISE (ABORT, 'what was heard of money is append-only'); END;

-- What an older journal knows: by its submits and results, and by its history, where a charge may
-- stand that a later answer has overwritten. What the history says belongs to the newest submit
-- that there was.
INSERT INTO heard (submit, at, what, amount, currency)
SELECT submit, at, what, amount, currency FROM (
    SELECT id AS submit, coalesce(answered_at, intent_at) AS at, 0 AS place, 'success' AS what,
        NULL AS amount, NULL AS currency
    FROM submit
    WHERE token NOT LIKE 'reused:%' AND (outcome IN ('succeeded', 'no_results')
        OR links_expired > 0 OR EXISTS (SELECT 1 FROM result WHERE result.submit = submit.id))
    UNION ALL
    SELECT id, coalesce(answered_at, intent_at), 1, 'charge', charge, currency
    FROM submit
    WHERE token NOT LIKE 'reused:%' AND CAST(charge AS REAL) > 0
    UNION ALL
    SELECT id, coalesce(answered_at, intent_at), 2, 'free', NULL, NULL
    FROM submit
    WHERE outcome IN ('failed', 'cancelled') AND coalesce(CAST(charge AS REAL), 0) = 0
    UNION ALL
    SELECT id, coalesce(answered_at, intent_at), 3, 'word', NULL, NULL
    FROM submit WHERE outcome = 'resent'
    UNION ALL
    SELECT submit, at, place, what, amount, currency FROM (
        SELECT event.at AS at,
            CASE event.name WHEN 'RemoteSucceeded' THEN 0 ELSE 3 END AS place,
            CASE
                WHEN event.name = 'RemoteSucceeded' THEN 'success'
                WHEN event.name = 'Retried' AND event.detail ->> '$.anew' THEN 'word'
                WHEN event.name = 'ResendApproved'
                    AND event.detail ->> '$.by' <> 'limits.resend_up_to' THEN 'word'
                ELSE 'leave'
            END AS what,
            NULL AS amount, NULL AS currency,
            (SELECT submit.id FROM submit
             WHERE submit.job = event.job AND submit.intent_at <= event.at
                AND submit.token NOT LIKE 'reused:%'
             ORDER BY submit.id DESC LIMIT 1) AS submit
        FROM event WHERE event.name IN ('RemoteSucceeded', 'Retried', 'ResendApproved')
        UNION ALL
        SELECT event.at, 1, 'charge', event.detail ->> '$.charge', event.detail ->> '$.currency',
            (SELECT submit.id FROM submit
             WHERE submit.job = event.job AND submit.intent_at <= event.at
                AND submit.token NOT LIKE 'reused:%'
             ORDER BY submit.id DESC LIMIT 1)
        FROM event
        WHERE event.name IN ('RemoteSucceeded', 'RemoteFailed', 'RemoteCancelled')
            AND CAST(event.detail ->> '$.charge' AS REAL) > 0
    ) WHERE submit IS NOT NULL
) ORDER BY at, place;

UPDATE submit SET charge = (
    SELECT heard.amount FROM heard WHERE heard.submit = submit.id AND heard.what = 'charge'
    ORDER BY CAST(heard.amount AS REAL) DESC LIMIT 1
) WHERE EXISTS (
    SELECT 1 FROM heard WHERE heard.submit = submit.id AND heard.what = 'charge'
        AND CAST(heard.amount AS REAL) > coalesce(CAST(submit.charge AS REAL), 0)
);
