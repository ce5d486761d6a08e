-- Every statement the journal sends, by name. The line after the name says what it is for.

-- name: get_meta
-- A fact about the journal itself.
SELECT value FROM meta WHERE key = :key;

-- name: set_meta
-- Keep a fact about the journal itself.
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: drop_meta
-- A fact about the journal that no longer holds.
DELETE FROM meta WHERE key = :key;

-- name: register_watch
-- Enter a watch of the config, or bring its folders up to date.
INSERT INTO watch (name, root, output_root) VALUES (:name, :root, :output_root)
ON CONFLICT (name) DO UPDATE SET root = excluded.root, output_root = excluded.output_root
RETURNING id;

-- name: note_watch
-- What detection a watch has, whether its folder is there, and since when.
UPDATE watch
SET since = CASE WHEN online = :online THEN coalesce(since, :now) ELSE :now END,
    online = :online, detect = :detect, reason = :reason,
    first_online_at = CASE WHEN :online = 1 THEN coalesce(first_online_at, :now)
                      ELSE first_online_at END
WHERE id = :watch;

-- name: watches
-- All watches, for the faces.
SELECT id, name, root, output_root, online, detect, reason, first_online_at, since
FROM watch ORDER BY name;

-- name: watch_by_name
-- What a watch is known by, and whether there is anything that it could lose.
SELECT id, name, root, output_root, root_id, root_place,
    EXISTS (SELECT 1 FROM source WHERE source.watch = watch.id) AS any_source
FROM watch WHERE name = :name;

-- name: watch_by_root
-- The watch that is known by a marker.
SELECT id, name, root, output_root FROM watch WHERE root_id = :root_id;

-- name: know_root
-- What a watch's root is known by from now on.
UPDATE watch SET root_id = :root_id, root_place = :root_place WHERE id = :watch;

-- name: name_watch
-- A watch was renamed in the config, or its folder was moved.
UPDATE watch SET name = :name, root = :root, output_root = :output_root WHERE id = :watch;

-- name: known_sources
-- What is already known of the files from one path onwards, for the scan's comparison.
SELECT path, size, mtime_ns, inode, beside FROM source
WHERE watch = :watch AND path >= :first ORDER BY path LIMIT :limit;

-- name: find_source
-- One source by its place.
SELECT id, size, mtime_ns, inode, content_hash, verdict, reason, backlog, moved_to
FROM source WHERE watch = :watch AND path = :path;

-- name: eligibility
-- What a watch took when it was last looked at whole.
SELECT name, eligible FROM watch WHERE id = :watch;

-- name: keep_eligibility
-- What a watch takes, once all that stood there is known.
UPDATE watch SET eligible = :eligible WHERE id = :watch;

-- name: hold_source
-- A source that stood there before its watch did.
INSERT INTO source (
    watch, path, size, mtime_ns, inode, beside, verdict, reason, seen_at, backlog, estimate
) VALUES (
    :watch, :path, :size, :mtime_ns, :inode, :beside, 'skipped', :reason, :now, 'held', :estimate
)
ON CONFLICT (watch, path) DO NOTHING;

-- name: held_sources
-- What is held back of a watch, some at a time.
SELECT id, path FROM source WHERE watch = :watch AND backlog = 'held' AND id > :after
ORDER BY id LIMIT :limit;

-- name: held_estimates
-- What is held back in a scope, by estimate.
SELECT source.estimate, count(*) AS count
FROM source JOIN watch ON watch.id = source.watch
WHERE source.backlog = 'held' AND 'backlog:' || watch.name = :scope GROUP BY source.estimate;

-- name: forget_held
-- A source that was held back and that no rule takes any more.
DELETE FROM source WHERE id = :source AND backlog = 'held';

-- name: let_held_go
-- Sources that nothing is known of any more are new to the scan.
DELETE FROM source
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held';

-- name: leave_held_out
-- Sources that a person does not want.
UPDATE source SET backlog = 'unwanted', reason = :reason, estimate = NULL
WHERE watch = (SELECT id FROM watch WHERE name = :name) AND backlog = 'held';

-- name: backlog_alike
-- Sources held back or left out that have this size and time.
SELECT path, inode FROM source
WHERE watch = :watch AND size = :size AND mtime_ns = :mtime_ns AND backlog IS NOT NULL;

-- name: move_held
-- A source held back or left out stays so at its new path, unless something is known there.
UPDATE OR IGNORE source SET path = :new, inode = :inode
WHERE watch = :watch AND path = :old AND backlog IS NOT NULL;

