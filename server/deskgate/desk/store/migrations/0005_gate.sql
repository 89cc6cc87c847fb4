-- When a principal was last shown a mail in one very form: their approval counts from there, and for a limited time.
CREATE TABLE showings (
    reply_id TEXT NOT NULL REFERENCES replies (id),
    digest TEXT NOT NULL,
    principal TEXT NOT NULL,
    shown_at TEXT NOT NULL,
    PRIMARY KEY (reply_id, digest, principal)
);

-- A reply that a person put in the place of another one. Its row is written together with the reply's own, and says who
-- corrected whose words; those who wrote the old ones stand among the new one's drafters.
CREATE TABLE corrections (
    reply_id TEXT PRIMARY KEY REFERENCES replies (id),
    old_reply_id TEXT NOT NULL REFERENCES replies (id),
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL
);

-- The policy judges a reply once, whoever asks for it and however often.
CREATE TABLE policy_turns (
    reply_id TEXT PRIMARY KEY,
    taken_at TEXT NOT NULL
);

INSERT INTO policy_turns (reply_id, taken_at)
SELECT reply_id, MIN(evaluated_at) FROM policy_evaluations WHERE effect <> 'refused' GROUP BY reply_id;
