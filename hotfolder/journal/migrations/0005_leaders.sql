-- One job leads the work of a key; the others follow it and wait for its result.
-- A job that is made anew pays for itself, whatever there is already.

ALTER TABLE job ADD COLUMN anew INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1));

CREATE UNIQUE INDEX job_leads ON job (work_key) WHERE leader IS NULL;

CREATE INDEX job_follows ON job (leader) WHERE leader IS NOT NULL;