-- name: put_source
-- Enter a source, or its newest sighting.
INSERT INTO source (
    watch, path, size, mtime_ns, inode, beside, content_hash, verdict, reason, seen_at
) VALUES (
    :watch, :path, :size, :mtime_ns, :inode, :beside, :content_hash, :verdict, :reason, :now
)
ON CONFLICT (watch, path) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode,
    beside = excluded.beside,
    content_hash = excluded.content_hash, verdict = excluded.verdict,
    reason = excluded.reason, seen_at = excluded.seen_at, backlog = NULL, estimate = NULL,
    moved_at = NULL, moved_to = NULL
RETURNING id;

-- name: forget_sighting
-- No file has an empty inode: whatever stands at a job's source is then unknown to the scan.
UPDATE source SET inode = '' WHERE id = (SELECT source FROM job WHERE id = :job);

-- name: forget_place
-- Whatever turns up at this path next is looked at, even the very same file.
UPDATE source SET inode = '' WHERE id = :source;

-- name: forget_gone
-- A file or a whole folder is no longer there: the same file is new to the scan when it comes back.
UPDATE source SET inode = ''
WHERE watch = :watch AND (path = :path OR (path > :below AND path < :beyond));

-- name: failed_sources
-- Where failed jobs come from, unless that is known to be gone.
SELECT DISTINCT source.path FROM job JOIN source ON source.id = job.source
WHERE job.state = 'failed' AND source.watch = :watch AND source.inode <> '';

-- name: same_content_elsewhere
-- Other places of a watch with jobs of a content that has none at its own place, the very same
-- file first.
SELECT DISTINCT source.path, source.inode = :inode AS same_file
FROM job JOIN source ON source.id = job.source
WHERE job.content_hash = :content_hash AND source.watch = :watch AND source.path <> :path
    AND source.moved_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM job AS own JOIN source AS place ON place.id = own.source
        WHERE own.content_hash = :content_hash AND place.watch = :watch AND place.path = :path
    )
ORDER BY same_file DESC, source.id DESC LIMIT :limit;

-- name: remember_move
-- One line of the history for each job that goes along with its source.
INSERT INTO event (job, at, name, from_state, to_state, detail)
SELECT id, :now, 'Moved', state, state, :detail FROM job
WHERE source = :old AND content_hash = :content_hash;

-- name: went_to
-- Where the newest job is now that went along from a path.
SELECT source.path FROM event
JOIN job ON job.id = event.job JOIN source ON source.id = job.source
WHERE event.name = 'Moved' AND source.watch = :watch
    AND json_extract(event.detail, '$.moved_from') = :moved_from
ORDER BY event.id DESC LIMIT 1;

-- name: move_jobs
-- The jobs of a content go along to another place.
UPDATE job SET source = :source WHERE source = :old AND content_hash = :content_hash;

-- name: latest_generation
-- The newest job of one source, content and rule: accepting it again is accepting once.
SELECT id, generation, state, waits_for, error_code FROM job
WHERE source = :source AND content_hash = :content_hash AND (:rule IS NULL OR rule = :rule)
ORDER BY generation DESC, id DESC LIMIT 1;

-- name: insert_job
-- Accept a job.
INSERT INTO job (source, content_hash, rule, generation, state, due_at, waits_for, plan,
    output_root, output_folder, output_stem, estimate, estimate_currency,
    error_code, error_message, error_hint, accepted_at)
VALUES (:source, :content_hash, :rule, :generation, 'accepted', :due_at, :waits_for, :plan,
    :output_root, :output_folder, :output_stem, :estimate, :estimate_currency,
    :error_code, :error_message, :error_hint, :now)
RETURNING id;

-- name: insert_material
-- One file that a job sends.
INSERT INTO material (job, position, parameter, content_hash, path, size)
VALUES (:job, :position, :parameter, :content_hash, :path, :size);

-- name: reserve_name
-- Take an output name for a job; no row when another job has it.
INSERT INTO reservation (output_root, name_key, job) VALUES (:output_root, :name_key, :job)
ON CONFLICT (output_root, name_key) DO NOTHING RETURNING job;

-- name: set_stem
-- The output name that a job got.
UPDATE job SET output_stem = :output_stem WHERE id = :job;

-- name: reserved_by
-- Whose output name this is.
SELECT reservation.job, job.source FROM reservation JOIN job ON job.id = reservation.job
WHERE reservation.output_root = :output_root AND reservation.name_key = :name_key;

