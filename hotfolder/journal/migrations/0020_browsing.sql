-- The page shows results and jobs newest first, a part at a time.
CREATE INDEX result_published ON result (published_at, id) WHERE published_at IS NOT NULL;

CREATE INDEX job_state ON job (state, id);
