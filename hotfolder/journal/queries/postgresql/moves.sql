-- Sources that moved to another path.

-- name: move_held
-- A source held back or left out stays so at its new path, unless something is known there.
UPDATE source SET path = :new, inode = :inode
WHERE watch = :watch AND path = :old AND backlog IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM source AS known WHERE known.watch = :watch AND known.path = :new
);

-- name: same_image_elsewhere
-- Other places of a watch with jobs of an image that has none at its own place, the very same file
-- first. Those with other bytes count only where the file or its name is the same.
WITH same (hash) AS (
    SELECT :content_hash UNION
    SELECT content_hash FROM essence WHERE digest = :digest AND version = :version
), elsewhere AS (
    SELECT DISTINCT source.id, source.path, source.inode = :inode AS same_file,
        source.path = :name OR substr(
            source.path, length(source.path) - length(:ending) + 1
        ) = :ending AS same_name,
        :content_hash IN (material.content_hash, material.identity) AS same_bytes
    FROM material JOIN source ON source.id = material.source
    WHERE (
            material.content_hash IN (SELECT hash FROM same)
            OR material.identity IN (SELECT hash FROM same)
        )
        AND source.watch = :watch AND source.path <> :path AND source.moved_at IS NULL
)
SELECT path, same_file, same_name FROM elsewhere
WHERE (same_bytes OR same_file OR same_name) AND NOT EXISTS (
    SELECT 1 FROM source AS place JOIN material AS own ON own.source = place.id
    WHERE place.watch = :watch AND place.path = :path AND (
        own.content_hash IN (SELECT hash FROM same) OR own.identity IN (SELECT hash FROM same)
    )
)
GROUP BY id, path, same_file, same_name
ORDER BY same_file DESC, same_name DESC, id DESC LIMIT :limit;
