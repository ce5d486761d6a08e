-- Notes beside missing outputs: which are ours, and what was written.

CREATE TABLE note (
    job INTEGER PRIMARY KEY REFERENCES job (id),
    name BLOB NOT NULL CHECK (length(name) > 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1))
) STRICT;

CREATE INDEX job_failed ON job (source) WHERE state = 'failed';