-- name: take_over_names
-- A newer edit of the same source replaces what an earlier one wrote.
UPDATE reservation SET job = :job WHERE job = :earlier;

-- name: earlier_outputs
-- What earlier jobs of the same source wrote under a name.
SELECT result.sha256 FROM result
JOIN submit ON submit.id = result.submit JOIN job AS earlier ON earlier.id = submit.job
JOIN job AS newer ON newer.source = earlier.source AND newer.output_root = earlier.output_root
WHERE newer.id = :job AND earlier.id < newer.id AND result.output_name = :output_name
    AND result.published_at IS NOT NULL AND result.sha256 IS NOT NULL;

-- name: free_names
-- A job that ended without outputs gives its names back.
DELETE FROM reservation WHERE job = :job;

-- name: job
-- One job with its place.
SELECT job.*, watch.name AS watch, watch.root AS input_root, source.path AS source_path,
    source.mtime_ns AS source_mtime_ns
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.id = :job;

-- name: place_of_job
-- Where a job's source stands in the journal.
SELECT source.watch AS watch, job.source AS source
FROM job JOIN source ON source.id = job.source WHERE job.id = :job;

-- name: materials
-- What a job sends.
SELECT position, parameter, content_hash, path, size
FROM material WHERE job = :job ORDER BY position;

-- name: newest_submit
-- The submit that counts.
SELECT * FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1;

-- name: results
-- The results of a submit.
SELECT * FROM result WHERE submit = :submit ORDER BY position;

-- name: due_jobs
-- Jobs of one state whose time has come and that no hold covers, the longest due first.
-- A hold whose trial is due lets its jobs through; the runner takes one of them.
-- Nothing waits for longer than the horizon: a time beyond it is from before a clock jumped.
SELECT job.id FROM job
WHERE job.state = :state AND (job.due_at <= :now OR job.due_at > :horizon) AND NOT EXISTS (
    SELECT 1 FROM job_hold WHERE job_hold.job = job.id AND (job_hold.next_trial IS NULL
        OR (job_hold.next_trial > :now AND job_hold.next_trial <= :horizon))
)
ORDER BY job.due_at, job.id LIMIT :limit;

-- name: next_due
-- The next time at which anything can be claimed in one state.
SELECT min(due_at) AS due_at FROM job WHERE state = :state AND due_at > :now;

-- name: next_trial
-- The next time at which a hold may be tried.
SELECT min(next_trial) AS due_at FROM hold WHERE next_trial > :now;

-- name: jobs_in_state
-- All jobs of one state.
SELECT id FROM job WHERE state = :state ORDER BY id;

-- name: count_ready
-- Jobs of one state that go on as soon as there is room.
SELECT count(*) AS count FROM job
WHERE state = :state AND due_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM job_hold WHERE job_hold.job = job.id);

-- name: unsubmitted_jobs
-- Jobs of one watch that are not yet submitted, and sources whose sidecar said skip.
SELECT source.path AS path, job.rule AS rule, job.waits_for AS waits_for
FROM job JOIN source ON source.id = job.source
WHERE source.watch = :watch AND job.state IN ('accepted', 'uploaded')
UNION ALL
SELECT path, '', 'sidecar' FROM source
WHERE watch = :watch AND verdict = 'skipped' AND reason IN (:said_skip, :no_rule);

-- name: lacking_references
-- Sources of one watch whose jobs wait for a further picture of their edit.
SELECT DISTINCT source.path AS path FROM job JOIN source ON source.id = job.source
WHERE source.watch = :watch AND job.state IN ('accepted', 'uploaded')
    AND job.waits_for = 'sidecar' AND job.error_code GLOB :codes
ORDER BY source.path;

-- name: jobs_not_submitted
-- Jobs of one source that are not yet submitted.
SELECT id, content_hash, rule FROM job
WHERE source = :source AND state IN ('accepted', 'uploaded') ORDER BY id;

-- name: newest_of_source
-- The newest job of each rule for a source's present content.
SELECT job.id FROM job JOIN source ON source.id = job.source
WHERE job.source = :source AND job.content_hash = source.content_hash AND job.generation = (
    SELECT max(other.generation) FROM job AS other
    WHERE other.source = job.source AND other.content_hash = job.content_hash
    AND other.rule = job.rule
) ORDER BY job.id;

