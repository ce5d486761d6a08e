-- All that a job sends are rows: its sources, and the references that its plan had.

CREATE TABLE older_material AS
SELECT job.id AS job, 1 AS position, coalesce(material.parameter, '') AS parameter,
    'source' AS origin, job.source, NULL AS path, job.content_hash, job.identity,
    coalesce(material.size, source.size) AS size,
    json_extract(job.plan, '$.preparation') AS preparation
FROM job JOIN source ON source.id = job.source
LEFT JOIN material ON material.job = job.id AND material.position = 1
UNION ALL
SELECT job.id, each.value ->> '$.position', each.value ->> '$.parameter', 'reference', NULL,
    CAST(each.value ->> '$.path' AS BLOB), each.value ->> '$.content_hash',
    each.value ->> '$.content_hash', each.value ->> '$.size',
    json_extract(each.value, '$.preparation')
FROM job JOIN json_each(job.plan, '$.references') AS each;

-- Where a job's source was when it was accepted: its outputs are named by that.
ALTER TABLE job ADD COLUMN named_after BLOB NOT NULL DEFAULT x'';
UPDATE job SET
    named_after = coalesce(
        (SELECT path FROM material WHERE material.job = job.id AND position = 1),
        (SELECT path FROM source WHERE source.id = job.source)
    ),
    plan = json_remove(plan, '$.preparation', '$.references');

DROP TABLE material;

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

INSERT INTO material (
    job, position, parameter, origin, source, path, content_hash, identity, size, preparation
) SELECT * FROM older_material;

DROP TABLE older_material;

CREATE INDEX material_source ON material (source, identity) WHERE source IS NOT NULL;
CREATE INDEX material_content ON material (content_hash);
CREATE INDEX material_identity ON material (identity);
