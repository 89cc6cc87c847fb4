-- What the monitor is told -----------------------------------------------------------------------------------------------

-- name: replies_by_state
SELECT state, COUNT(*) AS number FROM replies GROUP BY state

-- name: decisions_by_kind
SELECT decision, decided_by, COUNT(*) AS number FROM replies WHERE decision IS NOT NULL GROUP BY decision, decided_by

-- name: effects_by_state
SELECT state, COUNT(*) AS number FROM effects GROUP BY state