-- name: set_stale
-- Whether today's sidecars and rules would ask for another edit than was sent.
UPDATE job SET stale = :stale
WHERE id = :job AND stale <> :stale AND state NOT IN ('accepted', 'uploaded');

-- name: freshen
-- A job is sent (again) by the plan that holds now.
UPDATE job SET stale = 0 WHERE id = :job AND stale = 1;

-- name: set_beside
-- What speaks for a source, as it was last looked at.
UPDATE source SET beside = :beside WHERE id = :source;

-- name: originals_to_move
-- Sources in their place whose newest jobs for the present content are all done, and that have
-- no open job.
SELECT source.id, source.path, source.content_hash
FROM source JOIN watch ON watch.id = source.watch
WHERE watch.name = :watch AND source.moved_at IS NULL AND source.id > :after
AND EXISTS (
    SELECT 1 FROM job WHERE job.source = source.id AND job.content_hash = source.content_hash
) AND NOT EXISTS (
    SELECT 1 FROM job WHERE job.source = source.id AND (
        job.ended_at IS NULL
        OR (job.content_hash = source.content_hash AND job.state <> 'done' AND NOT EXISTS (
            SELECT 1 FROM job AS newer WHERE newer.source = job.source
            AND newer.content_hash = job.content_hash AND newer.rule = job.rule
            AND newer.generation > job.generation))
    )
) ORDER BY source.id LIMIT :limit;

-- name: note_moved
-- An original is away: it was moved, or someone took it.
UPDATE source SET moved_at = :now, moved_to = :moved_to, reason = NULL
WHERE id = :source AND content_hash = :content_hash;

-- name: note_not_moved
-- Why an original could not be moved.
UPDATE source SET reason = :reason WHERE id = :source AND reason IS NOT :reason;

-- name: report_overdue
-- A required sidecar has not come for long.
UPDATE job SET error_code = :overdue
WHERE waits_for = 'sidecar' AND error_code = :missing AND accepted_at <= :before AND source IN (
    SELECT source.id FROM source JOIN watch ON watch.id = source.watch WHERE watch.name = :watch
) RETURNING id;

-- name: stale_jobs
-- Jobs of one state that are stale.
SELECT id FROM job WHERE stale = 1 AND state = :state ORDER BY id;

-- name: move_job
-- The compare-and-set behind every change of state.
UPDATE job
SET state = :to_state, due_at = :due_at, waits_for = :waits_for, attempt = :attempt,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint,
    ended_at = :ended_at
WHERE id = :job AND state = :from_state;

-- name: replan_job
-- A sidecar or rule changed before the intent.
UPDATE job SET plan = :plan, estimate = :estimate, estimate_currency = :estimate_currency,
    due_at = :due_at, waits_for = :waits_for,
    error_code = :error_code, error_message = :error_message, error_hint = :error_hint
WHERE id = :job AND state IN ('accepted', 'uploaded');

-- name: replan_material
-- Another model takes the picture in another parameter.
UPDATE material SET parameter = :parameter
WHERE position = 1 AND job IN (
    SELECT id FROM job WHERE id = :job AND state IN ('accepted', 'uploaded')
);

-- name: part_of_job
-- Whether a job leads or follows, and whether it may.
SELECT work_key, leader, anew FROM job WHERE id = :job AND state IN ('accepted', 'uploaded');

-- name: leader_of
-- The job that leads the work of a key.
SELECT id FROM job WHERE work_key = :work_key AND leader IS NULL;

-- name: set_part
-- Let a job lead the work of a key, or follow its leader, or neither.
UPDATE job SET work_key = :work_key, leader = :leader WHERE id = :job;

-- name: set_anew
-- A job is to be paid for itself.
UPDATE job SET anew = 1 WHERE id = :job;

-- name: release_followers
-- Whoever waited for a leader that leads no longer looks for itself.
UPDATE job SET work_key = NULL, leader = NULL,
    due_at = CASE WHEN waits_for = 'leader' THEN :now ELSE due_at END,
    waits_for = CASE WHEN waits_for = 'leader' THEN NULL ELSE waits_for END
WHERE leader = :leader AND state IN ('accepted', 'uploaded');

-- name: wake_followers
-- The result that they wait for is there.
UPDATE job SET due_at = :now, waits_for = NULL WHERE leader = :leader AND waits_for = 'leader';

