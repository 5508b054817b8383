-- The audit log is kept as long as [security] audit_days says, and nobody can shorten that to less than 30 days.

DROP TRIGGER audit_log_stays ON audit_log;
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR TRUNCATE ON audit_log EXECUTE FUNCTION audit_log_stays();

CREATE FUNCTION audit_log_ages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at > now() - interval '30 days' THEN
        RAISE EXCEPTION 'the audit log is only added to, and kept for 30 days at least';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER audit_log_ages BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_ages();
