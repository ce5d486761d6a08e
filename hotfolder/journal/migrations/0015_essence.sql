-- What is new about a picture is its image. content_hash is of the bytes that were last read;
-- identity is the first content_hash that this image had: what was accepted before keeps its own.
ALTER TABLE source ADD COLUMN identity TEXT;
ALTER TABLE job ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE material ADD COLUMN identity TEXT NOT NULL DEFAULT '';

UPDATE source SET identity = content_hash;
UPDATE job SET identity = content_hash;
UPDATE material SET identity = content_hash;

CREATE UNIQUE INDEX job_once ON job (source, identity, rule, generation);
CREATE INDEX job_identity ON job (identity);

-- The essence of each content, by a version of what an essence is; the first of an essence first.
CREATE TABLE essence (
    id INTEGER PRIMARY KEY,
    content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),
    version INTEGER NOT NULL CHECK (version >= 1),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    UNIQUE (content_hash, version)
) STRICT;

CREATE INDEX essence_digest ON essence (digest, version, id);
