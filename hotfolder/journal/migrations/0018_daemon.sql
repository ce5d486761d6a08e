-- Which daemon ran last: since when, when it was last seen at work, and how it ended. One that has
-- no end, and no longer holds the journal, was killed.

CREATE TABLE daemon (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    command TEXT NOT NULL CHECK (command IN ('run', 'once')),
    unit TEXT,
    since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ended TEXT CHECK (ended IN ('stopped', 'failed'))
) STRICT;
