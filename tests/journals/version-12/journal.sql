BEGIN TRANSACTION;
CREATE TABLE callback (
    submit INTEGER NOT NULL REFERENCES submit (id),
    task_id TEXT NOT NULL CHECK (length(task_id) > 0),
    heard_at INTEGER NOT NULL,
    due_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submit, task_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES job (id),
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (detail LIKE '{%}')
) STRICT;
INSERT INTO "event" VALUES(1,1,1795918641539,'Accepted',NULL,'accepted','{}');
INSERT INTO "event" VALUES(2,2,1795918641539,'Accepted',NULL,'accepted','{}');
INSERT INTO "event" VALUES(3,1,1795918641579,'Uploaded','accepted','uploaded','{"prepared": ""}');
INSERT INTO "event" VALUES(4,2,1795918641586,'Uploaded','accepted','uploaded','{"prepared": ""}');
INSERT INTO "event" VALUES(5,1,1795918641597,'SubmitIntended','uploaded','submitting','{"site": "SERVICE-ADDRESS", "estimate": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(6,2,1795918641625,'SubmitIntended','uploaded','submitting','{"site": "SERVICE-ADDRESS", "estimate": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(7,1,1795918641690,'Submitted','submitting','running','{"task_id": "1795918641235779117", "query_at": "2026-11-29 02:17:21.709435+00:00"}');
INSERT INTO "event" VALUES(8,2,1795918641700,'Submitted','submitting','running','{"task_id": "1795918641235779118", "query_at": "2026-11-29 02:17:21.719552+00:00"}');
INSERT INTO "event" VALUES(9,1,1795918641714,'RemoteSucceeded','running','finished','{"charge": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(10,2,1795918641735,'RemoteSucceeded','running','finished','{"charge": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(11,2,1795918642019,'Fetched','finished','fetched','{"finished": ""}');
INSERT INTO "event" VALUES(12,2,1795918642027,'Published','fetched','done','{}');
INSERT INTO "event" VALUES(13,1,1795918642030,'Fetched','finished','fetched','{"finished": ""}');
INSERT INTO "event" VALUES(14,1,1795918642035,'Published','fetched','done','{}');
INSERT INTO "event" VALUES(15,3,1795918642218,'Accepted',NULL,'accepted','{}');
INSERT INTO "event" VALUES(16,3,1795918642240,'Uploaded','accepted','uploaded','{"prepared": ""}');
INSERT INTO "event" VALUES(17,3,1795918642247,'SubmitIntended','uploaded','submitting','{"site": "SERVICE-ADDRESS", "estimate": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(18,3,1795918642252,'SubmitRefused','submitting','failed','{"failure": {"code": "wrong_parameters", "message": "The service rejected the parameters of this edit. (service: no text, code HTTP 400)", "hint": "Check the rule''s params and the sidecar, then run retry."}}');
INSERT INTO "event" VALUES(19,4,1795918642387,'Accepted',NULL,'accepted','{}');
INSERT INTO "event" VALUES(20,4,1795918642411,'Uploaded','accepted','uploaded','{"prepared": ""}');
INSERT INTO "event" VALUES(21,4,1795918642418,'SubmitIntended','uploaded','submitting','{"site": "SERVICE-ADDRESS", "estimate": "0.14", "currency": "CNY"}');
INSERT INTO "event" VALUES(22,4,1795918642424,'SubmitUnanswered','submitting','in_doubt','{"reason": "submit: RemoteProtocolError after sending"}');
INSERT INTO "event" VALUES(23,5,1795918642766,'Accepted',NULL,'accepted','{}');
CREATE TABLE hold (
    scope TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    hint TEXT NOT NULL,
    since INTEGER NOT NULL,
    trials INTEGER NOT NULL DEFAULT 0,
    next_trial INTEGER, needs TEXT,
    PRIMARY KEY (scope, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id),
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    rule TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation >= 1),
    state TEXT NOT NULL CHECK (state IN (
        'accepted', 'uploaded', 'submitting', 'running', 'finished', 'fetched',
        'done', 'failed', 'in_doubt', 'cancelled'
    )),
    due_at INTEGER,
    waits_for TEXT CHECK (waits_for IN ('sidecar', 'leader', 'hold', 'person', 'share', 'source')),
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
    ended_at INTEGER, anew INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1)),
    UNIQUE (source, content_hash, rule, generation),
    CHECK (due_at IS NULL OR waits_for IS NULL),
    CHECK (due_at IS NOT NULL OR waits_for IS NOT NULL
        OR state IN ('submitting', 'done', 'failed', 'cancelled')),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('done', 'failed', 'cancelled') OR due_at IS NULL),
    CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT;
INSERT INTO "job" VALUES(1,1,'e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d','default',1,'done',NULL,NULL,0,'{"finish": {"format": "keep", "gps": true, "metadata": "copy", "prompt": false, "size": "model"}, "model": "xai/grok-imagine-image/edit-official-stable", "params": {}, "preparation": null, "prompt": "Make it a summer day", "references": [], "rule": "default", "stem": "ann"}','dbef660fcc0c055572e512b92ce37f7c175e2bf300612a333842b89cda3f9494',NULL,0,X'STUDIO-FOLDER2F6F7574',X'',X'616E6E','0.14','CNY',NULL,NULL,NULL,1795918641539,1795918642035,0);
INSERT INTO "job" VALUES(2,2,'0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7','default',1,'done',NULL,NULL,0,'{"finish": {"format": "keep", "gps": true, "metadata": "copy", "prompt": false, "size": "model"}, "model": "xai/grok-imagine-image/edit-official-stable", "params": {}, "preparation": null, "prompt": "Make it a summer day", "references": [], "rule": "default", "stem": "bob"}','66a8ec2905446c46104b09991de6898a53a6e51fe216f9dbd904118c2a319377',NULL,0,X'STUDIO-FOLDER2F6F7574',X'646179',X'626F62','0.14','CNY',NULL,NULL,NULL,1795918641539,1795918642027,0);
INSERT INTO "job" VALUES(3,3,'90772da5e64d84d48ba5731d5abaf780dde1bf31a68cf45f02d11d09666ba08b','default',1,'failed',NULL,NULL,0,'{"finish": {"format": "keep", "gps": true, "metadata": "copy", "prompt": false, "size": "model"}, "model": "xai/grok-imagine-image/edit-official-stable", "params": {}, "preparation": null, "prompt": "Make it a summer day", "references": [], "rule": "default", "stem": "cid"}',NULL,NULL,0,X'STUDIO-FOLDER2F6F7574',X'',X'636964','0.14','CNY','wrong_parameters','The service rejected the parameters of this edit. (service: no text, code HTTP 400)','Check the rule''s params and the sidecar, then run retry.',1795918642218,1795918642252,0);
INSERT INTO "job" VALUES(4,4,'1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3','default',1,'in_doubt',NULL,'person',0,'{"finish": {"format": "keep", "gps": true, "metadata": "copy", "prompt": false, "size": "model"}, "model": "xai/grok-imagine-image/edit-official-stable", "params": {}, "preparation": null, "prompt": "Make it a summer day", "references": [], "rule": "default", "stem": "dan"}','83867dade53abc89f9f142bfa05b84ecefafd662aea4533a2ed7c37ae3b6cc10',NULL,0,X'STUDIO-FOLDER2F6F7574',X'',X'64616E','0.14','CNY','in_doubt','The edit was sent but no answer came: it may have been accepted and charged.','Look for it in the service''s account pages. Then run resolve: with --task-id if it is there, with --resend if it is not, or with --abandon. Only limits.resend_up_to sends it again by itself.',1795918642387,NULL,0);
INSERT INTO "job" VALUES(5,5,'63a12f966b0df2567fa7aa4487f75d49a4fff6094cef2821e87b45c070f5f5a0','default',1,'accepted',NULL,'source',0,'{"finish": {"format": "keep", "gps": true, "metadata": "copy", "prompt": false, "size": "model"}, "model": "xai/grok-imagine-image/edit-official-stable", "params": {}, "preparation": null, "prompt": "Make it a summer day", "references": [], "rule": "default", "stem": "eve"}',NULL,NULL,0,X'STUDIO-FOLDER2F6F7574',X'',X'657665','0.14','CNY','truncated','The picture''s end is missing: it was not copied completely.','If it is still being copied, nothing need be done; else drop it again.',1795918642766,NULL,0);
CREATE TABLE material (
    job INTEGER NOT NULL REFERENCES job (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    parameter TEXT NOT NULL,
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    path BLOB NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "material" VALUES(1,1,'image','e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d',X'616E6E2E6A7067',644);
INSERT INTO "material" VALUES(2,1,'image','0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7',X'6461792F626F622E706E67',103);
INSERT INTO "material" VALUES(3,1,'image','90772da5e64d84d48ba5731d5abaf780dde1bf31a68cf45f02d11d09666ba08b',X'6369642E6A7067',644);
INSERT INTO "material" VALUES(4,1,'image','1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3',X'64616E2E6A7067',646);
INSERT INTO "material" VALUES(5,1,'image','63a12f966b0df2567fa7aa4487f75d49a4fff6094cef2821e87b45c070f5f5a0',X'6576652E6A7067',617);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('callback_key','4f50bc4f6fd83480713dd6ac784eb5e792a1831cc1abaa14e53d02ef45c802c6');
INSERT INTO "meta" VALUES('config','{"config": "{\"model\":[],\"state_dir\":\"STUDIO-TEXT/state\",\"api\":{\"base_url\":\"SERVICE-ADDRESS/openapi/v2\",\"webhook_url\":\"\",\"webhook_listen\":\"\"},\"limits\":{\"concurrency\":0,\"backlog\":100,\"grace\":5.0,\"min_free_mb\":0,\"resend_up_to\":0.0,\"picture_memory_mb\":1500,\"daily_charge\":0.0,\"price_preview\":false,\"history_days\":365},\"backup\":{\"keep\":7},\"notify\":[],\"monitor\":{\"listen\":\"\"},\"watch\":[{\"name\":\"studio\",\"input\":\"STUDIO-TEXT/in\",\"output\":\"STUDIO-TEXT/out\",\"recursive\":true,\"detect\":\"auto\",\"settle\":0.05,\"scan_interval\":\"auto\",\"rules\":\"first\",\"sidecar\":\"optional\",\"sidecar_wait\":0.0,\"orphan_after\":600.0,\"sidecar_models\":[],\"reference_folders\":[],\"duplicates\":\"reuse\",\"collision\":\"suffix\",\"originals\":\"keep\",\"umask\":\"\",\"group\":\"\",\"times\":\"now\",\"charge_per_day\":0.0,\"notes\":\"none\",\"rule\":[{\"name\":\"default\",\"match\":[],\"exclude\":[],\"when\":{\"types\":[],\"orientation\":[],\"min_width\":0,\"max_width\":0,\"min_height\":0,\"max_height\":0,\"min_rating\":-1,\"labels\":[]},\"model\":\"xai/grok-imagine-image/edit-official-stable\",\"prompt\":\"Make it a summer day\",\"references\":[],\"params\":{},\"prepare\":\"auto\",\"max_mb\":0.0,\"max_megapixels\":0.0,\"strip\":[],\"format\":\"keep\",\"size\":\"model\",\"metadata\":\"copy\",\"metadata_gps\":true,\"metadata_prompt\":false}]}]}", "problem": null, "needs_restart": []}');
INSERT INTO "meta" VALUES('currency','CNY');
INSERT INTO "meta" VALUES('journal_id','911e90b06f340331c255c0c841ad86a3');
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
INSERT INTO "reservation" VALUES(X'STUDIO-FOLDER2F6F7574','ann',1);
INSERT INTO "reservation" VALUES(X'STUDIO-FOLDER2F6F7574','day/bob',2);
INSERT INTO "reservation" VALUES(X'STUDIO-FOLDER2F6F7574','cid',3);
INSERT INTO "reservation" VALUES(X'STUDIO-FOLDER2F6F7574','dan',4);
INSERT INTO "reservation" VALUES(X'STUDIO-FOLDER2F6F7574','eve',5);
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
    UNIQUE (submit, position),
    CHECK (url IS NOT NULL OR text IS NOT NULL),
    CHECK ((spool_file IS NULL) = (sha256 IS NULL)),
    CHECK (published_at IS NULL OR output_name IS NOT NULL)
) STRICT;
INSERT INTO "result" VALUES(1,1,1,'SERVICE-ADDRESS/results/90677b34c942458b9e5dc2c2b2a4c026_0.jpg?sign=8ade6c4338c24d99a068869fb0beaf34',NULL,'jpg','1-1',1928,'f8b26ab299c08571fc69fcf2480ec59de7e846214d91dbcd3ac3138beab66634','jpg',X'616E6E2E6A7067',1795918642034);
INSERT INTO "result" VALUES(2,2,1,'SERVICE-ADDRESS/results/da866ce9ca1945de9aedd85f1b5db9a3_0.png?sign=12e7eba6c3f74dcc83d305fd008f069a',NULL,'png','2-1',1537,'e6ca14fe789fa107beb2f8a7c5ad2df39bb2803ef6f43b73280708e167668bf1','png',X'6461792F626F622E706E67',1795918642024);
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
    seen_at INTEGER NOT NULL, beside TEXT NOT NULL DEFAULT '', backlog TEXT CHECK (backlog IN ('held', 'unwanted')), estimate TEXT, moved_at INTEGER, moved_to BLOB,
    UNIQUE (watch, path)
) STRICT;
INSERT INTO "source" VALUES(1,1,X'616E6E2E6A7067',644,'1795918641239676958','2155553','e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d','job',NULL,1795918641539,'11155ec6fc2b4dc19e43c618',NULL,NULL,NULL,NULL);
INSERT INTO "source" VALUES(2,1,X'6461792F626F622E706E67',103,'1795918641239986819','2155569','0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7','job',NULL,1795918641539,'11155ec6fc2b4dc19e43c618',NULL,NULL,NULL,NULL);
INSERT INTO "source" VALUES(3,1,X'6369642E6A7067',644,'1795918642115408795','2155143','90772da5e64d84d48ba5731d5abaf780dde1bf31a68cf45f02d11d09666ba08b','job',NULL,1795918642218,'11155ec6fc2b4dc19e43c618',NULL,NULL,NULL,NULL);
INSERT INTO "source" VALUES(4,1,X'64616E2E6A7067',646,'1795918642273666493','2155530','1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3','job',NULL,1795918642387,'11155ec6fc2b4dc19e43c618',NULL,NULL,NULL,NULL);
INSERT INTO "source" VALUES(5,1,X'6576652E6A7067',617,'1795918642445850079','2155605','63a12f966b0df2567fa7aa4487f75d49a4fff6094cef2821e87b45c070f5f5a0','job',NULL,1795918642766,'11155ec6fc2b4dc19e43c618',NULL,NULL,NULL,NULL);
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
    currency TEXT, price_key TEXT,
    UNIQUE (job, number)
) STRICT;
INSERT INTO "submit" VALUES(1,1,1,'vK-iRX-3_dYmwuL-CQLxKaQRNTzHJJdlV79gpAGJTpc','SERVICE-ADDRESS','{"prompt": "Make it a summer day", "image": "SERVICE-ADDRESS/files/openapi/e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d.jpg?sign=85075d1bc10e9d9247d3c88e4a129d61"}',1795918641597,1795918641714,'1795918641235779117','succeeded',0,'0.14','CNY','["rhart-image-x-official/edit", {}]');
INSERT INTO "submit" VALUES(2,2,1,'R7JHf4Ic2s-3XLISy-oi-H7Y_Io_VDoRjYqFdfvi-nU','SERVICE-ADDRESS','{"prompt": "Make it a summer day", "image": "SERVICE-ADDRESS/files/openapi/0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7.png?sign=4c086972ea28fffa94e73b2f799a25ec"}',1795918641625,1795918641735,'1795918641235779118','succeeded',0,'0.14','CNY','["rhart-image-x-official/edit", {}]');
INSERT INTO "submit" VALUES(3,3,1,'rpDHg3nvsN6RRKZySe7MtR_OEukHMu619IzYpdy9I_A','SERVICE-ADDRESS','{"prompt": "Make it a summer day", "image": "SERVICE-ADDRESS/files/openapi/90772da5e64d84d48ba5731d5abaf780dde1bf31a68cf45f02d11d09666ba08b.jpg?sign=f9d9e44e84ce8034c2addffba0abdd21"}',1795918642247,1795918642252,NULL,'refused',0,NULL,NULL,'["rhart-image-x-official/edit", {}]');
INSERT INTO "submit" VALUES(4,4,1,'o_4BqtyUJob0Prbu48kIQWyglU8lQW5Qjs9eIizlTac','SERVICE-ADDRESS','{"prompt": "Make it a summer day", "image": "SERVICE-ADDRESS/files/openapi/1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3.jpg?sign=e7af7751f9a07d80ba33a51462f0f5af"}',1795918642418,1795918642424,NULL,'unanswered',0,NULL,NULL,'["rhart-image-x-official/edit", {}]');
CREATE TABLE upload (
    content_hash TEXT NOT NULL,
    site TEXT NOT NULL,
    url TEXT NOT NULL,
    file_name TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (content_hash, site)
) STRICT, WITHOUT ROWID;
INSERT INTO "upload" VALUES('0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7','SERVICE-ADDRESS','SERVICE-ADDRESS/files/openapi/0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7.png?sign=4c086972ea28fffa94e73b2f799a25ec','openapi/0fc48f25f373ca0227f6dc181b917ae6a69b42b10d810029e347e31a52dca8e7.png',1796005041568);
INSERT INTO "upload" VALUES('1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3','SERVICE-ADDRESS','SERVICE-ADDRESS/files/openapi/1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3.jpg?sign=e7af7751f9a07d80ba33a51462f0f5af','openapi/1206ea1517aa03e517b1819de066ac24729228b34c77a35d542b4af1903547e3.jpg',1796005042402);
INSERT INTO "upload" VALUES('e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d','SERVICE-ADDRESS','SERVICE-ADDRESS/files/openapi/e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d.jpg?sign=85075d1bc10e9d9247d3c88e4a129d61','openapi/e1572bd59442ff8320444732f2318089e095e92a36144b887d65d35f93e8984d.jpg',1796005041564);
CREATE TABLE watch (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    root BLOB NOT NULL,
    root_id TEXT,
    output_root BLOB NOT NULL,
    online INTEGER NOT NULL DEFAULT 0 CHECK (online IN (0, 1)),
    detect TEXT,
    reason TEXT,
    first_online_at INTEGER
, since INTEGER, root_place TEXT, eligible TEXT) STRICT;
INSERT INTO "watch" VALUES(1,'studio',X'STUDIO-FOLDER2F696E','128172e8112f676865e2e93ac41afa75',X'STUDIO-FOLDER2F6F7574',1,'scan',NULL,1795918641477,1795918641477,'677a4c09a581eb8e','{"recursive": true, "globs": [[["*.jpg", "*.png", "*.jpeg", "*.webp", "*.jpg", "*.jpeg", "*.png", "*.webp", "*.gif", "*.bmp", "*.tif", "*.tiff", "*.heic", "*.heif", "*.hif", "*.avif", "*.psd", "*.psb", "*.3fr", "*.arw", "*.cr2", "*.cr3", "*.dng", "*.erf", "*.iiq", "*.mef", "*.mos", "*.nef", "*.nrw", "*.orf", "*.pef", "*.raf", "*.raw", "*.rw2", "*.rwl", "*.srw"], []]], "ignored": "8072a0c935e26c882654ce0729eabc2fbdaf2c1cde0ebf20783a24d1334262dc", "ignore_files": {}, "unseen": []}');
CREATE INDEX job_due ON job (state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_open ON job (state) WHERE ended_at IS NULL;
CREATE INDEX job_waiting ON job (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX reservation_job ON reservation (job);
CREATE INDEX event_job ON event (job, id);
CREATE TRIGGER event_is_append_only_update BEFORE UPDATE ON event
BEGIN SELECT RAISE (ABORT, 'the history is append-only'); END;
CREATE INDEX job_content ON job (content_hash);
CREATE INDEX callback_due ON callback (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX job_leads ON job (work_key) WHERE leader IS NULL;
CREATE INDEX job_follows ON job (leader) WHERE leader IS NOT NULL;
CREATE TRIGGER event_is_append_only_delete BEFORE DELETE ON event
WHEN (SELECT ended_at FROM job WHERE id = OLD.job) IS NULL
BEGIN SELECT RAISE (ABORT, 'the history of an open job is append-only'); END;
CREATE INDEX source_backlog ON source (watch, size) WHERE backlog IS NOT NULL;
CREATE INDEX source_here ON source (watch, id) WHERE moved_at IS NULL;
CREATE INDEX submit_intent ON submit (intent_at);
CREATE INDEX submit_price ON submit (price_key) WHERE charge IS NOT NULL;
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
CREATE INDEX job_failed ON job (source) WHERE state = 'failed';
COMMIT;
PRAGMA application_id = 1752134758;
PRAGMA user_version = 12;
