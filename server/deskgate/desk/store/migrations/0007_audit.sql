-- The audit trail. Records are added in the transaction that changes what they tell of, and never changed.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY,           -- always 1: the one row that every record's transaction locks
    log TEXT NOT NULL,                -- the log's name, made once
    size INTEGER NOT NULL,
    prev TEXT NOT NULL,               -- SHA-256 of the newest line
    ts TEXT NOT NULL,
    frontier TEXT NOT NULL            -- the Merkle tree's complete subtrees
);

CREATE TABLE audit_records (
    seq INTEGER PRIMARY KEY,
    line BLOB NOT NULL,               -- canonical JSON: exactly what is hashed
    ev TEXT NOT NULL,
    ts TEXT NOT NULL,
    ticket_id INTEGER,
    reply_id TEXT
);

CREATE INDEX audit_records_ticket ON audit_records (ticket_id, seq);
CREATE INDEX audit_records_reply ON audit_records (reply_id, seq);
CREATE INDEX audit_records_ts ON audit_records (ts);

-- Personal data beside the log. Deleting a row is erasing: the record still verifies and its text is gone.
CREATE TABLE audit_personal (
    name TEXT PRIMARY KEY,            -- as the record names it
    seq INTEGER NOT NULL,
    secret BLOB NOT NULL,
    text TEXT NOT NULL,
    person TEXT,                      -- whose data it is, see people.key_of
    ticket_id INTEGER
);

CREATE INDEX audit_personal_person ON audit_personal (person, seq);
CREATE INDEX audit_personal_seq ON audit_personal (seq);

CREATE TABLE audit_checkpoints (
    size INTEGER PRIMARY KEY,
    note BLOB NOT NULL,
    signed_at TEXT NOT NULL
);

-- While a hold stands, nothing of that person is erased.
CREATE TABLE audit_holds (
    person TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL,
    released_at TEXT
);

-- Records below this number were archived to an export, and may be dropped here.
CREATE TABLE audit_archives (
    upto INTEGER PRIMARY KEY,
    root TEXT NOT NULL,
    folder TEXT NOT NULL,
    archived_at TEXT NOT NULL
);