-- name: wake_follower
-- What a job is about to wait for came while it looked.
UPDATE job SET due_at = :now, waits_for = NULL
WHERE id = :job AND waits_for = 'leader' AND NOT EXISTS (
    SELECT 1 FROM job AS leading
    WHERE leading.id = job.leader AND leading.state NOT IN ('fetched', 'done')
);

-- name: insert_event
-- One line of the history.
INSERT INTO event (job, at, name, from_state, to_state, detail)
VALUES (:job, :now, :name, :from_state, :to_state, :detail);

-- name: history
-- What happened to a job.
SELECT at, name, from_state, to_state, detail FROM event WHERE job = :job ORDER BY id;

-- name: retire_history
-- The history of jobs that ended long ago, a part at a time.
DELETE FROM event WHERE id IN (
    SELECT event.id FROM event JOIN job ON job.id = event.job
    WHERE job.ended_at < :before ORDER BY event.id LIMIT :limit
);

-- name: forget_expired_uploads
-- Links that expired long ago.
DELETE FROM upload WHERE expires_at < :before;

-- name: put_upload
-- Where a content can be read by the service.
INSERT INTO upload (content_hash, site, url, file_name, expires_at)
VALUES (:content_hash, :site, :url, :file_name, :expires_at)
ON CONFLICT (content_hash, site) DO UPDATE SET
    url = excluded.url, file_name = excluded.file_name, expires_at = excluded.expires_at;

-- name: forget_upload
-- The service refused what was made of this content: it is uploaded anew next time.
DELETE FROM upload WHERE content_hash = :content_hash;

-- name: find_upload
-- The link of a content, if it is good for long enough.
SELECT url, file_name, expires_at FROM upload
WHERE content_hash = :content_hash AND site = :site AND expires_at > :good_until;

-- name: insert_submit
-- The intent of a paid call.
INSERT INTO submit (job, number, token, site, payload, price_key, intent_at)
VALUES (:job, (SELECT coalesce(max(number), 0) + 1 FROM submit WHERE job = :job), :token, :site,
    :payload, :price_key, :now);

-- name: set_estimate
-- What a job is expected to cost, as it is known just before it is paid.
UPDATE job SET estimate = :estimate, estimate_currency = :currency WHERE id = :job;

-- name: last_charge
-- What the last edit of the same model and price parameters was charged.
SELECT charge, currency FROM submit
WHERE price_key = :price_key AND charge IS NOT NULL AND outcome = 'succeeded'
ORDER BY id DESC LIMIT 1;

-- name: spent_since
-- What counts against a budget: charges, and the estimates of what nobody knows the end of.
SELECT coalesce(submit.charge, job.estimate, '0') AS amount
FROM submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE submit.intent_at >= :since AND (:watch IS NULL OR watch.name = :watch) AND (
    submit.charge IS NOT NULL OR submit.outcome IS NULL
    OR submit.outcome NOT IN ('deferred', 'refused', 'failed', 'resent')
);

-- name: answer_submit
-- What became of a paid call.
UPDATE submit
SET outcome = :outcome, task_id = coalesce(:task_id, task_id), answered_at = :now,
    charge = coalesce(:charge, charge), currency = coalesce(:currency, currency)
WHERE id = (SELECT id FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1);

-- name: count_failed_tasks
-- How many tasks of a job the service ended as failed.
SELECT count(*) AS count FROM submit WHERE job = :job AND outcome = 'failed';

-- name: count_expired_links
-- The result links of a submit did not answer.
UPDATE submit SET links_expired = links_expired + 1
WHERE id = (SELECT id FROM submit WHERE job = :job ORDER BY number DESC LIMIT 1);

-- name: task_owner
-- Which job a task of the service belongs to.
SELECT id AS submit, job FROM submit WHERE task_id = :task_id;

-- name: name_task
-- The task of a submit that has none yet.
UPDATE submit SET task_id = :task_id
WHERE id = :submit AND (task_id IS NULL OR task_id = :task_id);

-- name: insert_further_submit
-- A submit that turned out to have made a second task.
INSERT INTO submit (job, number, token, site, payload, intent_at, task_id)
SELECT job, (SELECT max(number) + 1 FROM submit AS other WHERE other.job = submit.job),
    :token, site, payload, intent_at, :task_id
FROM submit WHERE id = :submit RETURNING id;

-- name: count_on_submit
-- Of several submits of a job the one with the highest number counts.
UPDATE submit SET number = 1 + (SELECT max(number) FROM submit WHERE job = :job)
WHERE id = :submit AND number < (SELECT max(number) FROM submit WHERE job = :job);

