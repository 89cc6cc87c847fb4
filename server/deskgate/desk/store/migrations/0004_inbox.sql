-- What arrived, by a webhook or found by the reconciler, as it came: nobody has read it when its row is written.
CREATE TABLE inbox_events (
    number INTEGER PRIMARY KEY,       -- the order of arrival
    source TEXT NOT NULL,             -- multimail, zendesk: signed webhooks; reconcile: found by asking
    event_id TEXT NOT NULL,           -- the sender's id where it gives one, else the hash of what was signed
    body_hash TEXT NOT NULL,          -- SHA-256 of the raw body
    signed_hash TEXT,                 -- SHA-256 of all that was signed, where that is more than the body
    headers TEXT NOT NULL,            -- JSON: the few headers that matter later
    body BLOB NOT NULL,
    received_at TEXT NOT NULL,
    state TEXT NOT NULL,              -- new, done, flagged (same id, other body: never worked on), dead
    lane TEXT,                        -- what it is about; events of one lane are worked on one at a time, in order
    tries INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL DEFAULT 0,       -- epoch ms: not before
    leased_until INTEGER NOT NULL DEFAULT 0, -- epoch ms: a worker has it until then
    fence INTEGER NOT NULL DEFAULT 0,        -- counts the leases; a worker that lost its lease writes nothing
    trouble TEXT,                     -- the code and sentence of the last failure
    done_at TEXT
);

CREATE UNIQUE INDEX inbox_events_once ON inbox_events (source, event_id, body_hash);
CREATE UNIQUE INDEX inbox_events_signed ON inbox_events (source, signed_hash);
CREATE INDEX inbox_events_open ON inbox_events (number) WHERE state = 'new';
CREATE INDEX inbox_events_lane ON inbox_events (lane, number) WHERE state = 'new';
CREATE INDEX inbox_events_received ON inbox_events (received_at);

-- A remote write that an event asks for. The row is there before the call; one that is found begun is looked up, never
-- blindly repeated. The key says what happened in the world, so two reports of one thing share it.
CREATE TABLE effects (
    key TEXT PRIMARY KEY,             -- as received:<email id>, sent:<reply id>
    marker TEXT NOT NULL UNIQUE,      -- 128 bits: what the remote write carries, and is looked for
    kind TEXT NOT NULL,
    event_number INTEGER NOT NULL,
    ticket_id INTEGER NOT NULL,
    plan TEXT NOT NULL,               -- JSON: what is to be written
    stamp TEXT,                       -- the ticket's stamp that the update is conditional on
    state TEXT NOT NULL,              -- intent, done, given_up
    version INTEGER NOT NULL DEFAULT 1,
    begun_at TEXT NOT NULL,
    attempted_at TEXT,
    remote_id TEXT,
    done_at TEXT
);

CREATE INDEX effects_ticket ON effects (ticket_id, begun_at);
CREATE INDEX effects_event ON effects (event_number);

-- Customers' mails that arrived, in ticket terms.
CREATE TABLE arrivals (
    email_id TEXT PRIMARY KEY,        -- MultiMail's
    ticket_id INTEGER,                -- null: no ticket was found for it
    thread_id TEXT,
    sender TEXT NOT NULL,
    verified INTEGER NOT NULL,        -- 1: the sender is the ticket's requester
    subject TEXT NOT NULL,
    words TEXT NOT NULL,              -- what the customer wrote above the quote
    original TEXT NOT NULL,
    kind TEXT NOT NULL,               -- answer, automatic, bounce, unsubscribe
    arrived_at TEXT NOT NULL
);

CREATE INDEX arrivals_ticket ON arrivals (ticket_id, arrived_at);
CREATE INDEX arrivals_time ON arrivals (arrived_at);

-- Where a closed ticket goes on, whatever thread the customer writes on. A closed ticket never opens again.
CREATE TABLE follow_ups (
    closed_id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL UNIQUE,
    since TEXT NOT NULL
);

-- Nobody on this list gets a mail from here. The address itself is kept, because it must be recognised for years.
CREATE TABLE suppressions (
    address TEXT PRIMARY KEY,         -- as people.key_of writes it
    reason TEXT NOT NULL,
    source TEXT NOT NULL,             -- the event that brought it
    ticket_id INTEGER,
    since TEXT NOT NULL,
    ended_at TEXT
);

-- How far the reconciler has read.
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    set_at TEXT NOT NULL
);
