-- Accepting -----------------------------------------------------------------------------------------------------------

-- name: accept_event
INSERT INTO inbox_events (source, event_id, body_hash, signed_hash, headers, body, received_at, state)
VALUES (
    :source, :event_id, :body_hash, :signed_hash, :headers, :body, :received_at,
    CASE
        WHEN EXISTS (SELECT 1 FROM inbox_events WHERE source = :source AND event_id = :event_id) THEN 'flagged'
        ELSE 'new'
    END
)
ON CONFLICT DO NOTHING

-- name: accepted_event
SELECT number FROM inbox_events
WHERE (source = :source AND event_id = :event_id AND body_hash = :body_hash)
   OR (source = :source AND signed_hash = :signed_hash)

-- name: forget_bodies
UPDATE inbox_events SET body = :nothing
WHERE received_at < :before AND state IN ('done', 'flagged') AND body <> :nothing

-- Working -------------------------------------------------------------------------------------------------------------

-- name: add_event
INSERT INTO inbox_events (source, event_id, body_hash, signed_hash, headers, body, received_at, state)
VALUES (:source, :event_id, :body_hash, :signed_hash, :headers, :body, :received_at, 'new')
ON CONFLICT DO NOTHING

-- name: claim
UPDATE inbox_events SET leased_until = :until, fence = fence + 1, tries = tries + 1
WHERE number = (
    SELECT one.number FROM inbox_events AS one
    WHERE one.state = 'new' AND (one.due_at <= :now OR one.due_at > :beyond)
        AND (one.leased_until <= :now OR one.leased_until > :beyond)
        AND (:mails = 1 OR one.source NOT IN ('multimail', 'reconcile'))
        AND NOT EXISTS (
            SELECT 1 FROM inbox_events AS earlier
            WHERE earlier.lane = one.lane AND earlier.state = 'new' AND earlier.number < one.number
        )
        AND NOT (
            one.lane IS NULL AND one.source IN ('multimail', 'reconcile') AND EXISTS (
                SELECT 1 FROM inbox_events AS unread
                WHERE unread.lane IS NULL AND unread.state = 'new' AND unread.number < one.number
                    AND unread.source IN ('multimail', 'reconcile') AND unread.tries <= :unread_tries
                    AND unread.due_at > :now AND unread.due_at <= :beyond
            )
        )
    ORDER BY one.number LIMIT 1
)
RETURNING number, source, event_id, body, received_at, lane, tries, fence

-- name: route
UPDATE inbox_events SET lane = :lane, leased_until = :until WHERE number = :number AND fence = :fence AND state = 'new'

-- Thousands may have come since the last look, and hardly any is a wish: the database passes over the others.
-- name: perhaps_wishes
SELECT number, body FROM inbox_events
WHERE state = 'new' AND source IN ('multimail', 'reconcile') AND number > :number
    AND (instr(body, CAST('complain' AS BLOB)) > 0 OR instr(body, CAST('unsubscribed' AS BLOB)) > 0)
ORDER BY number LIMIT :limit

-- name: newest_settled
SELECT number FROM inbox_events WHERE received_at <= :settled ORDER BY received_at DESC LIMIT 1

-- name: earlier
SELECT number FROM inbox_events WHERE lane = :lane AND state = 'new' AND number < :number LIMIT 1

-- A mail that nobody could read yet may belong to any lane.
-- name: earlier_unread
SELECT number FROM inbox_events
WHERE lane IS NULL AND state = 'new' AND number < :number AND source IN ('multimail', 'reconcile') AND tries <= :tries
LIMIT 1

-- name: release
UPDATE inbox_events SET leased_until = 0, tries = tries - 1 WHERE number = :number AND fence = :fence AND state = 'new'

-- name: step_back
UPDATE inbox_events SET leased_until = 0, tries = tries - 1, due_at = :due
WHERE number = :number AND fence = :fence AND state = 'new'

-- name: renew
UPDATE inbox_events SET leased_until = :until WHERE number = :number AND fence = :fence AND state = 'new'

-- name: finish
UPDATE inbox_events SET state = 'done', leased_until = 0, done_at = :now, trouble = :trouble
WHERE number = :number AND fence = :fence AND state = 'new'

