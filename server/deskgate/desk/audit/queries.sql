-- name: head
SELECT log, size, prev, ts, frontier FROM audit_head WHERE id = 1

-- name: found
INSERT INTO audit_head (id, log, size, prev, ts, frontier) VALUES (1, :log, 0, :prev, '', '') ON CONFLICT DO NOTHING

-- name: advance
UPDATE audit_head SET size = :size, prev = :prev, ts = :ts, frontier = :frontier
WHERE id = 1 AND log = :log AND prev = :was

-- name: settings_told
SELECT value FROM marks WHERE name = :name

-- name: tell_settings
INSERT INTO marks (name, value, set_at) VALUES (:name, :value, :now)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_at = excluded.set_at WHERE marks.value <> excluded.value

-- name: unsent
SELECT 1 AS one WHERE NOT EXISTS (SELECT 1 FROM audit_records WHERE reply_id = :reply_id AND ev = 'email.send')

-- name: grounds
SELECT seq, ev, CASE WHEN ev = 'email.decide' THEN line END AS line FROM audit_records
WHERE reply_id = :reply_id AND ev IN ('draft.create', 'policy.eval', 'question.answer', 'email.decide') ORDER BY seq

-- name: add_record
INSERT INTO audit_records (seq, line, ev, ts, ticket_id, reply_id) SELECT :seq, :line, :ev, :ts, :ticket_id, :reply_id

-- name: add_personal
INSERT INTO audit_personal (name, seq, secret, text, person, ticket_id)
SELECT :name, :seq, :secret, :text, :person, :ticket_id

-- name: newest_about_question
SELECT line FROM audit_records WHERE reply_id = :reply_id AND ev IN ('question.ask', 'question.answer')
ORDER BY seq DESC LIMIT 1

-- name: newest_checkpoint
SELECT size, note, signed_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1

-- name: add_checkpoint
INSERT INTO audit_checkpoints (size, note, signed_at) VALUES (:size, :note, :signed_at) ON CONFLICT DO NOTHING

-- Reading it through ---------------------------------------------------------------------------------------------------

-- name: records_between
SELECT seq, line, ev, ts, ticket_id, reply_id FROM audit_records
WHERE seq >= :seq AND seq < :end ORDER BY seq LIMIT :limit

-- name: personal_between
SELECT name, seq, secret, text, person, ticket_id FROM audit_personal
WHERE seq >= :seq AND seq < :end ORDER BY seq LIMIT :limit

-- name: records_outside
SELECT COUNT(*) AS number, MIN(seq) AS seq FROM audit_records
WHERE seq < 0 OR seq >= (SELECT size FROM audit_head WHERE id = 1)
    OR (seq < :first AND ev NOT IN ('log.start', 'key.rotate'))

-- name: personal_outside
SELECT COUNT(*) AS number, MIN(seq) AS seq FROM audit_personal
WHERE seq < 0 OR seq >= (SELECT size FROM audit_head WHERE id = 1)

-- name: checkpoints_between
SELECT size, note FROM audit_checkpoints WHERE size >= :seq AND size < :end ORDER BY size LIMIT :limit

-- name: checkpoint_at
SELECT note FROM audit_checkpoints WHERE size = :size

-- name: checkpoint_signed_by
SELECT size, note FROM audit_checkpoints WHERE signed_at <= :before ORDER BY size DESC LIMIT 1

-- name: personal_seqs
SELECT seq FROM audit_personal WHERE person = :person AND seq >= :seq AND seq < :end ORDER BY seq LIMIT :limit

-- name: key_records
SELECT seq, line, ev, ts, ticket_id, reply_id FROM audit_records
WHERE ev IN ('log.start', 'key.rotate') AND seq >= 0 AND seq < (SELECT size FROM audit_head WHERE id = 1) ORDER BY seq

-- name: archived
SELECT upto, root, folder, archived_at, frontier, prev FROM audit_archives ORDER BY upto DESC LIMIT 1

-- An archive is noted before its records are dropped, and more may follow until then: those that reach into what is kept
-- do not count.
-- name: dropped_up_to
SELECT upto, root, folder, archived_at, frontier, prev FROM audit_archives
WHERE upto <= (SELECT MIN(seq) FROM audit_records WHERE seq >= 0 AND ev NOT IN ('log.start', 'key.rotate'))
ORDER BY upto DESC LIMIT 1

