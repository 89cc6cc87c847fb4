-- What PostgreSQL says otherwise than SQLite: several workers claim at once, and pass over what another is just claiming.

-- SQLite looks at the events in order and stops at the first that fits. PostgreSQL may look at all of them first, so what is
-- asked about the others is asked once, and not for each: with a long queue every claim would cost its square.
-- name: claim
UPDATE inbox_events SET leased_until = :until, fence = fence + 1, tries = tries + 1
WHERE number = (
    SELECT one.number FROM inbox_events AS one
    WHERE one.state = 'new' AND (one.due_at <= :now OR one.due_at > :beyond)
        AND (one.leased_until <= :now OR one.leased_until > :beyond)
        AND (:mails = 1 OR one.source NOT IN ('multimail', 'reconcile'))
        AND (
            one.lane IS NULL
            OR one.number IN (
                SELECT min(head.number) FROM inbox_events AS head
                WHERE head.state = 'new' AND head.lane IS NOT NULL GROUP BY head.lane
            )
        )
        AND NOT (
            one.lane IS NULL AND one.source IN ('multimail', 'reconcile') AND one.number > COALESCE(
                (
                    SELECT min(unread.number) FROM inbox_events AS unread
                    WHERE unread.lane IS NULL AND unread.state = 'new' AND unread.source IN ('multimail', 'reconcile')
                        AND unread.tries <= :unread_tries AND unread.due_at > :now
                        AND unread.due_at <= :beyond
                ),
                one.number
            )
        )
    ORDER BY one.number LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING number, source, event_id, body, received_at, lane, tries, fence

-- name: perhaps_wishes
SELECT number, body FROM inbox_events
WHERE state = 'new' AND source IN ('multimail', 'reconcile') AND number > :number
    AND (position('complain' ::bytea IN body) > 0 OR position('unsubscribed' ::bytea IN body) > 0)
ORDER BY number LIMIT :limit

-- A batch of arrivals in one statement: a round trip for each would be most of the work. Two bodies of one event never
-- share a batch, since a statement does not see its own rows.
-- name: accept_events
INSERT INTO inbox_events (source, event_id, body_hash, signed_hash, headers, body, received_at, state)
SELECT
    one.source, one.event_id, one.body_hash, one.signed_hash, one.headers, one.body, one.received_at,
    CASE
        WHEN EXISTS (SELECT 1 FROM inbox_events AS known WHERE known.source = one.source AND known.event_id = one.event_id)
        THEN 'flagged'
        ELSE 'new'
    END
FROM unnest(
    :source ::text[], :event_id ::text[], :body_hash ::text[], :signed_hash ::text[], :headers ::text[], :body ::bytea[],
    :received_at ::text[]
) WITH ORDINALITY AS one (source, event_id, body_hash, signed_hash, headers, body, received_at, place)
ORDER BY one.place
ON CONFLICT DO NOTHING
