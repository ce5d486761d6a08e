-- What callbacks of the service say; due_at NULL: nothing more is to be done about it.

CREATE TABLE callback (
    submit INTEGER NOT NULL REFERENCES submit (id),
    task_id TEXT NOT NULL CHECK (length(task_id) > 0),
    heard_at INTEGER NOT NULL,
    due_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submit, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX callback_due ON callback (due_at) WHERE due_at IS NOT NULL;
