-- What goes on of the watches that are followed from here.

-- name: count_going_on
-- Jobs that go on by themselves: being sent, or due some time and under no hold. A disk, an output
-- share or a service that does not answer is waited for, the input of what is not yet sent is not.
SELECT count(*) AS count FROM job
JOIN source ON source.id = job.source
JOIN watch ON watch.id = source.watch
WHERE job.watch IN (SELECT id FROM followed) AND (
    state = 'submitting' OR (due_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM job_hold WHERE job_hold.job = job.id
            AND job_hold.code NOT IN ('output_blocked', 'spool_blocked', 'unreachable')
            AND (job_hold.next_trial IS NULL OR job_hold.next_trial > :now)
    ) AND (watch.online = 1 OR job.state NOT IN ('accepted', 'uploaded')))
);