-- name: record_task
-- What became of a task that no job follows.
UPDATE submit SET outcome = :outcome, charge = :charge, currency = :currency
WHERE id = :submit;

-- name: put_callback
-- What a callback says of the submit of a token, once for each task, and few tasks for each.
INSERT INTO callback (submit, task_id, heard_at, due_at)
SELECT submit.id, :task_id, :now, :now FROM submit
WHERE submit.token = :token
    AND (SELECT count(*) FROM callback WHERE callback.submit = submit.id) < :most
ON CONFLICT (submit, task_id) DO NOTHING;

-- name: callbacks_of_followed_tasks
-- Callbacks that tell of the end of a task which its job follows.
SELECT callback.submit, callback.task_id, submit.job FROM callback
JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE callback.due_at IS NOT NULL AND job.state = 'running'
    AND submit.task_id = callback.task_id;

-- name: hurry_job
-- Ask for a running task now, before all that are merely due.
UPDATE job SET due_at = 0 WHERE id = :job AND state = 'running';

-- name: due_callbacks
-- Callbacks to look into. Those of a job that is just being sent wait for its answer.
SELECT callback.submit, submit.job, callback.task_id, callback.tries, callback.denied
FROM callback JOIN submit ON submit.id = callback.submit JOIN job ON job.id = submit.job
WHERE (callback.due_at <= :now OR callback.due_at > :horizon) AND job.state != 'submitting'
ORDER BY callback.due_at, callback.submit LIMIT :limit;

-- name: next_callback
-- When the next callback is to be looked into.
SELECT min(due_at) AS due_at FROM callback WHERE due_at IS NOT NULL;

-- name: postpone_callback
-- The service could not be asked, or did not know the task.
UPDATE callback SET due_at = :due_at, tries = tries + 1, denied = :denied
WHERE submit = :submit AND task_id = :task_id;

-- name: settle_callback
-- Nothing more is to be done about a callback; it stays, so that its repetitions are no news.
UPDATE callback SET due_at = NULL WHERE submit = :submit AND task_id = :task_id;

-- name: doubts_in_a_row
-- How many of the latest submits went unanswered, one after the other.
SELECT count(*) AS count FROM submit WHERE outcome = 'unanswered' AND id > (
    SELECT coalesce(max(id), 0) FROM submit
    WHERE outcome NOT IN ('unanswered', 'resent', 'deferred') AND token NOT LIKE 'reused:%'
);

-- name: estimates_at_risk
-- What submits may have cost that nobody knows the end of.
SELECT job.estimate FROM submit JOIN job ON job.id = submit.job
WHERE submit.outcome IN ('unanswered', 'lost') AND submit.charge IS NULL;

-- name: doubts_without_task
-- Jobs in doubt that no task is known of, and whether they were sent again already.
SELECT job.id, job.estimate, submit.answered_at, EXISTS (
    SELECT 1 FROM event WHERE event.job = job.id AND event.name = 'ResendApproved'
) AS resent, EXISTS (
    SELECT 1 FROM callback JOIN submit AS told ON told.id = callback.submit
    WHERE told.job = job.id AND callback.due_at IS NOT NULL
) AS told
FROM job JOIN submit ON submit.job = job.id
WHERE job.state = 'in_doubt' AND submit.task_id IS NULL
    AND submit.number = (SELECT max(number) FROM submit AS other WHERE other.job = job.id);

-- name: put_result
-- A result as the service names it, perhaps anew with a fresh link.
INSERT INTO result (submit, position, url, text, type)
VALUES (:submit, :position, :url, :text, :type)
ON CONFLICT (submit, position) DO UPDATE SET
    url = excluded.url, text = excluded.text, type = excluded.type;

-- name: forget_spool
-- The spool lost the results of a submit; their names stay.
UPDATE result SET spool_file = NULL, size = NULL, sha256 = NULL WHERE submit = :submit;

-- name: spool_result
-- A result is safe in the spool.
UPDATE result SET spool_file = :spool_file, size = :size, sha256 = :sha256, extension = :extension
WHERE submit = :submit AND position = :position;

-- name: name_result
-- The name that a result is to be published under, committed before it is.
UPDATE result SET output_name = :output_name WHERE id = :result;

-- name: mark_published
-- A result stands under its final name.
UPDATE result SET published_at = :now WHERE id = :result;

