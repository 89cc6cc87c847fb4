-- What the policy was asked and what it said. Facts hold no text of a customer or of a reply.
CREATE TABLE policy_evaluations (
    id TEXT PRIMARY KEY,              -- ours, 128 random bits
    reply_id TEXT NOT NULL,           -- the reply's id; no row of that id exists where the draft was refused
    ticket_id INTEGER NOT NULL,
    evaluated_at TEXT NOT NULL,
    policy_version TEXT NOT NULL,     -- the version that the file names
    policy_hash TEXT NOT NULL,        -- SHA-256 of the file's bytes
    rule TEXT,                        -- the rule that matched; null: none did, so held
    outcome TEXT NOT NULL,            -- hold, approve, refuse, monitored: after the guard rails
    guards TEXT NOT NULL,             -- JSON list: the guard rails that stood in the way of an approval
    facts TEXT NOT NULL,              -- JSON object: every fact that was known
    effect TEXT NOT NULL              -- held, refused, approving, approved, or failed:<code>
);

CREATE INDEX policy_evaluations_reply ON policy_evaluations (reply_id, evaluated_at);

-- One row for each automatic approval that was begun: a reply gets one such try, and a place within the caps. The
-- places are numbered without gaps, so that two at the same moment cannot both take the last one.
CREATE TABLE policy_approvals (
    reply_id TEXT PRIMARY KEY,
    evaluation_id TEXT NOT NULL,
    recipient_key TEXT NOT NULL,      -- SHA-256 of the address without letter case and sub-address
    domain TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    recipient_place INTEGER NOT NULL,
    domain_place INTEGER NOT NULL
);

CREATE UNIQUE INDEX policy_approvals_recipient ON policy_approvals (recipient_key, recipient_place);
CREATE UNIQUE INDEX policy_approvals_domain ON policy_approvals (domain, domain_place);
