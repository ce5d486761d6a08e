-- Every scan looks whether the sources of failed jobs are still there.
CREATE INDEX job_failed ON job (source) WHERE state = 'failed';
