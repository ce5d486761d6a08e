-- What an edit costs is learned from the last one of the same model and price parameters. A hold
-- over a budget knows how much must be left before it is let go. A path that makes one job after
-- the other is held for itself.

ALTER TABLE submit ADD COLUMN price_key TEXT;

CREATE INDEX submit_intent ON submit (intent_at);

CREATE INDEX submit_price ON submit (price_key) WHERE charge IS NOT NULL;

ALTER TABLE hold ADD COLUMN needs TEXT;

DROP VIEW job_hold;

-- The holds over each job: what is submitted already is never held, but for the one step that
-- needs a service which nobody reaches. Who follows another job costs nothing.
CREATE VIEW job_hold AS
SELECT job.id AS job, hold.scope AS scope, hold.code AS code, hold.next_trial AS next_trial
FROM job
JOIN source ON source.id = job.source
JOIN watch ON watch.id = source.watch
JOIN hold
WHERE job.ended_at IS NULL AND CASE
    WHEN job.leader IS NOT NULL THEN 0
    WHEN job.state IN ('accepted', 'uploaded') THEN hold.scope IN (
        'account', 'service', 'watch:' || watch.name, 'rule:' || watch.name || '/' || job.rule,
        'source:' || job.source)
    WHEN job.state IN ('running', 'finished') THEN hold.scope = 'service'
    ELSE 0
END;
