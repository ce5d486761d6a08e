-- The price at which the owner released a job that is dearer than the rules of its watch allow.
ALTER TABLE job ADD COLUMN allowed TEXT;
