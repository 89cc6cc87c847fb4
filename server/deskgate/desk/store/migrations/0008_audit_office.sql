-- What an operator does with the audit trail: its keys are found without reading it through, and what was archived can be
-- dropped while the rest still verifies.
CREATE INDEX audit_records_keys ON audit_records (seq) WHERE ev IN ('log.start', 'key.rotate');

-- Where the records that were kept begin: the tree and the hash of the line before them.
ALTER TABLE audit_archives ADD COLUMN frontier TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_archives ADD COLUMN prev TEXT NOT NULL DEFAULT '';
