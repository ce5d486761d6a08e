-- Links of what was uploaded.

-- name: put_upload
-- Where a content can be read by the service.
INSERT INTO upload (content_hash, site, url, file_name, expires_at)
VALUES (:content_hash, :site, :url, :file_name, :expires_at)
ON CONFLICT (content_hash, site) DO UPDATE SET
    url = excluded.url, file_name = excluded.file_name, expires_at = excluded.expires_at;

-- name: forget_upload
-- The service refused what was made of this content: it is uploaded anew next time.
DELETE FROM upload WHERE content_hash = :content_hash;

-- name: find_upload
-- The link of a content, if it is good for long enough.
SELECT url, file_name, expires_at FROM upload
WHERE content_hash = :content_hash AND site = :site AND expires_at > :good_until;

-- name: forget_expired_uploads
-- Links that expired long ago.
DELETE FROM upload WHERE expires_at < :before;
