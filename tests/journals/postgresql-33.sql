SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA hotfolder;
CREATE FUNCTION hotfolder.count_anew(sources bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE source SET counted_as = (
        SELECT standing.counted_as FROM standing WHERE standing.source = source.id
    ) WHERE id = ANY (sources);
END $$;
CREATE FUNCTION hotfolder.count_rank(state text, waits_for text) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$
SELECT CASE
    WHEN state = 'failed' THEN 6
    WHEN state = 'in_doubt' THEN 5
    WHEN state = 'done' THEN 2
    WHEN state = 'cancelled' THEN 1
    WHEN waits_for IS NOT NULL AND waits_for <> 'leader' THEN 5
    WHEN state IN ('accepted', 'uploaded') THEN 3
    ELSE 4
END
$$;
CREATE FUNCTION hotfolder.file_tallies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM tally_file(OLD.watch, OLD.counted_as, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM tally_file(NEW.watch, NEW.counted_as, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.follow_up_counts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM count_anew(ARRAY(
        SELECT source FROM material WHERE job IN (NEW.id, NEW.root) AND source IS NOT NULL
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.glob(pattern text, value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT
    AS $_$ SELECT $2 LIKE replace(replace(replace(replace(
    $1, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%') $_$;
CREATE FUNCTION hotfolder.iif(boolean, bigint, bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $_$ SELECT CASE WHEN $1 THEN $2 ELSE $3 END $_$;
CREATE FUNCTION hotfolder.job_counts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM count_anew(ARRAY(
        SELECT source.id FROM material JOIN source ON source.id = material.source
        WHERE material.job IN (NEW.id, NEW.root)
        AND CASE source.counted_as
            WHEN 'failed' THEN 6 WHEN 'waiting' THEN 5 WHEN 'under_way' THEN 4 WHEN 'queued' THEN 3
            WHEN 'done' THEN 2 WHEN 'skipped' THEN 1 ELSE 0
        END <= greatest(count_rank(OLD.state, OLD.waits_for), count_rank(NEW.state, NEW.waits_for) - 1)
        AND NOT (
            coalesce(source.counted_as, '') = 'under_way' AND NEW.ended_at IS NOT NULL AND NEW.state <> 'failed'
            AND EXISTS (
                SELECT 1 FROM job AS other JOIN material AS sent ON sent.job = other.id
                WHERE other.state IN ('submitting', 'running') AND sent.source = source.id
            )
        )
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.json_extract(document text, path text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    IF strpos(document, '\ud') > 0 OR strpos(document, '\u0000') > 0 THEN
        -- File names with broken bytes, which no text of PostgreSQL can hold: kept escaped.
        document := regexp_replace(
            document, '(?<!\\ud[89ab][0-9a-f][0-9a-f])(\\ud[c-f]|\\u0000)', '\\\1', 'g');
    END IF;
    RETURN document::json #>> string_to_array(substr(path, 3), '.');
END $$;
CREATE FUNCTION hotfolder.material_counts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM count_anew(ARRAY(
            SELECT source.id FROM source WHERE source.id = NEW.source AND NOT (
                coalesce(source.counted_as, '') IN ('queued', 'under_way') AND EXISTS (
                    SELECT 1 FROM job WHERE job.id = NEW.job AND job.state = 'accepted'
                        AND coalesce(job.waits_for, 'leader') = 'leader'
                )
            )
        ));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM count_anew(ARRAY[OLD.source]);
    ELSIF (OLD.source, OLD.identity) IS DISTINCT FROM (NEW.source, NEW.identity) THEN
        PERFORM count_anew(ARRAY[OLD.source, NEW.source]);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.max(bigint, bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT
    AS $_$ SELECT greatest($1, $2) $_$;
CREATE FUNCTION hotfolder.path_text(bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $_$
BEGIN
    RETURN convert_from($1, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN encode($1, 'escape');
END $_$;
CREATE FUNCTION hotfolder.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION hotfolder.refuse_of_open_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (SELECT ended_at FROM job WHERE id = OLD.job) IS NULL THEN
        RAISE EXCEPTION 'the history of an open job is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE FUNCTION hotfolder.source_counts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM aside WHERE watch = NEW.watch AND path = NEW.path;
    PERFORM count_anew(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.tally_file(of_watch bigint, as_what text, files_more bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO tally (watch, counted_as, files)
    SELECT of_watch, as_what, files_more WHERE as_what IS NOT NULL
    ON CONFLICT (watch, counted_as) DO UPDATE SET files = tally.files + excluded.files;
END $$;
CREATE FUNCTION hotfolder.tell_its_follower() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM followed WHERE id = NEW.watch) THEN
        PERFORM pg_notify('hotfolder', current_setting('hotfolder.epoch', TRUE));
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION hotfolder.tell_others() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    PERFORM pg_notify('hotfolder', current_setting('hotfolder.epoch', TRUE));
    RETURN NULL;
END $$;
CREATE OPERATOR hotfolder.->> (
    FUNCTION = hotfolder.json_extract,
    LEFTARG = text,
    RIGHTARG = text
);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE hotfolder.aside (
    watch bigint NOT NULL,
    path bytea NOT NULL,
    counted_as text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    set_key bytea,
    CONSTRAINT aside_counted_as_check CHECK ((counted_as = ANY (ARRAY['waiting'::text, 'skipped'::text]))),
    CONSTRAINT aside_path_check CHECK ((length(path) > 0)),
    CONSTRAINT aside_set_key_check CHECK ((length(set_key) > 0))
);
CREATE TABLE hotfolder.callback (
    submit bigint NOT NULL,
    task_id text NOT NULL COLLATE pg_catalog."C",
    heard_at bigint NOT NULL,
    due_at bigint,
    tries bigint DEFAULT 0 NOT NULL,
    denied bigint DEFAULT 0 NOT NULL,
    CONSTRAINT callback_task_id_check CHECK ((length(task_id) > 0))
);
CREATE TABLE hotfolder.daemon (
    id bigint NOT NULL,
    place text DEFAULT current_setting('hotfolder.place'::text) NOT NULL COLLATE pg_catalog."C",
    pid bigint NOT NULL,
    version text NOT NULL COLLATE pg_catalog."C",
    command text NOT NULL COLLATE pg_catalog."C",
    unit text COLLATE pg_catalog."C",
    since bigint NOT NULL,
    seen_at bigint NOT NULL,
    ended text COLLATE pg_catalog."C",
    unconfined text COLLATE pg_catalog."C",
    CONSTRAINT daemon_command_check CHECK ((command = ANY (ARRAY['run'::text, 'once'::text]))),
    CONSTRAINT daemon_ended_check CHECK ((ended = ANY (ARRAY['stopped'::text, 'failed'::text]))),
    CONSTRAINT daemon_id_check CHECK ((id = 1))
);
CREATE SEQUENCE hotfolder.epoch
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE hotfolder.essence (
    id bigint NOT NULL,
    content_hash text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT essence_content_hash_check CHECK ((length(content_hash) = 64)),
    CONSTRAINT essence_digest_check CHECK ((length(digest) = 64)),
    CONSTRAINT essence_version_check CHECK ((version >= 1))
);
ALTER TABLE hotfolder.essence ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.essence_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.event (
    id bigint NOT NULL,
    job bigint NOT NULL,
    at bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    from_state text COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT event_detail_check CHECK ((detail ~~ '{%}'::text))
);
ALTER TABLE hotfolder.event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.folder_note (
    watch bigint NOT NULL,
    output_root bytea NOT NULL,
    folder bytea NOT NULL,
    name bytea NOT NULL,
    sha256 text NOT NULL COLLATE pg_catalog."C",
    written bigint DEFAULT 0 NOT NULL,
    CONSTRAINT folder_note_name_check CHECK ((length(name) > 0)),
    CONSTRAINT folder_note_sha256_check CHECK ((length(sha256) = 64)),
    CONSTRAINT folder_note_written_check CHECK ((written = ANY (ARRAY[(0)::bigint, (1)::bigint])))
);
CREATE TABLE hotfolder.lease (
    watch text NOT NULL COLLATE pg_catalog."C",
    epoch bigint NOT NULL,
    place text NOT NULL COLLATE pg_catalog."C",
    machine text NOT NULL COLLATE pg_catalog."C",
    config text NOT NULL COLLATE pg_catalog."C",
    leaving boolean DEFAULT false NOT NULL,
    kept_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);
CREATE TABLE hotfolder.watch (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    root bytea NOT NULL,
    root_id text COLLATE pg_catalog."C",
    output_root bytea NOT NULL,
    online bigint DEFAULT 0 NOT NULL,
    detect text COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    first_online_at bigint,
    since bigint,
    root_place text COLLATE pg_catalog."C",
    eligible text COLLATE pg_catalog."C",
    CONSTRAINT watch_online_check CHECK ((online = ANY (ARRAY[(0)::bigint, (1)::bigint])))
);
CREATE VIEW hotfolder.followed AS
 SELECT watch.id
   FROM (hotfolder.watch
     JOIN hotfolder.lease ON ((lease.watch = watch.name)))
  WHERE ((NOT lease.leaving) AND (lease.epoch = (current_setting('hotfolder.epoch'::text))::bigint));
CREATE TABLE hotfolder.heard (
    id bigint NOT NULL,
    submit bigint NOT NULL,
    at bigint NOT NULL,
    what text NOT NULL COLLATE pg_catalog."C",
    amount text COLLATE pg_catalog."C",
    currency text COLLATE pg_catalog."C",
    CONSTRAINT heard_check CHECK (((amount IS NOT NULL) = (what = ANY (ARRAY['charge'::text, 'unreadable'::text])))),
    CONSTRAINT heard_what_check CHECK ((what = ANY (ARRAY['success'::text, 'charge'::text, 'unreadable'::text, 'free'::text, 'free_again'::text, 'leave'::text, 'word'::text])))
);
ALTER TABLE hotfolder.heard ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.heard_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.hold (
    scope text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    hint text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    trials bigint DEFAULT 0 NOT NULL,
    next_trial bigint,
    needs text COLLATE pg_catalog."C"
);
CREATE TABLE hotfolder.job (
    id bigint NOT NULL,
    watch bigint NOT NULL,
    key bytea NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    slot bigint DEFAULT 1 NOT NULL,
    rule text NOT NULL COLLATE pg_catalog."C",
    generation bigint DEFAULT 1 NOT NULL,
    source bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    due_at bigint,
    waits_for text COLLATE pg_catalog."C",
    attempt bigint DEFAULT 0 NOT NULL,
    plan text NOT NULL COLLATE pg_catalog."C",
    work_key text COLLATE pg_catalog."C",
    leader bigint,
    stale bigint DEFAULT 0 NOT NULL,
    output_root bytea NOT NULL,
    output_folder bytea NOT NULL,
    output_stem bytea NOT NULL,
    estimate text COLLATE pg_catalog."C",
    estimate_currency text COLLATE pg_catalog."C",
    error_code text COLLATE pg_catalog."C",
    error_message text COLLATE pg_catalog."C",
    error_hint text COLLATE pg_catalog."C",
    accepted_at bigint NOT NULL,
    ended_at bigint,
    anew bigint DEFAULT 0 NOT NULL,
    allowed text COLLATE pg_catalog."C",
    named_after bytea NOT NULL,
    root bigint,
    parent bigint,
    step bigint DEFAULT 0 NOT NULL,
    "position" bigint,
    CONSTRAINT job_anew_check CHECK ((anew = ANY (ARRAY[(0)::bigint, (1)::bigint]))),
    CONSTRAINT job_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT job_check CHECK (((parent IS NULL) = (root IS NULL))),
    CONSTRAINT job_check1 CHECK (((step >= 0) AND ((step = 0) = (root IS NULL)))),
    CONSTRAINT job_check2 CHECK ((("position" >= 1) AND (("position" IS NULL) = (root IS NULL)))),
    CONSTRAINT job_check3 CHECK (((due_at IS NULL) OR (waits_for IS NULL))),
    CONSTRAINT job_check4 CHECK (((waits_for IS DISTINCT FROM 'review'::text) OR (state = 'fetched'::text))),
    CONSTRAINT job_check5 CHECK (((due_at IS NOT NULL) OR (waits_for IS NOT NULL) OR (state = ANY (ARRAY['submitting'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))),
    CONSTRAINT job_check6 CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT job_check7 CHECK (((state <> ALL (ARRAY['done'::text, 'failed'::text, 'cancelled'::text])) OR (due_at IS NULL))),
    CONSTRAINT job_check8 CHECK (((error_code IS NULL) = (error_message IS NULL))),
    CONSTRAINT job_digest_check CHECK ((length(digest) = 64)),
    CONSTRAINT job_generation_check CHECK ((generation >= 1)),
    CONSTRAINT job_key_check CHECK ((length(key) > 0)),
    CONSTRAINT job_named_after_check CHECK ((length(named_after) > 0)),
    CONSTRAINT job_output_stem_check CHECK ((length(output_stem) > 0)),
    CONSTRAINT job_plan_check CHECK ((plan ~~ '{%}'::text)),
    CONSTRAINT job_slot_check CHECK ((slot >= 1)),
    CONSTRAINT job_stale_check CHECK ((stale = ANY (ARRAY[(0)::bigint, (1)::bigint]))),
    CONSTRAINT job_state_check CHECK ((state = ANY (ARRAY['accepted'::text, 'uploaded'::text, 'submitting'::text, 'running'::text, 'finished'::text, 'fetched'::text, 'done'::text, 'failed'::text, 'in_doubt'::text, 'cancelled'::text]))),
    CONSTRAINT job_waits_for_check CHECK ((waits_for = ANY (ARRAY['sidecar'::text, 'leader'::text, 'hold'::text, 'person'::text, 'share'::text, 'source'::text, 'review'::text])))
);
CREATE TABLE hotfolder.source (
    id bigint NOT NULL,
    watch bigint NOT NULL,
    path bytea NOT NULL,
    size bigint NOT NULL,
    mtime_ns text NOT NULL COLLATE pg_catalog."C",
    inode text NOT NULL COLLATE pg_catalog."C",
    content_hash text COLLATE pg_catalog."C",
    verdict text NOT NULL COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    seen_at bigint NOT NULL,
    beside text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    backlog text COLLATE pg_catalog."C",
    estimate text COLLATE pg_catalog."C",
    moved_at bigint,
    moved_to bytea,
    identity text COLLATE pg_catalog."C",
    counted_as text COLLATE pg_catalog."C",
    CONSTRAINT source_backlog_check CHECK ((backlog = ANY (ARRAY['held'::text, 'unwanted'::text]))),
    CONSTRAINT source_counted_as_check CHECK ((counted_as = ANY (ARRAY['failed'::text, 'waiting'::text, 'under_way'::text, 'queued'::text, 'done'::text, 'skipped'::text]))),
    CONSTRAINT source_path_check CHECK ((length(path) > 0)),
    CONSTRAINT source_size_check CHECK ((size >= 0)),
    CONSTRAINT source_verdict_check CHECK ((verdict = ANY (ARRAY['job'::text, 'skipped'::text])))
);
CREATE VIEW hotfolder.job_hold AS
 SELECT job.id AS job,
    hold.scope,
    hold.code,
    hold.next_trial
   FROM (((hotfolder.job
     JOIN hotfolder.source ON ((source.id = job.source)))
     JOIN hotfolder.watch ON ((watch.id = source.watch)))
     JOIN hotfolder.hold ON (((job.ended_at IS NULL) AND
        CASE
            WHEN (job.leader IS NOT NULL) THEN false
            WHEN (job.state = ANY (ARRAY['accepted'::text, 'uploaded'::text])) THEN ((((hold.scope = ANY (ARRAY['account'::text, 'service'::text])) OR (hold.scope = ('watch:'::text || watch.name))) OR (hold.scope = ((('rule:'::text || watch.name) || '/'::text) || job.rule))) OR (hold.scope = ('source:'::text || job.source)))
            WHEN (job.state = ANY (ARRAY['running'::text, 'finished'::text])) THEN (hold.scope = 'service'::text)
            ELSE false
        END)));
ALTER TABLE hotfolder.job ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.material (
    job bigint NOT NULL,
    "position" bigint NOT NULL,
    parameter text NOT NULL COLLATE pg_catalog."C",
    origin text NOT NULL COLLATE pg_catalog."C",
    source bigint,
    path bytea,
    result bigint,
    content_hash text NOT NULL COLLATE pg_catalog."C",
    identity text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    preparation text COLLATE pg_catalog."C",
    CONSTRAINT material_check CHECK (((source IS NOT NULL) = (origin = 'source'::text))),
    CONSTRAINT material_check1 CHECK (((path IS NOT NULL) = (origin = 'reference'::text))),
    CONSTRAINT material_check2 CHECK (((result IS NOT NULL) = (origin = 'result'::text))),
    CONSTRAINT material_content_hash_check CHECK ((length(content_hash) = 64)),
    CONSTRAINT material_identity_check CHECK ((length(identity) = 64)),
    CONSTRAINT material_origin_check CHECK ((origin = ANY (ARRAY['source'::text, 'reference'::text, 'result'::text]))),
    CONSTRAINT material_path_check CHECK ((length(path) > 0)),
    CONSTRAINT material_position_check CHECK (("position" >= 1)),
    CONSTRAINT material_preparation_check CHECK ((preparation ~~ '{%}'::text)),
    CONSTRAINT material_size_check CHECK ((size >= 0))
);
CREATE TABLE hotfolder.meta (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE hotfolder.note (
    job bigint NOT NULL,
    name bytea NOT NULL,
    sha256 text NOT NULL COLLATE pg_catalog."C",
    written bigint DEFAULT 0 NOT NULL,
    CONSTRAINT note_name_check CHECK ((length(name) > 0)),
    CONSTRAINT note_sha256_check CHECK ((length(sha256) = 64)),
    CONSTRAINT note_written_check CHECK ((written = ANY (ARRAY[(0)::bigint, (1)::bigint])))
);
CREATE TABLE hotfolder.reservation (
    output_root bytea NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    job bigint NOT NULL
);
CREATE TABLE hotfolder.result (
    id bigint NOT NULL,
    submit bigint NOT NULL,
    "position" bigint NOT NULL,
    url text COLLATE pg_catalog."C",
    text text COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    spool_file text COLLATE pg_catalog."C",
    size bigint,
    sha256 text COLLATE pg_catalog."C",
    extension text COLLATE pg_catalog."C",
    output_name bytea,
    published_at bigint,
    decision text COLLATE pg_catalog."C",
    decided_by text COLLATE pg_catalog."C",
    decided_at bigint,
    companion text COLLATE pg_catalog."C",
    raw text COLLATE pg_catalog."C",
    raw_extension text COLLATE pg_catalog."C",
    sealed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT result_check CHECK (((decided_by IS NULL) = (decision IS NULL))),
    CONSTRAINT result_check1 CHECK (((decided_at IS NULL) = (decision IS NULL))),
    CONSTRAINT result_check2 CHECK (((raw_extension IS NULL) = (raw IS NULL))),
    CONSTRAINT result_check3 CHECK (((url IS NOT NULL) OR (text IS NOT NULL))),
    CONSTRAINT result_check4 CHECK (((spool_file IS NULL) = (sha256 IS NULL))),
    CONSTRAINT result_check5 CHECK (((published_at IS NULL) OR (output_name IS NOT NULL))),
    CONSTRAINT result_companion_check CHECK ((length(companion) = 64)),
    CONSTRAINT result_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text, 'redo'::text]))),
    CONSTRAINT result_position_check CHECK (("position" >= 1)),
    CONSTRAINT result_raw_check CHECK ((length(raw) = 64)),
    CONSTRAINT result_sealed_check CHECK ((sealed = ANY (ARRAY[(0)::bigint, (1)::bigint])))
);
ALTER TABLE hotfolder.result ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.result_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.seat (
    place text NOT NULL COLLATE pg_catalog."C",
    machine text NOT NULL COLLATE pg_catalog."C",
    epoch bigint NOT NULL,
    beats bigint NOT NULL,
    until timestamp with time zone NOT NULL
);
ALTER TABLE hotfolder.source ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.submit (
    id bigint NOT NULL,
    job bigint NOT NULL,
    number bigint NOT NULL,
    token text NOT NULL COLLATE pg_catalog."C",
    site text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL COLLATE pg_catalog."C",
    intent_at bigint NOT NULL,
    answered_at bigint,
    task_id text COLLATE pg_catalog."C",
    outcome text COLLATE pg_catalog."C",
    links_expired bigint DEFAULT 0 NOT NULL,
    charge text COLLATE pg_catalog."C",
    currency text COLLATE pg_catalog."C",
    price_key text COLLATE pg_catalog."C",
    mark text COLLATE pg_catalog."C",
    called bigint DEFAULT 0 NOT NULL,
    place text DEFAULT COALESCE(current_setting('hotfolder.place'::text, true), ''::text) NOT NULL COLLATE pg_catalog."C",
    epoch bigint DEFAULT (COALESCE(current_setting('hotfolder.epoch'::text, true), '0'::text))::bigint NOT NULL,
    CONSTRAINT submit_called_check CHECK ((called = ANY (ARRAY[(0)::bigint, (1)::bigint]))),
    CONSTRAINT submit_number_check CHECK ((number >= 1)),
    CONSTRAINT submit_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'deferred'::text, 'refused'::text, 'unanswered'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'no_results'::text, 'lost'::text, 'resent'::text]))),
    CONSTRAINT submit_payload_check CHECK ((payload ~~ '{%}'::text))
);
CREATE VIEW hotfolder.standing AS
 SELECT source.id AS source,
        CASE GREATEST(
            CASE
                WHEN ((source.backlog = 'held'::text) AND (source.inode <> ''::text)) THEN 5
                WHEN ((source.verdict = 'skipped'::text) AND (source.inode <> ''::text)) THEN 1
                ELSE 0
            END, COALESCE(( SELECT max(
                    CASE
                        WHEN ((job.state = 'failed'::text) AND (source.inode = ''::text) AND (NOT (EXISTS ( SELECT 1
                           FROM hotfolder.submit
                          WHERE (submit.job = job.id))))) THEN 0
                        WHEN (job.state = 'failed'::text) THEN 6
                        WHEN (job.state = 'in_doubt'::text) THEN 5
                        WHEN ((job.ended_at IS NULL) AND (job.waits_for IS NOT NULL) AND (job.waits_for <> 'leader'::text)) THEN 5
                        WHEN (job.state = ANY (ARRAY['accepted'::text, 'uploaded'::text])) THEN 3
                        WHEN (job.ended_at IS NULL) THEN 4
                        WHEN (job.state = 'done'::text) THEN 2
                        WHEN (job.error_code = 'source_gone'::text) THEN 0
                        ELSE 1
                    END) AS max
               FROM (hotfolder.material
                 JOIN hotfolder.job ON ((job.id = material.job)))
              WHERE ((material.source = source.id) AND ((job.ended_at IS NULL) OR ((material.identity = COALESCE(source.identity, material.identity)) AND (NOT (EXISTS ( SELECT 1
                       FROM hotfolder.job newer
                      WHERE ((newer.slot <> 1) AND (newer.watch = job.watch) AND (newer.key = job.key) AND (newer.slot = job.slot) AND (newer.rule = job.rule) AND (newer.id > job.id))))) AND ((job.slot <> 1) OR (NOT (EXISTS ( SELECT 1
                       FROM (hotfolder.material other
                         JOIN hotfolder.job newer ON ((newer.id = other.job)))
                      WHERE ((other.source = source.id) AND (newer.rule = job.rule) AND (newer.slot = job.slot) AND (newer.id > job.id)))))))))), 0), COALESCE(( SELECT max(
                    CASE
                        WHEN (job.state = 'failed'::text) THEN 6
                        WHEN (job.state = 'in_doubt'::text) THEN 5
                        WHEN ((job.ended_at IS NULL) AND (job.waits_for IS NOT NULL) AND (job.waits_for <> 'leader'::text)) THEN 5
                        WHEN (job.state = ANY (ARRAY['accepted'::text, 'uploaded'::text])) THEN 3
                        WHEN (job.ended_at IS NULL) THEN 4
                        ELSE 2
                    END) AS max
               FROM (hotfolder.material
                 JOIN hotfolder.job ON ((job.root = material.job)))
              WHERE ((material.source = source.id) AND ((job.ended_at IS NULL) OR ((material.identity = COALESCE(source.identity, material.identity)) AND (NOT (EXISTS ( SELECT 1
                       FROM hotfolder.job newer
                      WHERE ((newer.root = job.root) AND (newer.digest = job.digest) AND (newer.id > job.id))))) AND (NOT (EXISTS ( SELECT 1
                       FROM (hotfolder.material other
                         JOIN hotfolder.job newer ON ((newer.id = other.job)))
                      WHERE ((other.source = source.id) AND (newer.rule = job.rule) AND (newer.slot = job.slot) AND (newer.id > job.root))))))))), 0))
            WHEN 6 THEN 'failed'::text
            WHEN 5 THEN 'waiting'::text
            WHEN 4 THEN 'under_way'::text
            WHEN 3 THEN 'queued'::text
            WHEN 2 THEN 'done'::text
            WHEN 1 THEN 'skipped'::text
            ELSE NULL::text
        END AS counted_as
   FROM hotfolder.source;
ALTER TABLE hotfolder.submit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.submit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hotfolder.tally (
    watch bigint NOT NULL,
    counted_as text NOT NULL COLLATE pg_catalog."C",
    files bigint NOT NULL
);
CREATE TABLE hotfolder.upload (
    content_hash text NOT NULL COLLATE pg_catalog."C",
    site text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL COLLATE pg_catalog."C",
    file_name text NOT NULL COLLATE pg_catalog."C",
    expires_at bigint NOT NULL
);
CREATE TABLE hotfolder.waiting_set (
    watch bigint NOT NULL,
    key bytea NOT NULL,
    rule text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    reported bigint DEFAULT 0 NOT NULL,
    CONSTRAINT waiting_set_key_check CHECK ((length(key) > 0)),
    CONSTRAINT waiting_set_reported_check CHECK ((reported = ANY (ARRAY[(0)::bigint, (1)::bigint])))
);
ALTER TABLE hotfolder.watch ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME hotfolder.watch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO hotfolder.daemon VALUES (1, 'fb76842731b1bdaeb13938d026fa0818 house', 1, '0.1.0', 'run', NULL, 1777636800000, 1777636800000, NULL, NULL);
INSERT INTO hotfolder.essence VALUES (1, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
INSERT INTO hotfolder.event VALUES (1, 1, 1777636800000, 'Accepted', NULL, 'accepted', '{}');
INSERT INTO hotfolder.event VALUES (2, 1, 1777636800000, 'Uploaded', 'accepted', 'uploaded', '{"prepared": ""}');
INSERT INTO hotfolder.event VALUES (3, 1, 1777636800000, 'SubmitIntended', 'uploaded', 'submitting', '{"site": "https://service.test", "estimate": null, "currency": null}');
INSERT INTO hotfolder.event VALUES (4, 1, 1777636800000, 'Submitted', 'submitting', 'running', '{"task_id": "1000000000000000002", "query_at": "2026-05-01 12:00:00+00:00"}');
INSERT INTO hotfolder.event VALUES (5, 1, 1777636800000, 'RemoteSucceeded', 'running', 'finished', '{"charge": {"money": "0.14", "currency": "CNY", "coins": null, "unreadable": ""}}');
INSERT INTO hotfolder.event VALUES (6, 1, 1777636800000, 'Fetched', 'finished', 'fetched', '{"finished": ""}');
INSERT INTO hotfolder.event VALUES (7, 1, 1777636800000, 'Published', 'fetched', 'done', '{}');
INSERT INTO hotfolder.event VALUES (8, 2, 1777636800000, 'Accepted', NULL, 'accepted', '{}');
INSERT INTO hotfolder.event VALUES (9, 2, 1777636800000, 'Uploaded', 'accepted', 'uploaded', '{"prepared": ""}');
INSERT INTO hotfolder.event VALUES (10, 2, 1777636800000, 'SubmitIntended', 'uploaded', 'submitting', '{"site": "https://service.test", "estimate": null, "currency": null}');
INSERT INTO hotfolder.event VALUES (11, 2, 1777636800000, 'Submitted', 'submitting', 'running', '{"task_id": "1000000000000000004", "query_at": "2026-05-01 12:00:00+00:00"}');
INSERT INTO hotfolder.event VALUES (12, 3, 1777636800000, 'Accepted', NULL, 'accepted', '{}');
INSERT INTO hotfolder.event VALUES (13, 3, 1777636800000, 'Uploaded', 'accepted', 'uploaded', '{"prepared": ""}');
INSERT INTO hotfolder.event VALUES (14, 3, 1777636800000, 'SubmitIntended', 'uploaded', 'submitting', '{"site": "https://service.test", "estimate": null, "currency": null}');
INSERT INTO hotfolder.event VALUES (15, 3, 1777636800000, 'SubmitUnanswered', 'submitting', 'in_doubt', '{"reason": "reset"}');
INSERT INTO hotfolder.event VALUES (16, 4, 1777636800000, 'Accepted', NULL, 'accepted', '{}');
INSERT INTO hotfolder.event VALUES (17, 5, 1777636800000, 'Accepted', NULL, 'accepted', '{}');
INSERT INTO hotfolder.event VALUES (18, 5, 1777636800000, 'Uploaded', 'accepted', 'uploaded', '{"prepared": ""}');
INSERT INTO hotfolder.event VALUES (19, 5, 1777636800000, 'SubmitIntended', 'uploaded', 'submitting', '{"site": "https://service.test", "estimate": null, "currency": null}');
INSERT INTO hotfolder.event VALUES (20, 5, 1777636800000, 'Submitted', 'submitting', 'running', '{"task_id": "1000000000000000007", "query_at": "2026-05-01 12:00:00+00:00"}');
INSERT INTO hotfolder.event VALUES (21, 5, 1777636800000, 'RemoteSucceeded', 'running', 'finished', '{"charge": {"money": "0.14", "currency": "CNY", "coins": null, "unreadable": ""}}');
INSERT INTO hotfolder.event VALUES (22, 5, 1777636800000, 'Fetched', 'finished', 'fetched', '{"finished": ""}');
INSERT INTO hotfolder.heard VALUES (1, 1, 1777636800000, 'success', NULL, NULL);
INSERT INTO hotfolder.heard VALUES (2, 1, 1777636800000, 'charge', '0.14', 'CNY');
INSERT INTO hotfolder.heard VALUES (3, 4, 1777636800000, 'success', NULL, NULL);
INSERT INTO hotfolder.heard VALUES (4, 4, 1777636800000, 'charge', '0.14', 'CNY');
INSERT INTO hotfolder.job VALUES (2, 1, '\x626f622e6a7067', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'default', 1, 2, 'running', 1777636800000, NULL, 0, '{"drawn": {}, "finish": {"format": "keep", "gps": true, "keep_raw": false, "label": "metadata", "label_corner": "bottom-right", "label_size": 0.05, "label_text": "AI", "metadata": "none", "prompt": false, "size": "model"}, "line": null, "model": "m", "params": {}, "prompt": "make it gold", "publish": false, "review": false, "rule": "default", "stem": "bob", "then": [], "variant": null}', NULL, NULL, 0, '\x2f73747564696f2f6f7574', '\x', '\x626f62', '0.14', 'CNY', NULL, NULL, NULL, 1777636800000, NULL, 0, NULL, '\x626f622e6a7067', NULL, NULL, 0, NULL);
INSERT INTO hotfolder.job VALUES (1, 1, '\x616e6e2e6a7067', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'default', 1, 1, 'done', NULL, NULL, 0, '{"drawn": {}, "finish": {"format": "keep", "gps": true, "keep_raw": false, "label": "metadata", "label_corner": "bottom-right", "label_size": 0.05, "label_text": "AI", "metadata": "none", "prompt": false, "size": "model"}, "line": null, "model": "m", "params": {}, "prompt": "make it gold", "publish": false, "review": false, "rule": "default", "stem": "ann", "then": [], "variant": null}', NULL, NULL, 0, '\x2f73747564696f2f6f7574', '\x', '\x616e6e', '0.14', 'CNY', NULL, NULL, NULL, 1777636800000, 1777636800000, 0, NULL, '\x616e6e2e6a7067', NULL, NULL, 0, NULL);
INSERT INTO hotfolder.job VALUES (3, 1, '\x6369642e6a7067', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'default', 1, 3, 'in_doubt', NULL, 'person', 0, '{"drawn": {}, "finish": {"format": "keep", "gps": true, "keep_raw": false, "label": "metadata", "label_corner": "bottom-right", "label_size": 0.05, "label_text": "AI", "metadata": "none", "prompt": false, "size": "model"}, "line": null, "model": "m", "params": {}, "prompt": "make it gold", "publish": false, "review": false, "rule": "default", "stem": "cid", "then": [], "variant": null}', NULL, NULL, 0, '\x2f73747564696f2f6f7574', '\x', '\x636964', '0.14', 'CNY', 'in_doubt', 'The edit was sent but no answer came: it may have been accepted and charged.', 'Look for it in the service''s account pages. If it is there, its number settles it: `hotfolder resolve JOB --task-id ID`. If not, `hotfolder resolve JOB --resend` sends it again and `hotfolder resolve JOB --abandon` gives it up. Only limits.resend_up_to has it sent again by itself.', 1777636800000, NULL, 0, NULL, '\x6369642e6a7067', NULL, NULL, 0, NULL);
INSERT INTO hotfolder.job VALUES (4, 2, '\x64616e2e6a7067', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'default', 1, 4, 'accepted', 1777636800000, NULL, 0, '{"drawn": {}, "finish": {"format": "keep", "gps": true, "keep_raw": false, "label": "metadata", "label_corner": "bottom-right", "label_size": 0.05, "label_text": "AI", "metadata": "none", "prompt": false, "size": "model"}, "line": null, "model": "m", "params": {}, "prompt": "make it gold", "publish": false, "review": false, "rule": "default", "stem": "dan", "then": [], "variant": null}', NULL, NULL, 0, '\x2f73747564696f2f6f7574', '\x', '\x64616e', '0.14', 'CNY', NULL, NULL, NULL, 1777636800000, NULL, 0, NULL, '\x64616e2e6a7067', NULL, NULL, 0, NULL);
INSERT INTO hotfolder.job VALUES (5, 1, '\x6576652e6a7067', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 1, 'default', 1, 5, 'fetched', 1777636800000, NULL, 0, '{"drawn": {}, "finish": {"format": "keep", "gps": true, "keep_raw": false, "label": "metadata", "label_corner": "bottom-right", "label_size": 0.05, "label_text": "AI", "metadata": "none", "prompt": false, "size": "model"}, "line": null, "model": "m", "params": {}, "prompt": "make it gold", "publish": false, "review": false, "rule": "default", "stem": "eve", "then": [], "variant": null}', NULL, NULL, 0, '\x2f73747564696f2f6f7574', '\x', '\x657665', '0.14', 'CNY', NULL, NULL, NULL, 1777636800000, NULL, 0, NULL, '\x6576652e6a7067', NULL, NULL, 0, NULL);
INSERT INTO hotfolder.lease VALUES ('one', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 'house', 'same', false, '-infinity');
INSERT INTO hotfolder.lease VALUES ('two', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 'house', 'same', false, '-infinity');
INSERT INTO hotfolder.material VALUES (1, 1, 'image', 'source', 1, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 5, NULL);
INSERT INTO hotfolder.material VALUES (2, 1, 'image', 'source', 2, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 5, NULL);
INSERT INTO hotfolder.material VALUES (3, 1, 'image', 'source', 3, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 5, NULL);
INSERT INTO hotfolder.material VALUES (4, 1, 'image', 'source', 4, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 5, NULL);
INSERT INTO hotfolder.material VALUES (5, 1, 'image', 'source', 5, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 5, NULL);
INSERT INTO hotfolder.meta VALUES ('schema_version', '33');
INSERT INTO hotfolder.meta VALUES ('clock', '1 1777636800000');
INSERT INTO hotfolder.reservation VALUES ('\x2f73747564696f2f6f7574', 'ann', 1);
INSERT INTO hotfolder.reservation VALUES ('\x2f73747564696f2f6f7574', 'bob', 2);
INSERT INTO hotfolder.reservation VALUES ('\x2f73747564696f2f6f7574', 'cid', 3);
INSERT INTO hotfolder.reservation VALUES ('\x2f73747564696f2f6f7574', 'dan', 4);
INSERT INTO hotfolder.reservation VALUES ('\x2f73747564696f2f6f7574', 'eve', 5);
INSERT INTO hotfolder.result VALUES (1, 1, 1, 'https://link.test/signed?secret=1&n=1', NULL, 'jpg', '1-1', 3, '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b', 'jpg', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO hotfolder.result VALUES (2, 4, 1, 'https://link.test/signed?secret=1&n=1', NULL, 'jpg', '1-1', 3, '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b', 'jpg', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO hotfolder.seat VALUES ('fb76842731b1bdaeb13938d026fa0818 house', 'house', 1, 1, '-infinity');
INSERT INTO hotfolder.source VALUES (1, 1, '\x616e6e2e6a7067', 5, '1', '9223372036854775809', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'job', NULL, 1777636800000, '', NULL, NULL, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'done');
INSERT INTO hotfolder.source VALUES (2, 1, '\x626f622e6a7067', 5, '1', '9223372036854775809', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'job', NULL, 1777636800000, '', NULL, NULL, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'under_way');
INSERT INTO hotfolder.source VALUES (3, 1, '\x6369642e6a7067', 5, '1', '9223372036854775809', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'job', NULL, 1777636800000, '', NULL, NULL, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'waiting');
INSERT INTO hotfolder.source VALUES (4, 2, '\x64616e2e6a7067', 5, '1', '9223372036854775809', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'job', NULL, 1777636800000, '', NULL, NULL, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'queued');
INSERT INTO hotfolder.source VALUES (5, 1, '\x6576652e6a7067', 5, '1', '9223372036854775809', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'job', NULL, 1777636800000, '', NULL, NULL, NULL, NULL, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'under_way');
INSERT INTO hotfolder.submit VALUES (1, 1, 1, 'token-nobody-may-read-1', 'https://service.test', '{"image": "https://link.test/signed?secret=1"}', 1777636800000, 1777636800000, '1000000000000000002', 'succeeded', 0, '0.14', 'CNY', NULL, '1b651a3e550b1d112fc1ec11e9efadae', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 1);
INSERT INTO hotfolder.submit VALUES (2, 2, 1, 'token-nobody-may-read-3', 'https://service.test', '{"image": "https://link.test/signed?secret=1"}', 1777636800000, 1777636800000, '1000000000000000004', 'accepted', 0, NULL, NULL, NULL, '296075154091a4fa389b52250b289b1b', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 1);
INSERT INTO hotfolder.submit VALUES (3, 3, 1, 'token-nobody-may-read-5', 'https://service.test', '{"image": "https://link.test/signed?secret=1"}', 1777636800000, 1777636800000, NULL, 'unanswered', 0, NULL, NULL, NULL, '7d9dd3f6be5e7a9f691fff7489da9faf', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 1);
INSERT INTO hotfolder.submit VALUES (4, 5, 1, 'token-nobody-may-read-6', 'https://service.test', '{"image": "https://link.test/signed?secret=1"}', 1777636800000, 1777636800000, '1000000000000000007', 'succeeded', 0, '0.14', 'CNY', NULL, '6b8d6690fd7400c7d5a9d88a00dc798a', 0, 'fb76842731b1bdaeb13938d026fa0818 house', 1);
INSERT INTO hotfolder.tally VALUES (1, 'done', 1);
INSERT INTO hotfolder.tally VALUES (1, 'waiting', 1);
INSERT INTO hotfolder.tally VALUES (2, 'queued', 1);
INSERT INTO hotfolder.tally VALUES (1, 'queued', 0);
INSERT INTO hotfolder.tally VALUES (1, 'under_way', 2);
INSERT INTO hotfolder.upload VALUES ('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'https://service.test', 'https://link.test/signed?secret=1', 'f', 1777640400000);
INSERT INTO hotfolder.watch VALUES (1, 'one', '\x2f73747564696f2f6f6e65', NULL, '\x2f73747564696f2f6f7574', 0, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO hotfolder.watch VALUES (2, 'two', '\x2f73747564696f2f74776f', NULL, '\x2f73747564696f2f6f7574', 0, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT pg_catalog.setval('hotfolder.epoch', 1, true);
SELECT pg_catalog.setval('hotfolder.essence_id_seq', 5, true);
SELECT pg_catalog.setval('hotfolder.event_id_seq', 22, true);
SELECT pg_catalog.setval('hotfolder.heard_id_seq', 4, true);
SELECT pg_catalog.setval('hotfolder.job_id_seq', 5, true);
SELECT pg_catalog.setval('hotfolder.result_id_seq', 2, true);
SELECT pg_catalog.setval('hotfolder.source_id_seq', 5, true);
SELECT pg_catalog.setval('hotfolder.submit_id_seq', 4, true);
SELECT pg_catalog.setval('hotfolder.watch_id_seq', 2, true);
ALTER TABLE ONLY hotfolder.aside
    ADD CONSTRAINT aside_pkey PRIMARY KEY (watch, path);
ALTER TABLE ONLY hotfolder.callback
    ADD CONSTRAINT callback_pkey PRIMARY KEY (submit, task_id);
ALTER TABLE ONLY hotfolder.daemon
    ADD CONSTRAINT daemon_pkey PRIMARY KEY (place);
ALTER TABLE ONLY hotfolder.essence
    ADD CONSTRAINT essence_content_hash_version_key UNIQUE (content_hash, version);
ALTER TABLE ONLY hotfolder.essence
    ADD CONSTRAINT essence_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.folder_note
    ADD CONSTRAINT folder_note_pkey PRIMARY KEY (watch, output_root, folder);
ALTER TABLE ONLY hotfolder.heard
    ADD CONSTRAINT heard_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (scope, code);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (watch);
ALTER TABLE ONLY hotfolder.material
    ADD CONSTRAINT material_pkey PRIMARY KEY (job, "position");
ALTER TABLE ONLY hotfolder.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (key);
ALTER TABLE ONLY hotfolder.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (job);
ALTER TABLE ONLY hotfolder.reservation
    ADD CONSTRAINT reservation_pkey PRIMARY KEY (output_root, name_key);
ALTER TABLE ONLY hotfolder.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.result
    ADD CONSTRAINT result_submit_position_key UNIQUE (submit, "position");
ALTER TABLE ONLY hotfolder.seat
    ADD CONSTRAINT seat_epoch_key UNIQUE (epoch);
ALTER TABLE ONLY hotfolder.seat
    ADD CONSTRAINT seat_pkey PRIMARY KEY (place);
ALTER TABLE ONLY hotfolder.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.source
    ADD CONSTRAINT source_watch_path_key UNIQUE (watch, path);
ALTER TABLE ONLY hotfolder.submit
    ADD CONSTRAINT submit_job_number_key UNIQUE (job, number);
ALTER TABLE ONLY hotfolder.submit
    ADD CONSTRAINT submit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hotfolder.submit
    ADD CONSTRAINT submit_task_id_key UNIQUE (task_id);
ALTER TABLE ONLY hotfolder.submit
    ADD CONSTRAINT submit_token_key UNIQUE (token);
ALTER TABLE ONLY hotfolder.tally
    ADD CONSTRAINT tally_pkey PRIMARY KEY (watch, counted_as);
ALTER TABLE ONLY hotfolder.upload
    ADD CONSTRAINT upload_pkey PRIMARY KEY (content_hash, site);
ALTER TABLE ONLY hotfolder.waiting_set
    ADD CONSTRAINT waiting_set_pkey PRIMARY KEY (watch, key, rule);
ALTER TABLE ONLY hotfolder.watch
    ADD CONSTRAINT watch_name_key UNIQUE (name);
ALTER TABLE ONLY hotfolder.watch
    ADD CONSTRAINT watch_pkey PRIMARY KEY (id);
CREATE INDEX aside_set ON hotfolder.aside USING btree (watch, set_key) WHERE (set_key IS NOT NULL);
CREATE INDEX callback_due ON hotfolder.callback USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX essence_digest ON hotfolder.essence USING btree (digest, version, id);
CREATE INDEX event_job ON hotfolder.event USING btree (job, id);
CREATE INDEX heard_submit ON hotfolder.heard USING btree (submit, what);
CREATE INDEX job_chain ON hotfolder.job USING btree (root, digest) WHERE (root IS NOT NULL);
CREATE INDEX job_due ON hotfolder.job USING btree (state, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX job_failed ON hotfolder.job USING btree (source) WHERE (state = 'failed'::text);
CREATE INDEX job_follows ON hotfolder.job USING btree (leader) WHERE (leader IS NOT NULL);
CREATE UNIQUE INDEX job_follows_once ON hotfolder.job USING btree (parent, step, "position", generation) WHERE (parent IS NOT NULL);
CREATE UNIQUE INDEX job_leads ON hotfolder.job USING btree (work_key) WHERE (leader IS NULL);
CREATE UNIQUE INDEX job_once ON hotfolder.job USING btree (watch, key, digest, slot, rule, generation);
CREATE INDEX job_open ON hotfolder.job USING btree (state) WHERE (ended_at IS NULL);
CREATE INDEX job_slots ON hotfolder.job USING btree (watch, key, slot, rule, id) WHERE (slot <> 1);
CREATE INDEX job_source ON hotfolder.job USING btree (source, digest, rule, generation);
CREATE INDEX job_state ON hotfolder.job USING btree (state, id);
CREATE INDEX job_told ON hotfolder.job USING btree (state, id) WHERE (error_code IS NOT NULL);
CREATE INDEX job_waiting ON hotfolder.job USING btree (waits_for) WHERE (waits_for IS NOT NULL);
CREATE INDEX material_content ON hotfolder.material USING btree (content_hash);
CREATE INDEX material_identity ON hotfolder.material USING btree (identity);
CREATE INDEX material_result ON hotfolder.material USING btree (result) WHERE (result IS NOT NULL);
CREATE INDEX material_source ON hotfolder.material USING btree (source, identity) WHERE (source IS NOT NULL);
CREATE INDEX reservation_job ON hotfolder.reservation USING btree (job);
CREATE INDEX result_published ON hotfolder.result USING btree (published_at, id) WHERE (published_at IS NOT NULL);
CREATE INDEX source_backlog ON hotfolder.source USING btree (watch, size) WHERE (backlog IS NOT NULL);
CREATE INDEX source_here ON hotfolder.source USING btree (watch, id) WHERE (moved_at IS NULL);
CREATE INDEX source_skipped ON hotfolder.source USING btree (watch, path) WHERE (counted_as = 'skipped'::text);
CREATE INDEX submit_charged ON hotfolder.submit USING btree (intent_at, charge) WHERE (charge IS NOT NULL);
CREATE INDEX submit_intent ON hotfolder.submit USING btree (intent_at);
CREATE UNIQUE INDEX submit_mark ON hotfolder.submit USING btree (mark) WHERE (mark IS NOT NULL);
CREATE INDEX submit_price ON hotfolder.submit USING btree (price_key) WHERE (charge IS NOT NULL);
CREATE INDEX submit_uncharged ON hotfolder.submit USING btree (intent_at) WHERE (charge IS NULL);
CREATE TRIGGER aside_is_tallied AFTER INSERT OR DELETE ON hotfolder.aside FOR EACH ROW EXECUTE FUNCTION hotfolder.file_tallies();
CREATE TRIGGER callback_heard AFTER INSERT ON hotfolder.callback FOR EACH ROW EXECUTE FUNCTION hotfolder.tell_others();
CREATE TRIGGER event_is_append_only_delete BEFORE DELETE ON hotfolder.event FOR EACH ROW EXECUTE FUNCTION hotfolder.refuse_of_open_job();
CREATE TRIGGER event_is_append_only_update BEFORE UPDATE ON hotfolder.event FOR EACH ROW EXECUTE FUNCTION hotfolder.refuse('the history is append-only');
CREATE TRIGGER follow_up_is_counted AFTER INSERT ON hotfolder.job FOR EACH ROW WHEN ((new.root IS NOT NULL)) EXECUTE FUNCTION hotfolder.follow_up_counts();
CREATE TRIGGER heard_is_append_only_delete BEFORE DELETE ON hotfolder.heard FOR EACH ROW EXECUTE FUNCTION hotfolder.refuse('what was heard of money is append-only');
CREATE TRIGGER heard_is_append_only_update BEFORE UPDATE OF id, submit, what, amount, currency ON hotfolder.heard FOR EACH ROW EXECUTE FUNCTION hotfolder.refuse('what was heard of money is append-only');
CREATE TRIGGER hold_changed AFTER INSERT OR DELETE OR UPDATE ON hotfolder.hold FOR EACH ROW EXECUTE FUNCTION hotfolder.tell_others();
CREATE TRIGGER job_changed_elsewhere AFTER UPDATE OF state, due_at ON hotfolder.job FOR EACH ROW EXECUTE FUNCTION hotfolder.tell_its_follower();
CREATE TRIGGER job_is_counted_anew AFTER UPDATE OF state, waits_for ON hotfolder.job FOR EACH ROW WHEN ((hotfolder.count_rank(old.state, old.waits_for) <> hotfolder.count_rank(new.state, new.waits_for))) EXECUTE FUNCTION hotfolder.job_counts();
CREATE TRIGGER lease_changed AFTER INSERT OR DELETE OR UPDATE ON hotfolder.lease FOR EACH ROW EXECUTE FUNCTION hotfolder.tell_others();
CREATE TRIGGER material_is_counted AFTER INSERT OR DELETE OR UPDATE OF source, identity ON hotfolder.material FOR EACH ROW EXECUTE FUNCTION hotfolder.material_counts();
CREATE TRIGGER source_is_counted AFTER INSERT OR UPDATE OF path, inode, identity, verdict, backlog ON hotfolder.source FOR EACH ROW EXECUTE FUNCTION hotfolder.source_counts();
CREATE TRIGGER source_is_gone AFTER DELETE ON hotfolder.source FOR EACH ROW EXECUTE FUNCTION hotfolder.file_tallies();
CREATE TRIGGER source_is_tallied AFTER UPDATE OF counted_as ON hotfolder.source FOR EACH ROW WHEN ((old.counted_as IS DISTINCT FROM new.counted_as)) EXECUTE FUNCTION hotfolder.file_tallies();
ALTER TABLE ONLY hotfolder.aside
    ADD CONSTRAINT aside_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
ALTER TABLE ONLY hotfolder.callback
    ADD CONSTRAINT callback_submit_fkey FOREIGN KEY (submit) REFERENCES hotfolder.submit(id);
ALTER TABLE ONLY hotfolder.event
    ADD CONSTRAINT event_job_fkey FOREIGN KEY (job) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.folder_note
    ADD CONSTRAINT folder_note_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
ALTER TABLE ONLY hotfolder.heard
    ADD CONSTRAINT heard_submit_fkey FOREIGN KEY (submit) REFERENCES hotfolder.submit(id);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_leader_fkey FOREIGN KEY (leader) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_parent_fkey FOREIGN KEY (parent) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_root_fkey FOREIGN KEY (root) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_source_fkey FOREIGN KEY (source) REFERENCES hotfolder.source(id);
ALTER TABLE ONLY hotfolder.job
    ADD CONSTRAINT job_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
ALTER TABLE ONLY hotfolder.material
    ADD CONSTRAINT material_job_fkey FOREIGN KEY (job) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.material
    ADD CONSTRAINT material_result_fkey FOREIGN KEY (result) REFERENCES hotfolder.result(id);
ALTER TABLE ONLY hotfolder.material
    ADD CONSTRAINT material_source_fkey FOREIGN KEY (source) REFERENCES hotfolder.source(id);
ALTER TABLE ONLY hotfolder.note
    ADD CONSTRAINT note_job_fkey FOREIGN KEY (job) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.reservation
    ADD CONSTRAINT reservation_job_fkey FOREIGN KEY (job) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.result
    ADD CONSTRAINT result_submit_fkey FOREIGN KEY (submit) REFERENCES hotfolder.submit(id);
ALTER TABLE ONLY hotfolder.source
    ADD CONSTRAINT source_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
ALTER TABLE ONLY hotfolder.submit
    ADD CONSTRAINT submit_job_fkey FOREIGN KEY (job) REFERENCES hotfolder.job(id);
ALTER TABLE ONLY hotfolder.tally
    ADD CONSTRAINT tally_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
ALTER TABLE ONLY hotfolder.waiting_set
    ADD CONSTRAINT waiting_set_watch_fkey FOREIGN KEY (watch) REFERENCES hotfolder.watch(id);
