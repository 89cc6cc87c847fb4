-- A seat belt, not proof: whoever may write this file may drop these triggers too.
CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
BEGIN
    SELECT RAISE(ABORT, 'audit records are never changed');
END;

CREATE TRIGGER audit_records_kept BEFORE DELETE ON audit_records
WHEN NOT EXISTS (SELECT 1 FROM audit_archives WHERE upto > OLD.seq)
BEGIN
    SELECT RAISE(ABORT, 'audit records are dropped only after they were archived');
END;
