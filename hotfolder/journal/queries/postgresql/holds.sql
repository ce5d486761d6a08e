-- The holds that may be let go by whoever asks.

-- name: holds_to_let_go
-- Those of the watches that are followed from here, whose budgets nobody else knows. That of the
-- account is everybody's: it holds for a minute, so that where their limits differ, the one that
-- lets it go and the one that holds again do not do so all the time.
SELECT scope, needs FROM hold
WHERE code = :code AND CASE WHEN scope = 'account' THEN since NOT BETWEEN :now - 60000 AND :now
    ELSE EXISTS (
        SELECT 1 FROM watch JOIN followed ON followed.id = watch.id
        WHERE hold.scope = 'watch:' || watch.name
            OR starts_with(hold.scope, 'rule:' || watch.name || '/')
    ) END;
