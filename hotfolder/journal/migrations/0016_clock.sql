-- When something was heard of money goes along with a wall clock that was set; nothing else changes.

DROP TRIGGER heard_is_append_only_update;

CREATE TRIGGER heard_is_append_only_update
BEFORE UPDATE OF id, submit, what, amount, currency ON heard
BEGIN SELECT RAISE (ABORT, 'what was heard of money is append-only'); END;
