-- Whether the service was asked to call back, as a fact of the submit: the journal reads no payload.

ALTER TABLE submit ADD COLUMN called INTEGER NOT NULL DEFAULT 0 CHECK (called IN (0, 1));

UPDATE submit SET called = 1 WHERE payload LIKE '%"webhookUrl":%';
