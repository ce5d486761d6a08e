-- A result that is signed or labelled for its own source may be no other's.

ALTER TABLE result ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