-- name: records_of_ticket
SELECT
    this.seq, this.line,
    (SELECT after.line FROM audit_records AS after WHERE after.seq = this.seq + 1) AS next_line,
    beside.name, beside.secret, beside.text, beside.person
FROM audit_records AS this
LEFT JOIN audit_personal AS beside ON beside.name = (SELECT MIN(name) FROM audit_personal WHERE seq = this.seq)
WHERE this.seq >= :first AND this.seq < :end AND (
    this.ticket_id = :ticket_id OR this.reply_id IN (SELECT id FROM replies WHERE ticket_id = :ticket_id)
)
ORDER BY this.seq DESC LIMIT :limit

-- name: records_of_reply
SELECT
    this.seq, this.line,
    (SELECT after.line FROM audit_records AS after WHERE after.seq = this.seq + 1) AS next_line,
    beside.name, beside.secret, beside.text, beside.person
FROM audit_records AS this
LEFT JOIN audit_personal AS beside ON beside.name = (SELECT MIN(name) FROM audit_personal WHERE seq = this.seq)
WHERE this.seq >= :first AND this.seq < :end AND this.reply_id = :reply_id
ORDER BY this.seq DESC LIMIT :limit

-- name: records_newest
SELECT
    this.seq, this.line,
    (SELECT after.line FROM audit_records AS after WHERE after.seq = this.seq + 1) AS next_line,
    beside.name, beside.secret, beside.text, beside.person
FROM audit_records AS this
LEFT JOIN audit_personal AS beside ON beside.name = (SELECT MIN(name) FROM audit_personal WHERE seq = this.seq)
WHERE this.seq >= :first AND this.seq < :end
ORDER BY this.seq DESC LIMIT :limit

-- name: reply_named
SELECT id FROM replies WHERE id = :id OR message_id = :id

-- Signing --------------------------------------------------------------------------------------------------------------

-- name: lock_head
UPDATE audit_head SET size = size WHERE id = 1

-- name: standing
SELECT
    log, size, prev, ts, frontier,
    (
        SELECT line FROM audit_records
        WHERE ev IN ('log.start', 'key.rotate') AND seq >= 0 AND seq < audit_head.size ORDER BY seq DESC LIMIT 1
    ) AS key_line,
    (SELECT size FROM audit_checkpoints ORDER BY size DESC LIMIT 1) AS signed_size,
    (SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1) AS signed_note,
    (SELECT signed_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1) AS signed_at
FROM audit_head WHERE id = 1

-- Erasing a person -----------------------------------------------------------------------------------------------------

-- name: tickets_of_person
SELECT ticket_id FROM replies WHERE person = :person
UNION
SELECT ticket_id FROM arrivals WHERE person = :person AND verified = 1 AND ticket_id IS NOT NULL
UNION
SELECT ticket_id FROM notes WHERE person = :person
UNION
SELECT ticket_id FROM policy_evaluations WHERE person = :person
ORDER BY 1

-- name: replies_of_person
SELECT * FROM replies WHERE person = :person ORDER BY drafted_at, id

-- On a ticket of theirs everything is about them, whoever wrote it, but what is another customer's of the same ticket.
-- name: arrivals_of_person
SELECT * FROM arrivals
WHERE person = :person
    OR (ticket_id = :ticket_id AND COALESCE(person, '') NOT IN (SELECT person FROM customers WHERE ticket_id = :ticket_id))
ORDER BY arrived_at, email_id

-- name: notes_of_person
SELECT * FROM notes
WHERE person = :person
    OR (ticket_id = :ticket_id AND COALESCE(person, '') NOT IN (SELECT person FROM customers WHERE ticket_id = :ticket_id))
ORDER BY written_at, id

-- name: effects_of_person
SELECT key, state, plan, ticket_id, person, begun_at FROM effects
WHERE person = :person
    OR (ticket_id = :ticket_id AND COALESCE(person, '') NOT IN (SELECT person FROM customers WHERE ticket_id = :ticket_id))
ORDER BY key

-- name: evaluations_of_person
SELECT id, evaluated_at, outcome, facts, person FROM policy_evaluations
WHERE person = :person
    OR (ticket_id = :ticket_id AND COALESCE(person, '') NOT IN (SELECT person FROM customers WHERE ticket_id = :ticket_id))
ORDER BY evaluated_at, id

-- name: personal_of_person
SELECT name, seq, secret, text, person, ticket_id FROM audit_personal
WHERE person = :person
    OR (ticket_id = :ticket_id AND COALESCE(person, '') NOT IN (SELECT person FROM customers WHERE ticket_id = :ticket_id))