-- name: postpone
UPDATE inbox_events SET leased_until = 0, due_at = :due, trouble = :trouble
WHERE number = :number AND fence = :fence AND state = 'new'

-- name: bury
UPDATE inbox_events SET state = 'dead', leased_until = 0, trouble = :trouble
WHERE number = :number AND fence = :fence AND state = 'new'

-- name: one
SELECT 1 AS one

-- name: replay
UPDATE inbox_events SET state = 'new', tries = 0, due_at = 0, leased_until = 0, done_at = NULL, trouble = NULL
WHERE number = :number AND state IN ('dead', 'done')

-- name: listed
SELECT number, source, event_id, received_at, state, lane, tries, due_at, trouble, done_at
FROM inbox_events WHERE state = :state ORDER BY number DESC LIMIT :limit

-- name: event
SELECT * FROM inbox_events WHERE number = :number

-- name: backlog
SELECT
    (SELECT COUNT(*) FROM inbox_events WHERE state = 'new') AS open,
    (SELECT COUNT(*) FROM inbox_events WHERE state = 'dead') AS dead,
    (SELECT received_at FROM inbox_events WHERE state = 'new' ORDER BY number LIMIT 1) AS oldest

-- name: add_effect
INSERT INTO effects (key, marker, kind, event_number, ticket_id, person, plan, state, begun_at)
VALUES (:key, :marker, :kind, :event_number, :ticket_id, :person, :plan, 'intent', :begun_at)
ON CONFLICT DO NOTHING

-- name: effect
SELECT * FROM effects WHERE key = :key

-- name: effects_of_event
SELECT key, kind, ticket_id, state, begun_at, attempted_at, remote_id, done_at FROM effects
WHERE event_number = :number ORDER BY begun_at, key

-- name: attempt_effect
UPDATE effects SET version = version + 1, stamp = :stamp, attempted_at = :now
WHERE key = :key AND version = :version AND state = 'intent'

-- name: effect_done
UPDATE effects SET version = version + 1, state = 'done', remote_id = :remote_id, ticket_id = :ticket_id, done_at = :now
WHERE key = :key AND state = 'intent'

-- name: add_arrival
INSERT INTO arrivals (
    email_id, ticket_id, thread_id, sender, person, verified, subject, words, original, kind, arrived_at
) VALUES (
    :email_id, :ticket_id, :thread_id, :sender, :person, :verified, :subject, :words, :original, :kind, :arrived_at
)
ON CONFLICT DO NOTHING

-- name: move_arrival
UPDATE arrivals SET ticket_id = :ticket_id WHERE email_id = :email_id

-- name: arrival
SELECT * FROM arrivals WHERE email_id = :email_id

-- name: arrivals_of_ticket
SELECT arrivals.*, effects.state AS effect_state, effects.remote_id, inbox_events.state AS event_state
FROM arrivals
LEFT JOIN effects ON effects.key = 'received:' || arrivals.email_id
LEFT JOIN inbox_events ON inbox_events.number = effects.event_number
WHERE arrivals.ticket_id = :ticket_id AND arrivals.arrived_at >= :since
ORDER BY arrivals.arrived_at DESC, arrivals.email_id DESC LIMIT :limit

-- name: arrivals_since
SELECT arrivals.*, effects.state AS effect_state, effects.remote_id, inbox_events.state AS event_state
FROM arrivals
LEFT JOIN effects ON effects.key = 'received:' || arrivals.email_id
LEFT JOIN inbox_events ON inbox_events.number = effects.event_number
WHERE arrivals.arrived_at >= :since
ORDER BY arrivals.arrived_at DESC, arrivals.email_id DESC LIMIT :limit

-- name: any_arrival
SELECT 1 AS one FROM arrivals LIMIT 1

-- name: go_on_in
INSERT INTO follow_ups (closed_id, ticket_id, since) VALUES (:closed_id, :ticket_id, :since) ON CONFLICT DO NOTHING

-- name: follow_up_of
SELECT ticket_id FROM follow_ups WHERE closed_id = :closed_id

-- name: continues
SELECT closed_id FROM follow_ups WHERE ticket_id = :ticket_id

