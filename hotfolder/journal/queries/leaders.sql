-- Jobs of the same work: one leads and is paid, the others follow.

-- name: part_of_job
-- Whether a job leads or follows, and whether it may.
SELECT work_key, leader, anew FROM job WHERE id = :job AND state IN ('accepted', 'uploaded');

-- name: leader_of
-- The job that leads the work of a key.
SELECT id FROM job WHERE work_key = :work_key AND leader IS NULL;

-- name: set_part
-- Let a job lead the work of a key, or follow its leader, or neither.
UPDATE job SET work_key = :work_key, leader = :leader WHERE id = :job;

-- name: count_followers
-- How many wait for what a leader brings.
SELECT COUNT(*) AS count FROM job WHERE leader = :leader AND state IN ('accepted', 'uploaded');

-- name: release_followers
-- Whoever waited for a leader that leads no longer looks for itself.
UPDATE job SET work_key = NULL, leader = NULL,
    due_at = CASE WHEN waits_for = 'leader' THEN :now ELSE due_at END,
    waits_for = CASE WHEN waits_for = 'leader' THEN NULL ELSE waits_for END
WHERE leader = :leader AND state IN ('accepted', 'uploaded');

-- name: wake_followers
-- The result that they wait for is there.
UPDATE job SET due_at = :now, waits_for = NULL WHERE leader = :leader AND waits_for = 'leader';

-- name: wake_all_followers
-- What is the same work, and whether it is to be paid once, may be another matter now.
UPDATE job SET due_at = :now, waits_for = NULL WHERE waits_for = 'leader';

-- name: wake_follower
-- What a job is about to wait for came while it looked.
UPDATE job SET due_at = :now, waits_for = NULL
WHERE id = :job AND waits_for = 'leader' AND NOT EXISTS (
    SELECT 1 FROM job AS leader
    WHERE leader.id = job.leader AND leader.state NOT IN ('fetched', 'done')
);
