-- A scope may be held for several reasons at once, by the service and by hand.

ALTER TABLE hold RENAME TO hold_before;

CREATE TABLE hold (
    scope TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    hint TEXT NOT NULL,
    since INTEGER NOT NULL,
    trials INTEGER NOT NULL DEFAULT 0,
    next_trial INTEGER,
    PRIMARY KEY (scope, code)
) STRICT, WITHOUT ROWID;

INSERT INTO hold (scope, code, reason, hint, since, trials, next_trial)
SELECT scope, code, reason, hint, since, trials, next_trial FROM hold_before;

DROP TABLE hold_before;

-- The holds over each job: what is submitted already is never held, but for the one step that
-- needs a service which nobody reaches.
CREATE VIEW job_hold AS
SELECT job.id AS job, hold.scope AS scope, hold.code AS code, hold.next_trial AS next_trial
FROM job
JOIN source ON source.id = job.source
JOIN watch ON watch.id = source.watch
JOIN hold
WHERE job.ended_at IS NULL AND CASE
    WHEN job.state IN ('accepted', 'uploaded') THEN hold.scope IN (
        'account', 'service', 'watch:' || watch.name, 'rule:' || watch.name || '/' || job.rule)
    WHEN job.state IN ('running', 'finished') THEN hold.scope = 'service'
    ELSE 0
END;