-- name: reply_on_thread
SELECT * FROM replies WHERE thread_id = :thread_id AND state <> 'failed' ORDER BY drafted_at DESC, id LIMIT 1

-- name: suppress
INSERT INTO suppressions (address, reason, source, ticket_id, since)
VALUES (:address, :reason, :source, :ticket_id, :since)
ON CONFLICT (address) DO UPDATE SET
    reason = excluded.reason, source = excluded.source, ticket_id = excluded.ticket_id, since = excluded.since, ended_at = NULL
-- Whoever an operator wrote to again after a wish stays so, although the same wish may be worked on once more.
WHERE suppressions.ended_at IS NOT NULL
    AND (suppressions.source <> excluded.source OR excluded.source = 'reconcile' OR excluded.source LIKE 'operator:%')

-- name: held_for
SELECT * FROM replies
WHERE person = :address AND state IN ('sending', 'held', 'approving', 'rejecting', 'cancelling')
ORDER BY drafted_at, id

-- Found by when they went out: almost all replies are in one of these states, so COALESCE keeps the state's index out of it.
-- name: owed_sent
SELECT id FROM replies
WHERE sent_at >= :since AND COALESCE(state, '') IN ('sent', 'delivered', 'bounced')
    AND NOT EXISTS (SELECT 1 FROM inbox_events WHERE source = 'desk' AND event_id = 'sent:' || replies.id)
ORDER BY sent_at, id LIMIT :limit

-- name: owed_bounced
SELECT id FROM replies
WHERE state = 'bounced' AND sent_at >= :since
    AND NOT EXISTS (SELECT 1 FROM inbox_events WHERE source = 'desk' AND event_id = 'bounced:' || replies.id)
ORDER BY sent_at, id LIMIT :limit

-- name: anchor_due
SELECT size FROM audit_checkpoints
WHERE NOT EXISTS (SELECT 1 FROM inbox_events WHERE source = 'desk' AND event_id = :event_id)
    AND EXISTS (
        SELECT 1 FROM audit_records AS news
        WHERE (news.ticket_id IS NULL OR news.ticket_id <> :ticket_id)
            AND news.seq > COALESCE((SELECT max(told.seq) FROM audit_records AS told WHERE told.ev = 'checkpoint.anchor'), -1)
    )
ORDER BY size DESC LIMIT 1

-- name: set_stale
UPDATE replies SET stale = :stale WHERE id = :id AND COALESCE(stale, '') <> COALESCE(:stale, '')

-- name: mark
SELECT value FROM marks WHERE name = :name

-- name: begin
INSERT INTO marks (name, value, set_at)
SELECT :name, COALESCE(MIN(drafted_at), :now), :now FROM replies WHERE drafted_at < :now
ON CONFLICT DO NOTHING

-- name: first_mark
INSERT INTO marks (name, value, set_at) VALUES (:name, :value, :now) ON CONFLICT DO NOTHING

-- name: set_mark
INSERT INTO marks (name, value, set_at) VALUES (:name, :value, :now)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_at = excluded.set_at

-- name: suppression
SELECT address, reason, since FROM suppressions WHERE address IN (:address, :address_hash) AND ended_at IS NULL

-- name: suppressions
SELECT address, reason, source, ticket_id, since FROM suppressions WHERE ended_at IS NULL ORDER BY since DESC, address

-- name: lift_suppression
UPDATE suppressions SET ended_at = :now WHERE address IN (:address, :address_hash) AND ended_at IS NULL

-- Asking --------------------------------------------------------------------------------------------------------------

-- A turn that ends later than one that begins now was taken by a clock that was ahead.
-- name: take_turn
UPDATE marks SET value = :until, set_at = :now WHERE name = 'reconciling' AND (value < :now OR value > :until)

-- name: end_turn
UPDATE marks SET value = '' WHERE name = 'reconciling'

-- name: delivered_since
SELECT * FROM replies
WHERE state = 'delivered' AND sent_at >= :since AND sent_at || ' ' || id > :after
ORDER BY sent_at || ' ' || id LIMIT :limit

-- name: last_mail_to
SELECT message_id FROM replies
WHERE person = :address AND message_id IS NOT NULL ORDER BY drafted_at DESC, id LIMIT 1
