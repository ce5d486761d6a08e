-- What is published beside a result: an XMP file, and the result as the service made it.

ALTER TABLE result ADD COLUMN companion TEXT CHECK (length(companion) = 64);
ALTER TABLE result ADD COLUMN raw TEXT CHECK (length(raw) = 64);
ALTER TABLE result ADD COLUMN raw_extension TEXT CHECK ((raw_extension IS NULL) = (raw IS NULL));
