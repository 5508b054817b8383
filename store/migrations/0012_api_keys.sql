-- Who may use the API, and who did what with it.

CREATE TABLE api_keys (
    id           text COLLATE "C" PRIMARY KEY,   -- the public half of the key
    name         text NOT NULL,
    digest       bytea NOT NULL CHECK (length(digest) = 32),  -- SHA-256 of the secret half
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,                    -- null: never
    revoked_at   timestamptz,                    -- null: it was not
    last_used_at timestamptz                     -- exact to a minute; null: never
);

CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    action     text NOT NULL,                    -- key_created, key_revoked, execute
    actor      text NOT NULL,                    -- key:<id>, token:<subject>, local, or the command line
    object     text NOT NULL,                    -- what it was done to
    address    text NOT NULL DEFAULT '',         -- where the request came from
    request_id text NOT NULL DEFAULT ''
);

CREATE INDEX audit_log_by_time ON audit_log (at DESC, id DESC);

-- Whoever can change what was written down can deny it.
CREATE FUNCTION audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to';
END
$$;

CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log EXECUTE FUNCTION audit_log_stays();
