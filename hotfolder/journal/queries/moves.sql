-- Sources that moved to another path, and originals that are moved away.

-- name: same_image_elsewhere
-- Other places of a watch with jobs of an image that has none at its own place, the very same file
-- first. Those with other bytes count only where the file or its name is the same.
WITH same (hash) AS (
    SELECT :content_hash UNION
    SELECT content_hash FROM essence WHERE digest = :digest AND version = :version
)
SELECT DISTINCT source.path, source.inode = :inode AS same_file,
    source.path = :name OR substr(source.path, -length(:ending)) = :ending AS same_name
FROM material JOIN source ON source.id = material.source
WHERE (
        material.content_hash IN (SELECT hash FROM same)
        OR material.identity IN (SELECT hash FROM same)
    )
    AND source.watch = :watch AND source.path <> :path AND source.moved_at IS NULL
    AND (:content_hash IN (material.content_hash, material.identity) OR same_file OR same_name)
    AND NOT EXISTS (
        SELECT 1 FROM source AS place JOIN material AS own ON own.source = place.id
        WHERE place.watch = :watch AND place.path = :path AND (
            own.content_hash IN (SELECT hash FROM same) OR own.identity IN (SELECT hash FROM same)
        )
    )
ORDER BY same_file DESC, same_name DESC, source.id DESC LIMIT :limit;

-- name: jobs_of_image_at
-- Jobs of what a set shows that send a source.
SELECT DISTINCT job.id FROM material JOIN job ON job.id = material.job
WHERE material.source = :source AND (job.digest = :digest OR (
    material.identity = :digest AND job.plan ->> '$.line' IS NOT NULL
)) ORDER BY job.id;

-- name: sources_of_job
-- Which sources a job sends.
SELECT DISTINCT source FROM material WHERE job = :job AND source IS NOT NULL;

-- name: remember_move
-- One line of the history for a job that goes along with its sources.
INSERT INTO event (job, at, name, from_state, to_state, detail)
SELECT id, :now, 'Moved', state, state, :detail FROM job WHERE id = :job;

-- name: went_to
-- Where the newest job is now that went along from a path.
SELECT source.path FROM event
JOIN job ON job.id = event.job JOIN source ON source.id = job.source
WHERE event.name = 'Moved' AND source.watch = :watch
    AND json_extract(event.detail, '$.moved_from') = :moved_from
ORDER BY event.id DESC LIMIT 1;

-- name: move_set
-- A job, and what follows it, is known by another place.
UPDATE job SET key = :key WHERE id = :job OR root = :job;

-- name: move_first
-- The first source of a job, and of what follows it, is elsewhere.
UPDATE job SET source = :source WHERE (id = :job OR root = :job) AND source = :old;

-- name: move_material
-- What a job, or one that follows it, sends is there now.
UPDATE material SET source = :source
WHERE source = :old AND job IN (SELECT id FROM job WHERE id = :job OR root = :job);

-- name: originals_to_move
-- Sources in their place whose newest jobs with the present image are all done, none with a rejected
-- result, and that have no open job; nor is there one that follows these, or failed.
SELECT source.id, source.path, source.content_hash
FROM source JOIN watch ON watch.id = source.watch
WHERE watch.name = :watch AND source.moved_at IS NULL AND source.id > :after
    AND source.backlog IS NULL
AND EXISTS (
    SELECT 1 FROM material WHERE material.source = source.id AND material.identity = source.identity
) AND NOT EXISTS (
    SELECT 1 FROM material JOIN job ON job.id = material.job
    WHERE material.source = source.id AND job.step = 0 AND (
        job.ended_at IS NULL
        OR (material.identity = source.identity AND (job.state <> 'done' OR EXISTS (
            SELECT 1 FROM submit JOIN result ON result.submit = submit.id
            WHERE submit.job = job.id AND result.decision IN ('rejected', 'redo')
        )) AND NOT EXISTS (
            SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
            WHERE other.source = source.id AND other.identity = source.identity
            AND newer.rule = job.rule AND newer.slot = job.slot AND newer.id > job.id))
    )
) AND NOT EXISTS (
    SELECT 1 FROM material JOIN job ON job.root = material.job WHERE material.source = source.id AND (
        job.ended_at IS NULL
        OR (material.identity = source.identity AND (job.state = 'failed' OR EXISTS (
            SELECT 1 FROM submit JOIN result ON result.submit = submit.id
            WHERE submit.job = job.id AND result.decision IN ('rejected', 'redo')
        )) AND NOT EXISTS (
            SELECT 1 FROM job AS newer
            WHERE newer.root = job.root AND newer.digest = job.digest AND newer.id > job.id
        ) AND NOT EXISTS (
            SELECT 1 FROM material AS other JOIN job AS newer ON newer.id = other.job
            WHERE other.source = source.id AND other.identity = source.identity
            AND newer.rule = job.rule AND newer.slot = job.slot AND newer.id > job.root))
    )
) ORDER BY source.id LIMIT :limit;

-- name: note_moved
-- An original is away: it was moved, or someone took it.
UPDATE source SET moved_at = :now, moved_to = :moved_to, reason = NULL
WHERE id = :source AND content_hash = :content_hash;

-- name: moved_original
-- Where the original of a job is since it was moved away.
SELECT source.moved_to FROM job JOIN source ON source.id = job.source
WHERE job.id = :job AND source.moved_to IS NOT NULL;

-- name: note_not_moved
-- Why an original could not be moved.
UPDATE source SET reason = :reason WHERE id = :source AND coalesce(reason, '') <> :reason;
