-- A seat belt, not proof: whoever owns this database may drop these triggers too.
CREATE FUNCTION audit_records_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit_archives WHERE upto > OLD.seq) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit records are never changed, and dropped only after they were archived';
END;
$$;

CREATE TRIGGER audit_records_stay BEFORE UPDATE OR DELETE ON audit_records
FOR EACH ROW EXECUTE FUNCTION audit_records_stay();
