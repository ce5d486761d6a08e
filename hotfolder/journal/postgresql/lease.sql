-- Who may write, and who follows which watch. Times are this server's, whatever the machines' clocks
-- say.

-- name: begin
-- A transaction that may write: one after the other, and only of who has a seat.
BEGIN;
SELECT pg_advisory_xact_lock(1751741542);
SELECT until > clock_timestamp() AS holds FROM hotfolder.seat WHERE epoch = :epoch;

-- name: exclude
-- A transaction that keeps out all that write.
BEGIN;
SELECT pg_advisory_xact_lock(1751741542);

-- name: taken_seat
-- The seat of a state directory, while somebody has it of whom our lock on that says nothing.
SELECT 1 FROM seat
WHERE place = :place AND until > clock_timestamp() AND (start <> :start OR start = '');

-- name: sit_down
-- Take the seat of a state directory. Who had it before has ended.
INSERT INTO seat (place, machine, epoch, beats, until, start) VALUES (
    :place, :machine, nextval('epoch'), 0, clock_timestamp() + INTERVAL '15 seconds', :start
) ON CONFLICT (place) DO UPDATE SET machine = excluded.machine, epoch = excluded.epoch, beats = 0,
    until = excluded.until, start = excluded.start
RETURNING epoch;

-- name: inherit
-- Go on with the watches that were followed from the same state directory.
UPDATE lease SET epoch = :epoch, machine = :machine WHERE place = :place AND epoch <> 0;

-- name: renew
-- Have the seat for longer. The last answer may have been lost, but no beat is ever taken back.
UPDATE seat SET beats = :next_beat, until = clock_timestamp() + INTERVAL '15 seconds'
WHERE epoch = :epoch AND place = :place AND beats IN (:beat, :next_beat)
RETURNING CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION) AS now_s;

-- name: is_ours
-- Whether it is ours for long enough to begin something that cannot be taken back.
SELECT 1 FROM seat WHERE epoch = :epoch AND clock_timestamp() < until - INTERVAL '2 seconds';

-- name: stand_up
-- The next may have at once what was followed from here.
UPDATE lease SET epoch = 0 WHERE epoch = :epoch;
UPDATE seat SET until = '-infinity' WHERE epoch = :epoch;

-- name: any_seat
-- Whether any daemon may write now.
SELECT 1 FROM seat WHERE until > clock_timestamp() LIMIT 1;

-- name: any_gone
-- Whether anybody did not renew in time, or is gone and left holds of what it lacked.
SELECT 1 FROM seat
WHERE until <= clock_timestamp() AND (beats >= 0 OR EXISTS (
    SELECT 1 FROM hold WHERE scope IN ('service:' || seat.place, 'machine:' || seat.place)
)) LIMIT 1;

-- name: bury
-- Who did not renew in time never writes again: what it followed is free.
UPDATE seat SET beats = -2, until = '-infinity' WHERE until <= clock_timestamp() AND beats >= 0;

-- name: older_at_work
-- On which machines a daemon may write, but for the one that was in this state directory. It is asked
-- of the tables of every older program, too.
SELECT machine FROM seat
WHERE until > clock_timestamp() AND place <> current_setting('hotfolder.place') ORDER BY machine;

-- name: bury_all
-- Whoever works by older tables, and only sleeps, never writes again: it starts anew, and is told.
UPDATE seat SET beats = -2, until = '-infinity';

-- name: forget_lacking
-- What a machine lacked that is gone holds nothing any more: it finds out anew.
DELETE FROM hold USING seat
WHERE hold.scope IN ('service:' || seat.place, 'machine:' || seat.place)
    AND seat.until <= clock_timestamp();

-- name: leases
-- Who follows each watch that ever was followed, and whether it may be had from here: not before its
-- seat was buried, for until then whoever has that may wake up and renew it.
SELECT lease.watch, lease.place, lease.machine, lease.config, lease.leaving,
    lease.epoch = CAST(current_setting('hotfolder.epoch') AS BIGINT) AS is_ours,
    coalesce(seat.until > clock_timestamp(), FALSE) AS is_followed,
    coalesce(seat.beats >= 0, FALSE) AS is_had,
    lease.place = current_setting('hotfolder.place') AS was_ours,
    lease.kept_until > clock_timestamp() AS is_kept
FROM lease LEFT JOIN seat ON seat.epoch = lease.epoch ORDER BY lease.watch;

-- name: claim_watch
-- Follow a watch from here.
INSERT INTO lease (watch, epoch, place, machine, config) VALUES (
    :watch, CAST(current_setting('hotfolder.epoch') AS BIGINT),
    current_setting('hotfolder.place'), current_setting('hotfolder.machine'), :config
) ON CONFLICT (watch) DO UPDATE SET epoch = excluded.epoch, place = excluded.place,
    machine = excluded.machine, config = excluded.config, leaving = FALSE,
    kept_until = '-infinity';

-- name: leave_watch
-- Follow it no more, and leave it to others for a while.
UPDATE lease SET epoch = 0, leaving = FALSE, kept_until = clock_timestamp() + INTERVAL '60 seconds'
WHERE watch = :watch AND epoch = CAST(current_setting('hotfolder.epoch') AS BIGINT);

-- name: give_away_watch
-- Whoever follows it is to leave it, and whoever has it in its config may take it.
UPDATE lease SET leaving = TRUE, config = '' WHERE watch = :watch;

-- name: places_of_job
-- Who else made a paid call for a job.
SELECT DISTINCT place FROM submit
WHERE job = :job AND place <> current_setting('hotfolder.place');

-- name: seats
-- Each daemon that there ever was, and what is known of it.
SELECT seat.place, seat.machine, seat.until > clock_timestamp() AS is_there,
    seat.place = current_setting('hotfolder.place') AS is_here,
    daemon.version, daemon.since, daemon.ended
FROM seat LEFT JOIN daemon ON daemon.place = seat.place ORDER BY seat.machine, seat.place;

-- name: answer_late
-- The answer to a paid call of ours, whoever follows its watch now: a hint that is looked into, as
-- the service's own callback is.
INSERT INTO callback (submit, task_id, heard_at, due_at)
SELECT id, :task_id, :now, :now FROM submit
WHERE id = :submit AND job = :job AND payload = :payload AND place = :place
ON CONFLICT (submit, task_id) DO NOTHING;
