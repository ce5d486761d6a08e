-- Since when a watch is online, or is not.
ALTER TABLE watch ADD COLUMN since INTEGER;
