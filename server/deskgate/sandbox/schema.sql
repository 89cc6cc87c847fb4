PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;

CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Zendesk: each record is kept as the document that the service answers with.
CREATE TABLE IF NOT EXISTS person (id INTEGER PRIMARY KEY, email TEXT, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    changed_at INTEGER NOT NULL,   -- epoch ms of the last change; the search index lags behind it
    indexed TEXT                   -- the document as the search index knew it before that change
);
CREATE TABLE IF NOT EXISTS comment (id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comment_of_ticket ON comment (ticket_id, id);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    made_at INTEGER NOT NULL,      -- epoch ms
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_of_ticket ON audit (ticket_id, id);
CREATE TABLE IF NOT EXISTS creation (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    made_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS oauth_token (
    access_token TEXT PRIMARY KEY,
    refresh_token TEXT,
    scope TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    expires_at INTEGER             -- epoch ms; NULL: never
) WITHOUT ROWID;

-- MultiMail, and the webhooks of both. All times are epoch ms.
CREATE TABLE IF NOT EXISTS mailbox (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    display_name TEXT,
    oversight_mode TEXT NOT NULL,
    signature_block TEXT,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS email (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    mailbox_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    cc TEXT NOT NULL,
    bcc TEXT NOT NULL,
    subject TEXT NOT NULL,
    markdown TEXT NOT NULL,
    footer TEXT NOT NULL,
    attachments TEXT NOT NULL,
    status TEXT NOT NULL,
    held INTEGER NOT NULL,          -- 1: wants a decision before it goes on
    received_at INTEGER NOT NULL,
    scan_until INTEGER,
    thread_id TEXT NOT NULL,
    header_id TEXT NOT NULL,        -- its Message-ID header
    in_reply_to TEXT,
    ancestors TEXT NOT NULL,        -- its References, oldest first
    tags TEXT NOT NULL,
    metadata TEXT,
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,      -- for the same-content check
    approved_at INTEGER,
    approved_by TEXT,
    reason TEXT,
    deliver_at INTEGER,             -- set when it is let out, cleared when it has arrived or bounced
    delivered_at INTEGER,
    bounced_at INTEGER,
    bounce_type TEXT,
    file TEXT                       -- its name in the Maildir
);
CREATE INDEX IF NOT EXISTS email_in_mailbox ON email (mailbox_id, received_at);
CREATE INDEX IF NOT EXISTS email_in_thread ON email (thread_id, number);
CREATE INDEX IF NOT EXISTS email_by_status ON email (status, scan_until);
CREATE INDEX IF NOT EXISTS email_by_key ON email (idempotency_key);
CREATE INDEX IF NOT EXISTS email_by_time ON email (received_at);
CREATE INDEX IF NOT EXISTS email_by_fingerprint ON email (fingerprint, received_at);
CREATE INDEX IF NOT EXISTS email_arriving ON email (deliver_at) WHERE deliver_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS allowlist (
    id TEXT PRIMARY KEY,
    mailbox_id TEXT NOT NULL,
    pattern TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    note TEXT,
    UNIQUE (mailbox_id, pattern)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suppression (
    id TEXT PRIMARY KEY,
    email_address TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    mailbox_id TEXT,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhook (
    id TEXT PRIMARY KEY,
    service TEXT NOT NULL,          -- multimail, zendesk
    form TEXT NOT NULL,             -- how it was registered: v1, short; Zendesk's: trigger
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    mailbox_id TEXT,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    invocation TEXT NOT NULL,       -- the same for both of a doubled delivery
    webhook_id TEXT NOT NULL,
    service TEXT NOT NULL,
    event_type TEXT NOT NULL,
    url TEXT NOT NULL,              -- where it went, or would go
    body TEXT NOT NULL,
    status TEXT NOT NULL,           -- pending, delivered, failed
    attempts INTEGER NOT NULL,
    response_status INTEGER,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_attempt_at INTEGER
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (status, due_at);
CREATE TABLE IF NOT EXISTS operator_code (
    purpose TEXT PRIMARY KEY,       -- what the operator would be approving
    code TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit_entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    actor_key_id TEXT NOT NULL,
    metadata TEXT,
    created_at INTEGER NOT NULL
);
