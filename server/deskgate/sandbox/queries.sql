-- name: begin
BEGIN IMMEDIATE;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;
-- name: tables
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%';
-- name: wipe_fact
DELETE FROM fact;
-- name: wipe_switches
DELETE FROM switches;
-- name: wipe_sequence
DELETE FROM sequence;
-- name: wipe_person
DELETE FROM person;
-- name: wipe_ticket
DELETE FROM ticket;
-- name: wipe_comment
DELETE FROM comment;
-- name: wipe_audit
DELETE FROM audit;
-- name: wipe_creation
DELETE FROM creation;
-- name: wipe_oauth_token
DELETE FROM oauth_token;
-- name: wipe_mailbox
DELETE FROM mailbox;
-- name: wipe_email
DELETE FROM email;
-- name: wipe_allowlist
DELETE FROM allowlist;
-- name: wipe_suppression
DELETE FROM suppression;
-- name: wipe_webhook
DELETE FROM webhook;
-- name: wipe_delivery
DELETE FROM delivery;
-- name: wipe_operator_code
DELETE FROM operator_code;
-- name: wipe_audit_entry
DELETE FROM audit_entry;

-- name: fact
SELECT value FROM fact WHERE name = :name;
-- name: fact_set
INSERT INTO fact (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
-- name: switches
SELECT name, value FROM switches;
-- name: switch_set
INSERT INTO switches (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
-- name: sequence_open
INSERT INTO sequence (name, value) VALUES (:name, :value - 1) ON CONFLICT (name) DO NOTHING;
-- name: sequence_advance
UPDATE sequence SET value = value + 1 WHERE name = :name;
-- name: sequence_value
SELECT value FROM sequence WHERE name = :name;

-- name: person
SELECT document FROM person WHERE id = :id;
-- name: person_by_email
SELECT id, document FROM person WHERE lower(email) = lower(:email);
-- name: people
SELECT document FROM person ORDER BY id;
-- name: person_put
INSERT INTO person (id, email, document) VALUES (:id, :email, :document)
ON CONFLICT (id) DO UPDATE SET email = excluded.email, document = excluded.document;

-- name: ticket
SELECT document, changed_at, indexed FROM ticket WHERE id = :id;
-- name: ticket_ids
SELECT id FROM ticket ORDER BY id;
-- name: tickets_as_indexed
SELECT CASE WHEN changed_at > :seen_until THEN indexed ELSE document END AS document FROM ticket ORDER BY id;
-- name: ticket_put
INSERT INTO ticket (id, document, changed_at, indexed) VALUES (:id, :document, :changed_at, :indexed)
ON CONFLICT (id) DO UPDATE SET
    document = excluded.document, changed_at = excluded.changed_at, indexed = excluded.indexed;
-- name: ticket_amend
UPDATE ticket SET document = :document WHERE id = :id;

-- name: comment_ids
SELECT id FROM comment WHERE ticket_id = :ticket_id ORDER BY id;
-- name: comment_count
SELECT count(*) AS n FROM comment WHERE ticket_id = :ticket_id;
-- name: comment
SELECT document FROM comment WHERE id = :id;
-- name: comments
SELECT document FROM comment WHERE ticket_id = :ticket_id ORDER BY id;
-- name: comment_put
INSERT INTO comment (id, ticket_id, document) VALUES (:id, :ticket_id, :document);

-- name: audit_ids
SELECT id FROM audit WHERE ticket_id = :ticket_id ORDER BY id;
-- name: audit
SELECT document FROM audit WHERE id = :id;
-- name: audit_put
INSERT INTO audit (id, ticket_id, author_id, made_at, document)
VALUES (:id, :ticket_id, :author_id, :made_at, :document);
-- name: updates_since
SELECT count(*) AS n, min(made_at) AS oldest FROM audit
WHERE ticket_id = :ticket_id AND author_id = :author_id AND made_at > :since;

-- name: creation
SELECT fingerprint, answer FROM creation WHERE idempotency_key = :idempotency_key AND made_at > :since;
-- name: creation_put
INSERT INTO creation (idempotency_key, fingerprint, answer, made_at)
VALUES (:idempotency_key, :fingerprint, :answer, :made_at)
ON CONFLICT (idempotency_key) DO UPDATE SET
    fingerprint = excluded.fingerprint, answer = excluded.answer, made_at = excluded.made_at;

-- name: oauth_token
SELECT scope, user_id, expires_at FROM oauth_token WHERE access_token = :access_token;
-- name: oauth_token_by_refresh
SELECT access_token, scope, user_id FROM oauth_token WHERE refresh_token = :refresh_token;
-- name: oauth_token_put
INSERT INTO oauth_token (access_token, refresh_token, scope, user_id, expires_at)
VALUES (:access_token, :refresh_token, :scope, :user_id, :expires_at);
-- name: oauth_token_drop
DELETE FROM oauth_token WHERE access_token = :access_token;
-- name: oauth_tokens_expire
UPDATE oauth_token SET expires_at = :now WHERE expires_at IS NOT NULL;

-- name: mailboxes
SELECT * FROM mailbox ORDER BY created_at, id;
-- name: mailbox
SELECT * FROM mailbox WHERE id = :id;
-- name: mailbox_by_address
SELECT * FROM mailbox WHERE lower(address) = lower(:address);
-- name: mailbox_put
INSERT INTO mailbox (id, address, display_name, oversight_mode, signature_block, created_at)
VALUES (:id, :address, :display_name, :oversight_mode, :signature_block, :created_at);
-- name: mailbox_change
UPDATE mailbox SET display_name = :display_name, oversight_mode = :oversight_mode, signature_block = :signature_block
WHERE id = :id;

-- name: email_put
INSERT INTO email (id, mailbox_id, direction, sender, recipients, cc, bcc, subject, markdown, footer, attachments,
    status, held, received_at, scan_until, thread_id, header_id, in_reply_to, ancestors, tags, metadata,
    idempotency_key, fingerprint)
VALUES (:id, :mailbox_id, :direction, :sender, :recipients, :cc, :bcc, :subject, :markdown, :footer, :attachments,
    :status, :held, :received_at, :scan_until, :thread_id, :header_id, :in_reply_to, :ancestors, :tags, :metadata,
    :idempotency_key, :fingerprint);
-- name: email
SELECT * FROM email WHERE id = :id;
-- name: email_in_mailbox
SELECT * FROM email WHERE id = :id AND mailbox_id = :mailbox_id;
-- name: emails_in_mailbox
SELECT * FROM email WHERE mailbox_id = :mailbox_id AND received_at < :before AND received_at > :after
ORDER BY received_at DESC;
-- name: emails
SELECT * FROM email ORDER BY number;
-- name: newest_received_at
SELECT coalesce(max(received_at), 0) AS received_at FROM email;
-- name: emails_in_thread
SELECT * FROM email WHERE thread_id = :thread_id ORDER BY number;
-- name: email_by_key
SELECT id, thread_id FROM email WHERE idempotency_key = :idempotency_key AND received_at > :since
ORDER BY number LIMIT 1;
-- name: email_by_fingerprint
SELECT id FROM email WHERE fingerprint = :fingerprint AND received_at > :since LIMIT 1;
-- name: emails_pending
SELECT * FROM email WHERE status IN ('pending_send_approval', 'pending_inbound_approval') ORDER BY number;
-- name: emails_scanned
SELECT * FROM email WHERE status = 'pending_scan' AND scan_until <= :now ORDER BY number;
-- name: emails_arriving
SELECT * FROM email WHERE deliver_at <= :now ORDER BY deliver_at, number;
-- name: emails_delivered
SELECT * FROM email WHERE direction = 'outbound' AND delivered_at IS NOT NULL ORDER BY delivered_at, number;
-- name: emails_delivered_of
SELECT * FROM email WHERE (id = :where OR thread_id = :where) AND direction = 'outbound' AND delivered_at IS NOT NULL
ORDER BY delivered_at, number;
-- name: email_status
UPDATE email SET status = :status, scan_until = NULL WHERE id = :id;
-- name: email_decided
UPDATE email SET status = :status, approved_at = :approved_at, approved_by = :approved_by, reason = :reason
WHERE id = :id;
-- name: email_let_out
UPDATE email SET status = :status, scan_until = NULL, deliver_at = :deliver_at WHERE id = :id;
-- name: email_delivered
UPDATE email SET deliver_at = NULL, delivered_at = :delivered_at, file = :file WHERE id = :id;
-- name: email_bounced
UPDATE email SET deliver_at = NULL, bounced_at = :bounced_at, bounce_type = :bounce_type WHERE id = :id;
-- name: email_tags
UPDATE email SET tags = :tags WHERE id = :id;
-- name: email_rewrite
UPDATE email SET recipients = :recipients, cc = :cc, subject = :subject, markdown = :markdown,
    thread_id = :thread_id WHERE id = :id;

-- name: allowlist
SELECT * FROM allowlist WHERE mailbox_id = :mailbox_id ORDER BY added_at, id;
-- name: allowlist_put
INSERT INTO allowlist (id, mailbox_id, pattern, added_by, added_at, note)
VALUES (:id, :mailbox_id, :pattern, :added_by, :added_at, :note);
-- name: allowlist_drop
DELETE FROM allowlist WHERE id = :id AND mailbox_id = :mailbox_id;
-- name: suppressions
SELECT * FROM suppression ORDER BY created_at, id;
-- name: suppressed
SELECT reason FROM suppression WHERE email_address = lower(:address);
-- name: suppression_put
INSERT INTO suppression (id, email_address, reason, mailbox_id, created_at)
VALUES (:id, lower(:address), :reason, NULL, :created_at) ON CONFLICT (email_address) DO NOTHING;
-- name: suppression_drop
DELETE FROM suppression WHERE email_address = lower(:address);
-- name: webhooks
SELECT * FROM webhook ORDER BY created_at, id;
-- name: webhooks_of
SELECT * FROM webhook WHERE service = :service ORDER BY created_at, id;
-- name: webhook
SELECT * FROM webhook WHERE id = :id;
-- name: webhook_put
INSERT INTO webhook (id, service, form, url, events, mailbox_id, secret, created_at)
VALUES (:id, :service, :form, :url, :events, :mailbox_id, :secret, :created_at)
ON CONFLICT (id) DO UPDATE SET url = excluded.url;
-- name: webhook_drop
DELETE FROM webhook WHERE id = :id;
-- name: webhooks_drop
DELETE FROM webhook;
-- name: delivery_put
INSERT INTO delivery (id, invocation, webhook_id, service, event_type, url, body, status, attempts, created_at,
    due_at)
VALUES (:id, :invocation, :webhook_id, :service, :event_type, :url, :body, 'pending', 0, :created_at, :due_at);
-- name: delivery
SELECT * FROM delivery WHERE id = :id;
-- name: deliveries_due
SELECT delivery.*, webhook.url AS address, webhook.secret
FROM delivery JOIN webhook ON webhook.id = delivery.webhook_id
WHERE delivery.status = 'pending' AND delivery.due_at <= :now ORDER BY delivery.due_at, delivery.number LIMIT :limit;
-- name: deliveries_expire
UPDATE delivery SET status = 'failed'
WHERE status = 'pending' AND due_at <= :now
    AND (created_at < :since OR webhook_id NOT IN (SELECT id FROM webhook));
-- name: delivery_claim
UPDATE delivery SET attempts = attempts + 1, url = :url, last_attempt_at = :now, due_at = :until WHERE id = :id;
-- name: delivery_wait
UPDATE delivery SET response_status = :response_status, due_at = :due_at WHERE id = :id;
-- name: delivery_close
UPDATE delivery SET status = :status, response_status = :response_status WHERE id = :id;
-- name: deliveries
SELECT * FROM delivery ORDER BY number;
-- name: deliveries_page
SELECT * FROM delivery WHERE service = :service AND number < :before ORDER BY number DESC LIMIT :limit;
-- name: operator_codes
SELECT purpose, code, created_at FROM operator_code ORDER BY created_at;
-- name: operator_code
SELECT code FROM operator_code WHERE purpose = :purpose AND created_at > :since;
-- name: operator_code_put
INSERT INTO operator_code (purpose, code, created_at) VALUES (:purpose, :code, :created_at)
ON CONFLICT (purpose) DO UPDATE SET code = excluded.code, created_at = excluded.created_at;
-- name: operator_code_drop
DELETE FROM operator_code WHERE purpose = :purpose;
-- name: audit_entry_put
INSERT INTO audit_entry (id, action, resource_type, resource_id, actor_key_id, metadata, created_at)
VALUES (:id, :action, :resource_type, :resource_id, :actor_key_id, :metadata, :created_at);
-- name: audit_entries
SELECT * FROM audit_entry WHERE number < :before ORDER BY number DESC LIMIT :limit;
