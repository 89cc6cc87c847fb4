-- Who was forgotten may still call a mail spam that they got before. The hash of their address stands on the replies that
-- went out to them, so that this wish is heeded; see suppressions for what is known of a hash.
ALTER TABLE replies ADD COLUMN erased_hash TEXT;

DELETE FROM suppressions WHERE address = '(erased)';
