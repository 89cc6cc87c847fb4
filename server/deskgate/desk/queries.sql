-- The same form shown to the same principal once more: that it is newer counts, and nothing else is news.
-- name: show_again
UPDATE showings SET shown_at = :shown_at WHERE reply_id = :reply_id AND digest = :digest AND principal = :principal;

-- name: show
INSERT INTO showings (reply_id, digest, principal, shown_at) VALUES (:reply_id, :digest, :principal, :shown_at)
ON CONFLICT DO NOTHING;

-- name: shown_at
SELECT COALESCE(
    (SELECT shown_at FROM showings WHERE reply_id = :reply_id AND digest = :digest AND principal = :principal),
    (SELECT shown_at FROM views WHERE reply_id = :reply_id AND digest = :digest),
    drafted_at
) AS shown_at
FROM replies WHERE id = :reply_id;

-- name: inherit_drafters
INSERT INTO drafters (reply_id, principal, owner)
SELECT :reply_id, name, name FROM (
    SELECT principal AS name FROM drafters
    WHERE reply_id IN (SELECT id FROM replies WHERE words = (SELECT words FROM replies WHERE id = :old_reply_id))
    UNION
    SELECT owner AS name FROM drafters
    WHERE reply_id IN (SELECT id FROM replies WHERE words = (SELECT words FROM replies WHERE id = :old_reply_id))
) AS writers
WHERE name <> ''
ON CONFLICT DO NOTHING;

-- name: add_correction
INSERT INTO corrections (reply_id, old_reply_id, made_by, made_at) VALUES (:reply_id, :old_reply_id, :made_by, :made_at);

-- name: correction
SELECT old_reply_id FROM corrections WHERE reply_id = :reply_id AND made_by = :made_by;

-- name: earlier_drafters
SELECT principal, owner FROM drafters
WHERE reply_id <> :reply_id
AND reply_id IN (SELECT id FROM replies WHERE words = (SELECT words FROM replies WHERE id = :old_reply_id));

-- Whose draft the same words were, on another occasion than a correction by this person.
-- name: writers_elsewhere
SELECT principal, owner FROM drafters
WHERE reply_id <> :reply_id
AND reply_id IN (SELECT id FROM replies WHERE words = (SELECT words FROM replies WHERE id = :reply_id))
AND reply_id NOT IN (SELECT reply_id FROM corrections WHERE made_by = :made_by);

-- name: any_correction
SELECT old_reply_id FROM corrections WHERE reply_id = :reply_id;
