-- The history of jobs that ended may be retired.
DROP TRIGGER event_is_append_only_delete;

CREATE TRIGGER event_is_append_only_delete BEFORE DELETE ON event
WHEN (SELECT ended_at FROM job WHERE id = OLD.job) IS NULL
BEGIN SELECT RAISE (ABORT, 'the history of an open job is append-only'); END;
