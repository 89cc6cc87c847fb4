-- A reply is one mail that somebody drafted for a ticket. Its row is written before MultiMail hears of it.
CREATE TABLE replies (
    id TEXT PRIMARY KEY,              -- ours, 128 random bits: idempotency key and marker at MultiMail
    version INTEGER NOT NULL,         -- counts the changes of this row; every change names the version it saw
    ticket_id INTEGER NOT NULL,
    words TEXT NOT NULL,              -- SHA-256 of ticket and body: the same words are the same reply
    mailbox TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    footer TEXT,                      -- what MultiMail put under the body, as first seen
    thread_id TEXT,
    message_id TEXT,
    digest TEXT,
    seen TEXT NOT NULL,               -- the ticket as the drafter saw it, JSON
    state TEXT NOT NULL,              -- see replies.py
    drafted_by TEXT NOT NULL,
    drafted_at TEXT NOT NULL,
    attempted_at TEXT,                -- when the last remote call for this row began
    decision TEXT,
    decided_by TEXT,
    decided_at TEXT,
    decided_digest TEXT,
    body_checked INTEGER,             -- 0 where MultiMail did not give the body back, so that ours is on record
    reason TEXT,
    sent_at TEXT,
    delivered_at TEXT,
    bounced_at TEXT,
    bounce_type TEXT
);

CREATE UNIQUE INDEX replies_words ON replies (words) WHERE state NOT IN ('cancelled', 'failed');
CREATE UNIQUE INDEX replies_message ON replies (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX replies_ticket ON replies (ticket_id, drafted_at);
CREATE INDEX replies_state ON replies (state, drafted_at);

-- Everybody who drafted these words, so that nobody approves their own text by way of somebody else's draft.
CREATE TABLE drafters (
    reply_id TEXT NOT NULL REFERENCES replies (id),
    principal TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (reply_id, principal)
);

-- What a decider was shown when it was not what the drafter saw: the ticket behind a fresh digest.
CREATE TABLE views (
    reply_id TEXT NOT NULL REFERENCES replies (id),
    digest TEXT NOT NULL,
    seen TEXT NOT NULL,
    shown_at TEXT NOT NULL,
    PRIMARY KEY (reply_id, digest)
);

-- A private note on a ticket. Its row is written before Zendesk hears of it, with the stamp that guards the update.
CREATE TABLE notes (
    id TEXT PRIMARY KEY,              -- ours, 128 random bits: the marker inside the update
    version INTEGER NOT NULL,
    ticket_id INTEGER NOT NULL,
    words TEXT NOT NULL,              -- SHA-256 of ticket and text
    text TEXT NOT NULL,
    stamp TEXT NOT NULL,              -- the ticket's updated_at that the update is conditional on
    state TEXT NOT NULL,              -- posting, posted, failed
    written_by TEXT NOT NULL,
    written_at TEXT NOT NULL,
    comment_id INTEGER,
    posted_at TEXT
);

CREATE INDEX notes_words ON notes (words, written_at);
CREATE UNIQUE INDEX notes_posting ON notes (words) WHERE state = 'posting';
