-- What stood beside a source when it was accepted: its sidecar and the nearest folder file.
ALTER TABLE source ADD COLUMN beside TEXT NOT NULL DEFAULT '';

-- The file system that a watch's root is on, for roots without a marker.
ALTER TABLE watch ADD COLUMN root_place TEXT;
