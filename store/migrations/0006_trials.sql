-- Every backtest that was run, as its ledger file says it.

CREATE TABLE trials (
    id        text COLLATE "C" PRIMARY KEY,      -- hash of the line in its ledger, the line before it included
    previous  text NOT NULL,                     -- hash of that line; '': the first
    number    bigint NOT NULL CHECK (number > 0),
    at        timestamptz NOT NULL,
    name      text NOT NULL,
    files     jsonb NOT NULL,                    -- hash of the content of each input file
    config    text NOT NULL,                     -- hash of all that decides the output
    first_day bigint NOT NULL,                   -- of the returns, days since 1970
    returns   json NOT NULL,                     -- net, of each UTC day that was judged
    sharpe    double precision                   -- of them, per day; null: undefined
);

CREATE INDEX trials_by_time ON trials (at DESC, id DESC);
CREATE INDEX trials_by_files ON trials USING gin (files);

-- An attempt that can be taken back flatters the next one.
CREATE FUNCTION trials_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'trials are only added to: whoever forgets attempts believes in luck';
END
$$;

CREATE TRIGGER trials_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON trials EXECUTE FUNCTION trials_stay();
