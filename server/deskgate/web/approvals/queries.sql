-- name: admit
INSERT INTO reviewers (name, invited_at) VALUES (:name, :now)
ON CONFLICT (name) DO UPDATE SET invited_at = excluded.invited_at, revoked_at = NULL;

-- name: invite
INSERT INTO reviewer_invites (token_hash, name, expires_at) VALUES (:token_hash, :name, :expires_at);

-- name: invited
SELECT name FROM reviewer_invites WHERE token_hash = :token_hash;

-- name: spend
UPDATE reviewer_invites SET session_hash = :session_hash
WHERE token_hash = :token_hash AND session_hash IS NULL AND expires_at > :now
    AND EXISTS (SELECT 1 FROM reviewers WHERE reviewers.name = reviewer_invites.name AND revoked_at IS NULL);

-- name: start
INSERT INTO reviewer_sessions (session_hash, name, started_at, seen_at)
SELECT session_hash, name, :now, :now FROM reviewer_invites
WHERE token_hash = :token_hash AND session_hash = :session_hash;

-- name: session
SELECT reviewer_sessions.name, started_at, seen_at FROM reviewer_sessions
JOIN reviewers ON reviewers.name = reviewer_sessions.name
WHERE session_hash = :session_hash AND ended_at IS NULL AND revoked_at IS NULL;

-- name: touch
UPDATE reviewer_sessions SET seen_at = :now WHERE session_hash = :session_hash AND ended_at IS NULL;

-- name: end
UPDATE reviewer_sessions SET ended_at = :now WHERE session_hash = :session_hash AND ended_at IS NULL;

-- name: revoke
UPDATE reviewers SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL;

-- name: end_all
UPDATE reviewer_sessions SET ended_at = :now WHERE name = :name AND ended_at IS NULL;

-- name: void_invites
UPDATE reviewer_invites SET expires_at = :now WHERE name = :name AND session_hash IS NULL AND expires_at > :now;

-- name: roll
SELECT name, invited_at, revoked_at,
    (SELECT COUNT(*) FROM reviewer_sessions
     WHERE reviewer_sessions.name = reviewers.name AND ended_at IS NULL
         AND started_at > :oldest_start AND seen_at > :oldest_seen) AS sessions
FROM reviewers ORDER BY name;

-- name: open
INSERT INTO reviewer_opened (session_hash, reply_id, digest, opened_at)
VALUES (:session_hash, :reply_id, :digest, :now)
ON CONFLICT DO NOTHING;

-- name: open_again
UPDATE reviewer_opened SET opened_at = :now
WHERE session_hash = :session_hash AND reply_id = :reply_id AND digest = :digest;

-- name: opened
SELECT reply_id, digest, opened_at FROM reviewer_opened
WHERE session_hash = :session_hash AND opened_at > :since ORDER BY opened_at;

-- name: tell
INSERT INTO reviewer_outcomes (id, session_hash, told_at, report) VALUES (:id, :session_hash, :now, :report);

-- name: told
SELECT report FROM reviewer_outcomes WHERE id = :id AND session_hash = :session_hash;

-- name: correct
INSERT INTO reviewer_corrections (old_reply_id, subject, body, made_by, made_at)
VALUES (:old_reply_id, :subject, :body, :made_by, :now);

-- name: drop_correction
DELETE FROM reviewer_corrections WHERE old_reply_id = :old_reply_id AND new_reply_id IS NULL;

-- name: finish_correction
UPDATE reviewer_corrections SET new_reply_id = :new_reply_id
WHERE old_reply_id = :old_reply_id AND new_reply_id IS NULL;

-- name: correction_of
SELECT * FROM reviewer_corrections WHERE old_reply_id = :reply_id;

-- name: correction_behind
SELECT * FROM reviewer_corrections WHERE new_reply_id = :reply_id;
