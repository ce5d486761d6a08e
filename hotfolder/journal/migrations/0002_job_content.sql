-- A content at a new path is looked for among all jobs of its watch.
CREATE INDEX job_content ON job (content_hash);
