-- What is the same picture: essences of contents, and by which hash a place knows an image.

-- name: essence_of
-- The essence of a content.
SELECT digest FROM essence WHERE content_hash = :content_hash AND version = :version;

-- name: put_essence
-- A content's essence, which never changes.
INSERT INTO essence (content_hash, version, digest)
VALUES (:content_hash, :version, :digest)
ON CONFLICT (content_hash, version) DO NOTHING;

-- name: identity_at
-- By which hash an image is known at a path: that of what a job sends with the same bytes, else
-- with the same essence.
SELECT material.identity,
    :content_hash IN (material.content_hash, material.identity) AS same_bytes
FROM source JOIN material ON material.source = source.id
WHERE source.watch = :watch AND source.path = :path AND (
    :content_hash IN (material.content_hash, material.identity) OR EXISTS (
        SELECT 1 FROM essence WHERE digest = :digest AND version = :version
        AND content_hash IN (material.content_hash, material.identity)
    )
) ORDER BY same_bytes DESC, material.job DESC LIMIT 1;

-- name: first_of_essence
-- The first content that had an essence.
SELECT content_hash FROM essence WHERE digest = :digest AND version = :version
ORDER BY id LIMIT 1;

-- name: reference_by_bytes
-- By which hash a reference with the same bytes is known.
SELECT identity FROM material WHERE content_hash = :content_hash AND origin = 'reference' LIMIT 1;

-- name: reference_by_essence
-- By which hash a reference with the same essence is known.
SELECT material.identity FROM essence JOIN material ON material.content_hash = essence.content_hash
WHERE essence.digest = :digest AND essence.version = :version AND material.origin = 'reference'
ORDER BY essence.id LIMIT 1;

-- name: references_lacking
-- References of a watch's jobs whose bytes have no essence yet.
SELECT DISTINCT material.path, material.content_hash FROM material JOIN job ON job.id = material.job
WHERE material.origin = 'reference' AND job.watch = :watch AND NOT EXISTS (
    SELECT 1 FROM essence
    WHERE essence.content_hash = material.content_hash AND version = :version
);

-- name: paid_unknown
-- Whether what stood at a path was sent, and nobody knows its essence.
SELECT 1 FROM source
JOIN material ON material.source = source.id AND material.identity = source.identity
WHERE source.watch = :watch AND source.path = :path
    AND EXISTS (SELECT 1 FROM submit WHERE submit.job = material.job)
    AND NOT EXISTS (
        SELECT 1 FROM essence WHERE version = :version
        AND content_hash IN (material.content_hash, material.identity)
    )
LIMIT 1;

-- name: set_bytes
-- The image of a source has other bytes now: they are what is sent from here on.
UPDATE material SET content_hash = :content_hash, size = :size
WHERE source = :source AND identity = :identity AND content_hash <> :content_hash;

-- name: last_source
-- How far the sources are numbered.
SELECT max(id) AS id FROM source;

-- name: essences_lacking
-- Sources of a portion whose bytes stand where they were and have no essence yet.
SELECT id, path, content_hash FROM source
WHERE watch = :watch AND id > :after AND id <= :upto AND moved_at IS NULL
    AND content_hash IS NOT NULL AND backlog IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM essence
        WHERE essence.content_hash = source.content_hash AND version = :version
    )
ORDER BY id;

-- name: held_lacking
-- Sources held back or left out of which nothing is known but their name and size.
SELECT id, path FROM source
WHERE watch = :watch AND backlog IS NOT NULL AND content_hash IS NULL AND id > :after
ORDER BY id LIMIT :limit;

-- name: know_held
-- The content of a source held back or left out, as long as it is the file that was seen.
UPDATE source SET content_hash = :content_hash
WHERE id = :source AND backlog IS NOT NULL AND content_hash IS NULL AND size = :size;