-- name: failures_to_note
-- What an assistant may want to know of pictures that failed: the newest job has the word.
SELECT job.id, job.state, 0 AS held, watch.name AS watch, source.path,
    job.output_root, job.output_folder,
    job.error_code AS code, job.error_message AS message, coalesce(job.error_hint, '') AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE job.state = 'failed' AND NOT EXISTS (
    SELECT 1 FROM job AS newer
    WHERE newer.source = job.source AND newer.rule = job.rule AND newer.id > job.id
);

-- name: waits_to_note
-- What an assistant may want to know of pictures that are in doubt, held, or wait for a sidecar.
SELECT job.id, job.state, hold.scope IS NOT NULL AS held, watch.name AS watch, source.path,
    job.output_root, job.output_folder,
    coalesce(hold.code, job.error_code, 'waiting') AS code,
    coalesce(hold.reason, job.error_message, 'It waits.') AS message,
    coalesce(hold.hint, job.error_hint, '') AS hint
FROM job JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
LEFT JOIN hold ON job.state IN ('accepted', 'uploaded') AND (hold.scope, hold.code) = (
    SELECT job_hold.scope, job_hold.code FROM job_hold WHERE job_hold.job = job.id
    ORDER BY job_hold.scope, job_hold.code LIMIT 1
)
WHERE job.state = 'in_doubt' OR (job.state IN ('accepted', 'uploaded')
    AND (hold.scope IS NOT NULL OR job.waits_for = 'sidecar'));

-- name: notes
-- The notes that are ours.
SELECT note.job, note.name, note.sha256, note.written, job.output_root, watch.name AS watch
FROM note JOIN job ON job.id = note.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch;

-- name: put_note
-- A note is about to be written.
INSERT INTO note (job, name, sha256) VALUES (:job, :name, :sha256)
ON CONFLICT (job) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256, written = 0;

-- name: mark_note_written
-- A note stands at its name.
UPDATE note SET written = 1 WHERE job = :job;

-- name: forget_note
-- A note is gone.
DELETE FROM note WHERE job = :job;

-- name: put_hold
-- Stop in a scope. One that holds already keeps its beginning.
INSERT INTO hold (scope, code, reason, hint, since, next_trial)
VALUES (:scope, :code, :reason, :hint, :now, :next_trial)
ON CONFLICT (scope, code) DO UPDATE SET reason = excluded.reason, hint = excluded.hint;

-- name: find_hold
-- The hold of a scope that has trials: there is one at most.
SELECT code, reason, hint, trials, next_trial FROM hold
WHERE scope = :scope AND next_trial IS NOT NULL;

-- name: holds_with_code
-- The holds for one reason.
SELECT scope, needs FROM hold WHERE code = :code;

-- name: count_contents
-- How many contents a source has had since a time.
SELECT count(DISTINCT content_hash) AS count FROM job
WHERE source = :source AND accepted_at >= :since;

-- name: drop_loops
-- A person has seen to what looped, in one watch or in all.
DELETE FROM hold WHERE code = 'looping' AND scope IN (
    SELECT 'source:' || source.id FROM source JOIN watch ON watch.id = source.watch
    WHERE :watch IS NULL OR watch.name = :watch
);

-- name: set_needs
-- How much must be left of a budget before its hold is let go.
UPDATE hold SET needs = :needs WHERE scope = :scope AND code = :code;

-- name: is_held
-- Whether a scope is held for a reason.
SELECT 1 FROM hold WHERE scope = :scope AND code = :code;

-- name: renew_hold
-- A trial was in vain, perhaps for another reason than the first.
UPDATE hold SET code = :code, reason = :reason, hint = :hint, trials = trials + 1,
    next_trial = :next_trial
WHERE scope = :scope AND next_trial IS NOT NULL;

-- name: holds
-- All holds.
SELECT scope, code, reason, hint, since, trials, next_trial FROM hold ORDER BY since, scope;

-- name: lift_hold
-- Going on in a scope: what has trials was tried.
DELETE FROM hold
WHERE scope = :scope AND next_trial IS NOT NULL AND (:code IS NULL OR code = :code);

-- name: drop_hold
-- A hold is no longer called for.
DELETE FROM hold WHERE scope = :scope AND code = :code;

-- name: try_holds_now
-- A trial at once for each hold that has trials, of one scope or of all. A start alone is no reason
-- to risk another doubt.
UPDATE hold SET next_trial = :now
WHERE next_trial IS NOT NULL
    AND (scope = :scope OR (:scope IS NULL AND code != 'many_doubts'));

