-- The journal as it is after all migrations, and as a new one begins; a test proves that they agree.
-- Times: INTEGER, milliseconds since 1970 UTC. Paths: BLOB, the file system's own bytes.
-- Money: TEXT, a decimal number. due_at NULL: waits for something that is not time (waits_for).

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which daemon ran last; one that has no end, and no longer holds the journal, was killed.
CREATE TABLE daemon (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    command TEXT NOT NULL CHECK (command IN ('run', 'once')),
    unit TEXT,
    since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ended TEXT CHECK (ended IN ('stopped', 'failed')),
    unconfined TEXT
) STRICT;

CREATE TABLE watch (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    root BLOB NOT NULL,
    root_id TEXT,
    output_root BLOB NOT NULL,
    online INTEGER NOT NULL DEFAULT 0 CHECK (online IN (0, 1)),
    detect TEXT,
    reason TEXT,
    first_online_at INTEGER,
    since INTEGER,
    root_place TEXT,
    eligible TEXT
) STRICT;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    watch INTEGER NOT NULL REFERENCES watch (id),
    path BLOB NOT NULL CHECK (length(path) > 0),
    size INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns TEXT NOT NULL,
    inode TEXT NOT NULL,
    content_hash TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN ('job', 'skipped')),
    reason TEXT,
    seen_at INTEGER NOT NULL,
    beside TEXT NOT NULL DEFAULT '',
    backlog TEXT CHECK (backlog IN ('held', 'unwanted')),
    estimate TEXT,
    moved_at INTEGER,
    moved_to BLOB,
    identity TEXT,
    counted_as TEXT CHECK (counted_as IN (
        'failed', 'waiting', 'under_way', 'queued', 'done', 'skipped'
    )),
    UNIQUE (watch, path)
) STRICT;

CREATE INDEX source_backlog ON source (watch, size) WHERE backlog IS NOT NULL;

CREATE INDEX source_here ON source (watch, id) WHERE moved_at IS NULL;

-- Accepted once for each: the watch, the key of the set (of one file its path), the digest of what
-- is in it (of one file its identity), the slot, the rule and the generation. `source` is the first
-- file of the set. A job that follows in a chain has all of that of its root, but for its digest,
-- which stands for its place there; it takes the result at `position` of its parent.
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    watch INTEGER NOT NULL REFERENCES watch (id),
    key BLOB NOT NULL CHECK (length(key) > 0),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    slot INTEGER NOT NULL DEFAULT 1 CHECK (slot >= 1),
    rule TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation >= 1),
    source INTEGER NOT NULL REFERENCES source (id),
    state TEXT NOT NULL CHECK (state IN (
        'accepted', 'uploaded', 'submitting', 'running', 'finished', 'fetched',
        'done', 'failed', 'in_doubt', 'cancelled'
    )),
    due_at INTEGER,
    waits_for TEXT CHECK (waits_for IN ('sidecar', 'leader', 'hold', 'person', 'share', 'source', 'review')),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    plan TEXT NOT NULL CHECK (plan LIKE '{%}'),
    work_key TEXT,
    leader INTEGER REFERENCES job (id),
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),
    output_root BLOB NOT NULL,
    output_folder BLOB NOT NULL,
    output_stem BLOB NOT NULL CHECK (length(output_stem) > 0),
    estimate TEXT,
    estimate_currency TEXT,
    error_code TEXT,
    error_message TEXT,
    error_hint TEXT,
    accepted_at INTEGER NOT NULL,
    ended_at INTEGER,
    anew INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1)),
    allowed TEXT,
    named_after BLOB NOT NULL CHECK (length(named_after) > 0),
    root INTEGER REFERENCES job (id),
    parent INTEGER REFERENCES job (id) CHECK ((parent IS NULL) = (root IS NULL)),
    step INTEGER NOT NULL DEFAULT 0 CHECK (step >= 0 AND (step = 0) = (root IS NULL)),
    position INTEGER CHECK (position >= 1 AND (position IS NULL) = (root IS NULL)),
    CHECK (due_at IS NULL OR waits_for IS NULL),
    CHECK (waits_for IS NOT 'review' OR state = 'fetched'),
    CHECK (due_at IS NOT NULL OR waits_for IS NOT NULL
        OR state IN ('submitting', 'done', 'failed', 'cancelled')),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('done', 'failed', 'cancelled') OR due_at IS NULL),
    CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT;

