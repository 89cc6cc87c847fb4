-- Why a held reply no longer fits its ticket, as far as Zendesk told us unasked. A decision always looks for itself.
ALTER TABLE replies ADD COLUMN stale TEXT;
CREATE INDEX replies_thread ON replies (thread_id);
CREATE INDEX replies_sent ON replies (sent_at);
