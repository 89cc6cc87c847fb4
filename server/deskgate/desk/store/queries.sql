-- name: add_reply
INSERT INTO replies (
    id, version, ticket_id, words, mailbox, recipient, subject, body, footer, thread_id, message_id, digest,
    seen, state, drafted_by, drafted_at, attempted_at, decision, decided_by, decided_at, decided_digest, body_checked, reason,
    sent_at, delivered_at, bounced_at, bounce_type, person
)
SELECT
    :id, :version, :ticket_id, :words, :mailbox, :recipient, :subject, :body, :footer, :thread_id, :message_id,
    :digest, :seen, :state, :drafted_by, :drafted_at, :attempted_at, :decision, :decided_by, :decided_at, :decided_digest,
    :body_checked, :reason, :sent_at, :delivered_at, :bounced_at, :bounce_type, :address
-- The same list is read once more where an approval begins: between two looks somebody may have asked for no more mail.
WHERE NOT EXISTS (SELECT 1 FROM suppressions WHERE address IN (:address, :address_hash) AND ended_at IS NULL);

-- name: save_reply
UPDATE replies SET
    version = version + 1, footer = :footer, thread_id = :thread_id, message_id = :message_id,
    digest = :digest, state = :state, attempted_at = :attempted_at, decision = :decision, decided_by = :decided_by,
    decided_at = :decided_at, decided_digest = :decided_digest, body_checked = :body_checked, reason = :reason, sent_at = :sent_at,
    delivered_at = :delivered_at, bounced_at = :bounced_at, bounce_type = :bounce_type
WHERE id = :id AND version = :version
    AND NOT (
        (:state = 'approving' OR (:state = 'sending' AND CAST(:message_id AS TEXT) IS NULL))
        AND EXISTS (SELECT 1 FROM suppressions WHERE address IN (:address, :address_hash) AND ended_at IS NULL)
    );

-- name: reply
SELECT * FROM replies WHERE id = :id;

-- name: reply_of_message
SELECT * FROM replies WHERE message_id = :message_id;

-- name: reply_with_words
SELECT * FROM replies WHERE words = :words AND state NOT IN ('cancelled', 'failed');

-- name: replies_of_ticket
SELECT * FROM replies WHERE ticket_id = :ticket_id ORDER BY drafted_at DESC, id LIMIT :limit;

-- name: replies_in_state
SELECT * FROM replies WHERE state = :state ORDER BY drafted_at, id;

-- name: recent_replies
SELECT * FROM replies ORDER BY drafted_at DESC, id LIMIT :limit;

-- name: add_drafter
INSERT INTO drafters (reply_id, principal, owner) VALUES (:reply_id, :principal, :owner)
ON CONFLICT DO NOTHING;

-- name: drafters
SELECT principal, owner FROM drafters
WHERE reply_id IN (SELECT id FROM replies WHERE words = (SELECT words FROM replies WHERE id = :reply_id));

-- name: add_view
INSERT INTO views (reply_id, digest, seen, shown_at, person) VALUES (:reply_id, :digest, :seen, :shown_at, :person)
ON CONFLICT DO NOTHING;

-- name: view
SELECT seen FROM views WHERE reply_id = :reply_id AND digest = :digest;

-- name: add_note
INSERT INTO notes (
    id, version, ticket_id, person, words, text, stamp, state, written_by, written_at, comment_id, posted_at
)
SELECT
    :id, :version, :ticket_id, :person, :words, :text, :stamp, :state, :written_by, :written_at, :comment_id, :posted_at
WHERE NOT EXISTS (
    SELECT 1 FROM notes
    WHERE words = :words AND (state = 'posting' OR (state = 'posted' AND written_at > :since))
);

-- name: save_note
UPDATE notes SET version = version + 1, stamp = :stamp, state = :state, comment_id = :comment_id, posted_at = :posted_at
WHERE id = :id AND version = :version;

-- name: note_with_words
SELECT * FROM notes WHERE words = :words AND state <> 'failed' ORDER BY written_at DESC LIMIT 1;