ORDER BY seq

-- name: views_of_person
SELECT reply_id, digest, seen FROM views WHERE person = :person ORDER BY reply_id, digest

-- name: events_with_bodies
SELECT number, state, body FROM inbox_events
WHERE number >= :seq AND number < :end AND body <> :nothing ORDER BY number LIMIT :limit

-- name: newest_event
SELECT COALESCE(MAX(number), 0) AS number FROM inbox_events

-- name: suppressions_of
SELECT * FROM suppressions WHERE address = :person

-- name: erasable
SELECT
    log, size, prev, ts, frontier,
    (
        SELECT COUNT(*) FROM replies WHERE person = :person
        AND state IN ('sending', 'held', 'approving', 'rejecting', 'cancelling')
    ) AS open
FROM audit_head WHERE id = 1

-- Whose it was is empty from then on, and not unknown: what is left of it is about nobody.
-- name: blank_reply
UPDATE replies SET
    version = version + 1, recipient = :gone, subject = :gone, body = :gone, footer = NULL, reason = NULL, stale = NULL,
    seen = :seen, person = '', erased_hash = :hash
WHERE id = :id

-- name: blank_views
UPDATE views SET seen = :seen, person = '' WHERE reply_id = :id

-- name: blank_view
UPDATE views SET seen = :seen, person = '' WHERE reply_id = :id AND digest = :digest

-- name: blank_correction
UPDATE reviewer_corrections SET subject = :gone, body = :gone WHERE old_reply_id = :id OR new_reply_id = :id

-- The worker would still put the text on the ticket, had it not done so yet.
-- name: owe_nothing
INSERT INTO effects (key, marker, kind, event_number, ticket_id, plan, state, begun_at, done_at)
VALUES (:key, :marker, 'erased', 0, :ticket_id, '{"text": "", "status": null, "tags": []}', 'done', :now, :now)
ON CONFLICT DO NOTHING

-- name: blank_arrival
UPDATE arrivals SET sender = :gone, person = '', subject = :gone, words = :gone, original = :gone WHERE email_id = :id

-- name: blank_note
UPDATE notes SET version = version + 1, text = :gone, person = '' WHERE id = :id

-- name: blank_effect
UPDATE effects SET plan = '{"text": "", "status": null, "tags": []}', person = '' WHERE key = :id AND state <> 'intent'

-- name: blank_evaluation
UPDATE policy_evaluations SET facts = '{}', person = '' WHERE id = :id

-- name: blank_approval
UPDATE policy_approvals SET recipient_key = :key, recipient_place = 1 WHERE reply_id = :id

-- name: blank_event
UPDATE inbox_events SET body = :nothing, trouble = NULL WHERE number = :id AND state <> 'new'

-- name: hash_suppression
UPDATE suppressions SET address = :hash, reason = 'asked for no mail; the address was erased, and is recognised by its hash'
WHERE address = :person

-- name: drop_hashed_suppression
DELETE FROM suppressions WHERE address = :hash AND EXISTS (SELECT 1 FROM suppressions WHERE address = :person)

-- name: drop_personal
DELETE FROM audit_personal WHERE name = :id

-- name: drop_holds
DELETE FROM audit_holds WHERE person = :person AND released_at IS NOT NULL

-- name: set_hold
INSERT INTO audit_holds (person, reason, set_by, set_at) VALUES (:person, :reason, :set_by, :now)
ON CONFLICT (person) DO UPDATE SET
    reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at, released_at = NULL
WHERE audit_holds.released_at IS NOT NULL

-- name: release_hold
UPDATE audit_holds SET released_at = :now WHERE person = :person AND released_at IS NULL

-- name: holds
SELECT person, reason, set_by, set_at FROM audit_holds WHERE released_at IS NULL ORDER BY set_at, person

-- Archiving ------------------------------------------------------------------------------------------------------------

-- name: add_archive
INSERT INTO audit_archives (upto, root, folder, archived_at, frontier, prev)
VALUES (:upto, :root, :folder, :archived_at, :frontier, :prev)

-- name: prune
DELETE FROM audit_records WHERE seq < :upto AND ev NOT IN ('log.start', 'key.rotate')

-- Comparing ------------------------------------------------------------------------------------------------------------

-- name: deeds_between
SELECT seq, line FROM audit_records
WHERE seq >= :seq AND seq < :end AND reply_id IS NOT NULL ORDER BY seq LIMIT :limit
