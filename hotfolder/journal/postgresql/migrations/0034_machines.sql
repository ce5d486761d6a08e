-- A state directory is told from its copies, and what one machine lacks holds what it follows alone.

ALTER TABLE seat ADD COLUMN start TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Of what was sent before nobody knows by which start of a machine.
ALTER TABLE submit ADD COLUMN start TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE submit ALTER COLUMN start
    SET DEFAULT coalesce(current_setting('hotfolder.start', TRUE), '');

-- Whoever lacks it still finds out anew.
DELETE FROM hold WHERE scope = 'service' OR code = 'spool_blocked';

-- The holds over each job: what is submitted already is never held, but for the one step that
-- needs a service which its machine does not reach. What one machine lacks holds what is followed
-- from there. Who follows another job costs nothing.
CREATE OR REPLACE VIEW job_hold AS
SELECT job.id AS job, hold.scope AS scope, hold.code AS code, hold.next_trial AS next_trial
FROM job
JOIN source ON source.id = job.source
JOIN watch ON watch.id = source.watch
LEFT JOIN lease ON lease.watch = watch.name
JOIN hold ON job.ended_at IS NULL AND CASE
    WHEN job.leader IS NOT NULL THEN FALSE
    WHEN job.state IN ('accepted', 'uploaded') THEN hold.scope IN (
        'account', 'watch:' || watch.name, 'rule:' || watch.name || '/' || job.rule,
        'source:' || job.source, 'service:' || lease.place, 'machine:' || lease.place)
    WHEN job.state IN ('running', 'finished') THEN hold.scope = 'service:' || lease.place
    ELSE FALSE
END;
