-- The head row is locked for the rest of the transaction, so that numbers have no gaps and no twins.

-- name: head
SELECT log, size, prev, ts, frontier FROM audit_head WHERE id = 1 FOR UPDATE