-- name: count_states
-- Jobs by state.
SELECT state, count(*) AS count FROM job GROUP BY state;

-- name: count_waits
-- Jobs that wait for something that is not time.
SELECT waits_for, count(*) AS count FROM job WHERE waits_for IS NOT NULL GROUP BY waits_for;

-- name: held_jobs
-- What a hold keeps from going on.
SELECT job.estimate FROM job_hold JOIN job ON job.id = job_hold.job
WHERE job_hold.scope = :scope AND job_hold.code = :code;

-- name: holds_over
-- The holds over one job.
SELECT hold.* FROM job_hold
JOIN hold ON hold.scope = job_hold.scope AND hold.code = job_hold.code
WHERE job_hold.job = :job ORDER BY hold.since, hold.scope;

-- name: charges
-- All charges with the time of their intent, and what they were for.
SELECT submit.intent_at, submit.charge, submit.currency, watch.name AS watch, job.rule,
    job.plan ->> '$.model' AS model
FROM submit JOIN job ON job.id = submit.job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE submit.charge IS NOT NULL;

-- name: find_jobs
-- The jobs, newest last, by state and watch where given.
SELECT job.id FROM job
JOIN source ON source.id = job.source JOIN watch ON watch.id = source.watch
WHERE (:state IS NULL OR job.state = :state) AND (:watch IS NULL OR watch.name = :watch)
ORDER BY job.id;

-- name: jobs_with_errors
-- Jobs that failed, are in doubt, wait for a person or are late. A required sidecar may come later
-- for a while.
SELECT id FROM job WHERE error_code IS NOT NULL AND state NOT IN ('done', 'cancelled')
AND error_code <> 'sidecar_missing'
ORDER BY id;

-- name: jobs_of_source
-- The jobs of one place, newest first.
SELECT job.id FROM job WHERE job.source = :source ORDER BY job.id DESC;

-- name: job_charge
-- What a job has cost so far, over all its submits.
SELECT charge FROM submit WHERE job = :job AND charge IS NOT NULL;

-- name: jobs_touched_since
-- Jobs that are open or were moved since an event, for the exit code of one run.
SELECT id, state FROM job
WHERE ended_at IS NULL OR id IN (SELECT job FROM event WHERE id > :event);

-- name: held_reasons
-- Each job that is held, and why; of several reasons the oldest comes last.
SELECT job_hold.job, hold.code, hold.reason, hold.hint FROM job_hold
JOIN hold ON hold.scope = job_hold.scope AND hold.code = job_hold.code
ORDER BY hold.since DESC;

-- name: jobs_failed_since
-- Jobs that failed after an event and have not been tried again.
SELECT id FROM job
WHERE state = 'failed' AND id IN (SELECT job FROM event WHERE id > :event) ORDER BY id;

-- name: oldest_result
-- When the task of the oldest result that is not yet fetched was answered as ended.
SELECT min(event.at) AS at FROM event JOIN job ON job.id = event.job
WHERE job.state = 'finished' AND event.name = 'RemoteSucceeded';

-- name: count_ended
-- How the jobs that ended since a time have ended.
SELECT state, count(*) AS count FROM job WHERE ended_at >= :begin GROUP BY state;

-- name: count_going_on
-- Jobs that go on by themselves: being sent, or due some time and under no hold. A disk, a share
-- or a service that does not answer is waited for.
SELECT count(*) AS count FROM job
WHERE state = 'submitting' OR (due_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM job_hold WHERE job_hold.job = job.id
        AND job_hold.code NOT IN ('output_blocked', 'spool_blocked', 'unreachable')
        AND (job_hold.next_trial IS NULL OR job_hold.next_trial > :now)
));

-- name: newest_time
-- When the history's last line was written.
SELECT max(at) AS at FROM event;

-- name: newest_event
-- The history's end.
SELECT coalesce(max(id), 0) AS id FROM event;

-- name: raw_results
-- What is being fetched: its raw results may be in the spool already.
SELECT result.submit, result.position FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE job.state = 'finished';

-- name: jobs_with_keepsakes
-- Jobs whose results may still come.
SELECT id FROM job WHERE state NOT IN ('done', 'cancelled');

-- name: spool_files
-- What the spool must keep.
SELECT result.spool_file FROM result
JOIN submit ON submit.id = result.submit JOIN job ON job.id = submit.job
WHERE result.spool_file IS NOT NULL AND job.state = 'fetched';
