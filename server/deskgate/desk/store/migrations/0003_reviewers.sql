-- People who may decide on the page. Secrets are never here, only their SHA-256: a copy of this file signs nobody in.
CREATE TABLE reviewers (
    name TEXT PRIMARY KEY,
    invited_at TEXT NOT NULL,
    revoked_at TEXT
);

-- One-time links. A link is spent by writing the session that it opened; that write happens once.
CREATE TABLE reviewer_invites (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES reviewers (name),
    expires_at TEXT NOT NULL,
    session_hash TEXT
);

CREATE TABLE reviewer_sessions (
    session_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES reviewers (name),
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    ended_at TEXT
);

-- Which mail a reviewer had open in front of them in a session: without such a row nothing is approved.
CREATE TABLE reviewer_opened (
    session_hash TEXT NOT NULL REFERENCES reviewer_sessions (session_hash),
    reply_id TEXT NOT NULL REFERENCES replies (id),
    digest TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY (session_hash, reply_id, digest)
);

-- What came of a form, told after the redirect that follows it.
CREATE TABLE reviewer_outcomes (
    id TEXT PRIMARY KEY,
    session_hash TEXT NOT NULL REFERENCES reviewer_sessions (session_hash),
    told_at TEXT NOT NULL,
    report TEXT NOT NULL              -- JSON, without any customer's words
);

-- A reviewer's corrected text. Written before the old reply is cancelled and the new one drafted, so that a crash between
-- the two loses no words: whoever opens the old reply is offered to finish it.
CREATE TABLE reviewer_corrections (
    old_reply_id TEXT PRIMARY KEY REFERENCES replies (id),
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL,
    new_reply_id TEXT REFERENCES replies (id)
);

CREATE INDEX reviewer_corrections_new ON reviewer_corrections (new_reply_id);
