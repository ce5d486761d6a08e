-- A change of one of many jobs of a file does not look at all of them.

DROP TRIGGER material_is_counted;

DROP TRIGGER job_is_counted_anew;

-- A file that is queued or under way because of open jobs stays so when another is entered.
CREATE TRIGGER material_is_counted AFTER INSERT ON material WHEN NEW.source IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.source)
    WHERE id = NEW.source AND NOT (coalesce(source.counted_as, '') IN ('queued', 'under_way') AND EXISTS (
        SELECT 1 FROM job
        WHERE job.id = NEW.job AND job.state = 'accepted' AND coalesce(job.waits_for, 'leader') = 'leader'
    ));
END;

-- Of a file with thousands of jobs few changes of one need a look at all: where others have the file
-- counted as something before what this one was and is, or as under way, nothing changes.
CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF state, waits_for ON job
WHEN CASE
    WHEN OLD.state = 'failed' THEN 6
    WHEN OLD.state = 'in_doubt' THEN 5
    WHEN OLD.state = 'done' THEN 2
    WHEN OLD.state = 'cancelled' THEN 1
    WHEN OLD.waits_for IS NOT NULL AND OLD.waits_for <> 'leader' THEN 5
    WHEN OLD.state IN ('accepted', 'uploaded') THEN 3
    ELSE 4
END <> CASE
    WHEN NEW.state = 'failed' THEN 6
    WHEN NEW.state = 'in_doubt' THEN 5
    WHEN NEW.state = 'done' THEN 2
    WHEN NEW.state = 'cancelled' THEN 1
    WHEN NEW.waits_for IS NOT NULL AND NEW.waits_for <> 'leader' THEN 5
    WHEN NEW.state IN ('accepted', 'uploaded') THEN 3
    ELSE 4
END
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (SELECT material.source FROM material WHERE material.job IN (NEW.id, NEW.root) AND material.source IS NOT NULL)
    AND CASE source.counted_as
        WHEN 'failed' THEN 6 WHEN 'waiting' THEN 5 WHEN 'under_way' THEN 4 WHEN 'queued' THEN 3
        WHEN 'done' THEN 2 WHEN 'skipped' THEN 1 ELSE 0
    END <= max(CASE
        WHEN OLD.state = 'failed' THEN 6
        WHEN OLD.state = 'in_doubt' THEN 5
        WHEN OLD.state = 'done' THEN 2
        WHEN OLD.state = 'cancelled' THEN 1
        WHEN OLD.waits_for IS NOT NULL AND OLD.waits_for <> 'leader' THEN 5
        WHEN OLD.state IN ('accepted', 'uploaded') THEN 3
        ELSE 4
    END, CASE
        WHEN NEW.state = 'failed' THEN 6
        WHEN NEW.state = 'in_doubt' THEN 5
        WHEN NEW.state = 'done' THEN 2
        WHEN NEW.state = 'cancelled' THEN 1
        WHEN NEW.waits_for IS NOT NULL AND NEW.waits_for <> 'leader' THEN 5
        WHEN NEW.state IN ('accepted', 'uploaded') THEN 3
        ELSE 4
    END - 1)
    AND NOT (coalesce(source.counted_as, '') = 'under_way' AND NEW.ended_at IS NOT NULL AND NEW.state <> 'failed' AND EXISTS (
        SELECT 1 FROM job AS other JOIN material AS sent ON sent.job = other.id
        WHERE other.state IN ('submitting', 'running') AND sent.source = source.id
    ));
END;