CREATE UNIQUE INDEX job_once ON job (watch, key, digest, slot, rule, generation);
CREATE INDEX job_slots ON job (watch, key, slot, rule, id) WHERE slot <> 1;
CREATE INDEX job_source ON job (source, digest, rule, generation);
CREATE INDEX job_due ON job (state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_state ON job (state, id);
CREATE INDEX job_open ON job (state) WHERE ended_at IS NULL;
CREATE INDEX job_failed ON job (source) WHERE state = 'failed';
CREATE INDEX job_waiting ON job (waits_for) WHERE waits_for IS NOT NULL;
CREATE UNIQUE INDEX job_leads ON job (work_key) WHERE leader IS NULL;
CREATE INDEX job_follows ON job (leader) WHERE leader IS NOT NULL;
CREATE UNIQUE INDEX job_follows_once ON job (parent, step, position, generation) WHERE parent IS NOT NULL;
CREATE INDEX job_chain ON job (root, digest) WHERE root IS NOT NULL;

CREATE TABLE note (
    job INTEGER PRIMARY KEY REFERENCES job (id),
    name BLOB NOT NULL CHECK (length(name) > 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1))
) STRICT;

CREATE TABLE reservation (
    output_root BLOB NOT NULL,
    name_key TEXT NOT NULL,
    job INTEGER NOT NULL REFERENCES job (id),
    PRIMARY KEY (output_root, name_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservation_job ON reservation (job);

-- What a job sends, in the order of its positions.
CREATE TABLE material (
    job INTEGER NOT NULL REFERENCES job (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    parameter TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('source', 'reference', 'result')),
    source INTEGER REFERENCES source (id),
    path BLOB CHECK (length(path) > 0),
    result INTEGER REFERENCES result (id),
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    identity TEXT NOT NULL CHECK (length(identity) = 64),
    size INTEGER NOT NULL CHECK (size >= 0),
    preparation TEXT CHECK (preparation LIKE '{%}'),
    PRIMARY KEY (job, position),
    CHECK ((source IS NOT NULL) = (origin = 'source')),
    CHECK ((path IS NOT NULL) = (origin = 'reference')),
    CHECK ((result IS NOT NULL) = (origin = 'result'))
) STRICT, WITHOUT ROWID;

CREATE INDEX material_source ON material (source, identity) WHERE source IS NOT NULL;
CREATE INDEX material_content ON material (content_hash);
CREATE INDEX material_identity ON material (identity);
CREATE INDEX material_result ON material (result) WHERE result IS NOT NULL;

-- The essence of each content, by a version of what an essence is; the first of an essence first.
CREATE TABLE essence (
    id INTEGER PRIMARY KEY,
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    version INTEGER NOT NULL CHECK (version >= 1),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    UNIQUE (content_hash, version)
) STRICT;

CREATE INDEX essence_digest ON essence (digest, version, id);

CREATE TABLE upload (
    content_hash TEXT NOT NULL,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    file_name TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (content_hash, site)
) STRICT, WITHOUT ROWID;

CREATE TABLE submit (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES job (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    token TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (payload LIKE '{%}'),
    intent_at INTEGER NOT NULL,
    answered_at INTEGER,
    task_id TEXT UNIQUE,
    outcome TEXT CHECK (outcome IN (
        'accepted', 'deferred', 'refused', 'unanswered', 'succeeded', 'failed', 'cancelled',
        'no_results', 'lost', 'resent'
    )),
    links_expired INTEGER NOT NULL DEFAULT 0,
    charge TEXT,
    currency TEXT,
    price_key TEXT,
    mark TEXT,
    called INTEGER NOT NULL DEFAULT 0 CHECK (called IN (0, 1)),
    UNIQUE (job, number)
) STRICT;

CREATE INDEX submit_intent ON submit (intent_at);

CREATE INDEX submit_charged ON submit (intent_at, charge) WHERE charge IS NOT NULL;

CREATE INDEX submit_uncharged ON submit (intent_at) WHERE charge IS NULL;

CREATE INDEX submit_price ON submit (price_key) WHERE charge IS NOT NULL;

CREATE UNIQUE INDEX submit_mark ON submit (mark) WHERE mark IS NOT NULL;

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

CREATE TRIGGER heard_is_append_only_update
BEFORE UPDATE OF id, submit, what, amount, currency ON heard
BEGIN SELECT RAISE (ABORT, 'what was heard of money is append-only'); END;

CREATE TRIGGER heard_is_append_only_delete BEFORE DELETE ON heard
BEGIN SELECT RAISE (ABORT, 'what was heard of money is append-only'); END;

CREATE TABLE result (
    id INTEGER PRIMARY KEY,
    submit INTEGER NOT NULL REFERENCES submit (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    url TEXT,
    text TEXT,
    type TEXT NOT NULL,
    spool_file TEXT,
    size INTEGER,
    sha256 TEXT,
    extension TEXT,
    output_name BLOB,
    published_at INTEGER,
    decision TEXT CHECK (decision IN ('approved', 'rejected', 'redo')),
    decided_by TEXT CHECK ((decided_by IS NULL) = (decision IS NULL)),
    decided_at INTEGER CHECK ((decided_at IS NULL) = (decision IS NULL)),
    companion TEXT CHECK (length(companion) = 64),
    raw TEXT CHECK (length(raw) = 64),
    raw_extension TEXT CHECK ((raw_extension IS NULL) = (raw IS NULL)),
    sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
    UNIQUE (submit, position),
    CHECK (url IS NOT NULL OR text IS NOT NULL),
    CHECK ((spool_file IS NULL) = (sha256 IS NULL)),
    CHECK (published_at IS NULL OR output_name IS NOT NULL)
) STRICT;

CREATE INDEX result_published ON result (published_at, id) WHERE published_at IS NOT NULL;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES job (id),
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (detail LIKE '{%}')
) STRICT;

CREATE INDEX event_job ON event (job, id);

CREATE TRIGGER event_is_append_only_update BEFORE UPDATE ON event
BEGIN SELECT RAISE (ABORT, 'the history is append-only'); END;

CREATE TRIGGER event_is_append_only_delete BEFORE DELETE ON event
WHEN (SELECT ended_at FROM job WHERE id = OLD.job) IS NULL
BEGIN SELECT RAISE (ABORT, 'the history of an open job is append-only'); END;

CREATE TABLE hold (
    scope TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    hint TEXT NOT NULL,
    since INTEGER NOT NULL,
    trials INTEGER NOT NULL DEFAULT 0,
    next_trial INTEGER,
    needs TEXT,
    PRIMARY KEY (scope, code)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE callback (
    submit INTEGER NOT NULL REFERENCES submit (id),
    task_id TEXT NOT NULL CHECK (length(task_id) > 0),
    heard_at INTEGER NOT NULL,
    due_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submit, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX callback_due ON callback (due_at) WHERE due_at IS NOT NULL;

-- Sets of files that are not complete, or hold more than their rule takes: nothing is paid for them.
CREATE TABLE waiting_set (
    watch INTEGER NOT NULL REFERENCES watch (id),
    key BLOB NOT NULL CHECK (length(key) > 0),
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)),
    PRIMARY KEY (watch, key, rule)
) STRICT, WITHOUT ROWID;

-- Files that are no sources (yet): no rule takes them, they cannot be read, or they wait for the
-- others of their set, by its key.
CREATE TABLE aside (
    watch INTEGER NOT NULL REFERENCES watch (id),
    path BLOB NOT NULL CHECK (length(path) > 0),
    counted_as TEXT NOT NULL CHECK (counted_as IN ('waiting', 'skipped')),
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    set_key BLOB CHECK (length(set_key) > 0),
    PRIMARY KEY (watch, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX aside_set ON aside (watch, set_key) WHERE set_key IS NOT NULL;

-- How many files of a watch are counted as what. Triggers keep it true.
CREATE TABLE tally (
    watch INTEGER NOT NULL REFERENCES watch (id),
    counted_as TEXT NOT NULL,
    files INTEGER NOT NULL,
    PRIMARY KEY (watch, counted_as)
) STRICT, WITHOUT ROWID;

CREATE INDEX source_skipped ON source (watch, path) WHERE counted_as = 'skipped';

-- What each source is counted as: the first of failed, waiting, under way, queued (not yet sent, so
-- that a hold makes it wait), done and skipped that holds of it; NULL where no file is there to be
-- counted, as one that failed before it was sent, and was taken away. Of the jobs that send it those
-- count that are open, and the newest of each rule and slot with its present image. Of the many slots
-- of one file the newest is found by an index.
CREATE VIEW standing AS
SELECT source.id AS source, CASE max(
    CASE
        WHEN source.backlog = 'held' AND source.inode <> '' THEN 5
        WHEN source.verdict = 'skipped' AND source.inode <> '' THEN 1
        ELSE 0
    END,
    coalesce((
        SELECT max(CASE
            WHEN job.state = 'failed' AND source.inode = ''
                AND NOT EXISTS (SELECT 1 FROM submit WHERE submit.job = job.id) THEN 0
            WHEN job.state = 'failed' THEN 6
            WHEN job.state = 'in_doubt' THEN 5
            WHEN job.ended_at IS NULL AND job.waits_for IS NOT NULL AND job.waits_for <> 'leader' THEN 5
            WHEN job.state IN ('accepted', 'uploaded') THEN 3
            WHEN job.ended_at IS NULL THEN 4
            WHEN job.state = 'done' THEN 2
            WHEN job.error_code IS 'source_gone' THEN 0
            ELSE 1
        END)
        FROM material JOIN job ON job.id = material.job
        WHERE material.source = source.id AND (job.ended_at IS NULL OR (
            material.identity = coalesce(source.identity, material.identity) AND NOT EXISTS (
                SELECT 1 FROM job AS newer
                WHERE newer.slot <> 1 AND newer.watch = job.watch AND newer.key = job.key
                    AND newer.slot = job.slot AND newer.rule = job.rule AND newer.id > job.id
            ) AND (job.slot <> 1 OR NOT EXISTS (
                SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
                WHERE other.source = source.id AND newer.rule = job.rule
                    AND newer.slot = job.slot AND newer.id > job.id
            ))
        ))
    ), 0),
    coalesce((
        SELECT max(CASE
            WHEN job.state = 'failed' THEN 6
            WHEN job.state = 'in_doubt' THEN 5
            WHEN job.ended_at IS NULL AND job.waits_for IS NOT NULL AND job.waits_for <> 'leader' THEN 5
            WHEN job.state IN ('accepted', 'uploaded') THEN 3
            WHEN job.ended_at IS NULL THEN 4
            ELSE 2
        END)
        FROM material JOIN job ON job.root = material.job
        WHERE material.source = source.id AND (job.ended_at IS NULL OR (
            material.identity = coalesce(source.identity, material.identity) AND NOT EXISTS (
                SELECT 1 FROM job AS newer
                WHERE newer.root = job.root AND newer.digest = job.digest AND newer.id > job.id
            ) AND NOT EXISTS (
                SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
                WHERE other.source = source.id AND newer.rule = job.rule
                    AND newer.slot = job.slot AND newer.id > job.root
            )
        ))
    ), 0)
)
    WHEN 6 THEN 'failed' WHEN 5 THEN 'waiting' WHEN 4 THEN 'under_way' WHEN 3 THEN 'queued'
    WHEN 2 THEN 'done' WHEN 1 THEN 'skipped'
END AS counted_as
FROM source;

-- A file that is queued or under way because of open jobs stays so when another is entered.
CREATE TRIGGER material_is_counted AFTER INSERT ON material WHEN NEW.source IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.source)
    WHERE id = NEW.source AND NOT (coalesce(source.counted_as, '') IN ('queued', 'under_way') AND EXISTS (
        SELECT 1 FROM job
        WHERE job.id = NEW.job AND job.state = 'accepted' AND coalesce(job.waits_for, 'leader') = 'leader'
    ));
END;

CREATE TRIGGER material_is_counted_anew AFTER UPDATE OF source, identity ON material
WHEN (OLD.source, OLD.identity) IS NOT (NEW.source, NEW.identity)
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (OLD.source, NEW.source);
END;

CREATE TRIGGER material_is_gone AFTER DELETE ON material WHEN OLD.source IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = OLD.source)
    WHERE id = OLD.source;
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

CREATE TRIGGER follow_up_is_counted AFTER INSERT ON job WHEN NEW.root IS NOT NULL
BEGIN
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = source.id)
    WHERE id IN (SELECT material.source FROM material WHERE material.job = NEW.root AND material.source IS NOT NULL);
END;

CREATE TRIGGER source_is_counted AFTER INSERT ON source
BEGIN
    DELETE FROM aside WHERE watch = NEW.watch AND path = NEW.path;
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER source_is_counted_anew
AFTER UPDATE OF path, inode, identity, verdict, backlog ON source
BEGIN
    DELETE FROM aside WHERE watch = NEW.watch AND path = NEW.path;
    UPDATE source SET counted_as = (SELECT standing.counted_as FROM standing WHERE standing.source = NEW.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER source_is_tallied AFTER UPDATE OF counted_as ON source
WHEN OLD.counted_as IS NOT NEW.counted_as
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = NEW.watch AND counted_as = OLD.counted_as;
    INSERT INTO tally (watch, counted_as, files)
    SELECT NEW.watch, NEW.counted_as, 1 WHERE NEW.counted_as IS NOT NULL
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER source_is_gone AFTER DELETE ON source
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = OLD.watch AND counted_as = OLD.counted_as;
END;

CREATE TRIGGER aside_is_tallied AFTER INSERT ON aside
BEGIN
    INSERT INTO tally (watch, counted_as, files) VALUES (NEW.watch, NEW.counted_as, 1)
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER aside_is_gone AFTER DELETE ON aside
BEGIN
    UPDATE tally SET files = files - 1 WHERE watch = OLD.watch AND counted_as = OLD.counted_as;
END;

-- Notes about many files of a folder.
CREATE TABLE folder_note (
    watch INTEGER NOT NULL REFERENCES watch (id),
    output_root BLOB NOT NULL,
    folder BLOB NOT NULL,
    name BLOB NOT NULL CHECK (length(name) > 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1)),
    PRIMARY KEY (watch, output_root, folder)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_told ON job (state, id) WHERE error_code IS NOT NULL;
