-- What jobs send.

-- name: materials
-- What a job sends, with the essence of a reference as far as it is known. Of a result it is the
-- file as the service made it.
SELECT material.position, material.parameter, material.origin,
    coalesce(material.path, source.path,
        convert_to(
            result.spool_file || CASE WHEN result.raw IS NULL THEN '' ELSE '-raw' END, 'UTF8'), '') AS path,
    material.content_hash, material.identity, material.size, material.preparation,
    material.result, essence.digest
FROM material LEFT JOIN source ON source.id = material.source
LEFT JOIN result ON result.id = material.result
LEFT JOIN essence ON material.origin = 'reference' AND essence.version = :version
    AND essence.content_hash = material.content_hash
WHERE material.job = :job ORDER BY material.position;
