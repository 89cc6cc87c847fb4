-- name: add_evaluation
INSERT INTO policy_evaluations (
    id, reply_id, ticket_id, person, evaluated_at, policy_version, policy_hash, rule, outcome, guards, facts, effect
) VALUES (
    :id, :reply_id, :ticket_id, :person, :evaluated_at, :policy_version, :policy_hash, :rule, :outcome, :guards, :facts, :effect
);

-- name: take_place
INSERT INTO policy_approvals (
    reply_id, evaluation_id, recipient_key, domain, begun_at, recipient_place, domain_place
)
SELECT
    :reply_id, :evaluation_id, :recipient_key, :domain, :begun_at,
    (SELECT COUNT(*) FROM policy_approvals WHERE recipient_key = :recipient_key) + 1,
    (SELECT COUNT(*) FROM policy_approvals WHERE domain = :domain) + 1
WHERE
    (SELECT COUNT(*) FROM policy_approvals WHERE recipient_key = :recipient_key AND begun_at > :since) < :recipient_cap
    AND (SELECT COUNT(*) FROM policy_approvals WHERE domain = :domain AND begun_at > :since) < :domain_cap;

-- name: add_approving
INSERT INTO policy_evaluations (
    id, reply_id, ticket_id, person, evaluated_at, policy_version, policy_hash, rule, outcome, guards, facts, effect
)
SELECT
    :id, :reply_id, :ticket_id, :person, :evaluated_at, :policy_version, :policy_hash, :rule, :outcome, :guards, :facts, :effect
WHERE EXISTS (SELECT 1 FROM policy_approvals WHERE evaluation_id = :id);

-- name: finish
UPDATE policy_evaluations SET effect = :effect WHERE id = :id;

-- name: approvals_since
SELECT
    (SELECT COUNT(*) FROM policy_approvals WHERE recipient_key = :recipient_key AND begun_at > :since) AS to_recipient,
    (SELECT COUNT(*) FROM policy_approvals WHERE domain = :domain AND begun_at > :since) AS to_domain;

-- name: earlier_mail
SELECT 1 FROM replies
WHERE person = :recipient AND id <> :reply_id AND state IN ('sent', 'delivered')
LIMIT 1;

-- name: footer_approved
SELECT 1 FROM replies
WHERE mailbox = :mailbox AND footer = :footer AND decision = 'approve' AND body_checked = 1 AND decided_by <> :outside
    AND decided_by NOT LIKE 'policy:%'
LIMIT 1;

-- name: evaluations_of
SELECT * FROM policy_evaluations WHERE reply_id = :reply_id ORDER BY evaluated_at, id;

-- name: finish_leaving
UPDATE policy_evaluations SET effect = :effect
WHERE reply_id = :reply_id AND outcome = 'monitored' AND effect = 'approving';

-- name: take_turn
INSERT INTO policy_turns (reply_id, taken_at) VALUES (:reply_id, :taken_at) ON CONFLICT DO NOTHING;

-- name: turn
SELECT taken_at FROM policy_turns WHERE reply_id = :reply_id;
