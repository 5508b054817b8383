-- What went wrong with the input, kept so that nothing is lost silently.

CREATE TABLE rejects (
    id       text COLLATE "C" PRIMARY KEY,       -- hash of the other columns
    source   text NOT NULL,                      -- file name or stream
    position bigint NOT NULL,                    -- line, row or entry in the source, from 1
    reason   text NOT NULL,
    raw      bytea NOT NULL,                     -- the input as it came, at most 1,000 bytes
    at       timestamptz                         -- event or receive time; null: unknown
);

CREATE INDEX rejects_by_source ON rejects (source, position);

CREATE TABLE gaps (
    id          text COLLATE "C" PRIMARY KEY,    -- hash of instrument, detected_at and the ids
    instrument  text COLLATE "C" NOT NULL,
    detected_at timestamptz NOT NULL,            -- close time of the bar that shows it
    first_id    bigint,                          -- trade ids around the hole; null: the feed marked it
    last_id     bigint,
    missing     bigint CHECK (missing >= 0)      -- null: unknown
);

CREATE INDEX gaps_by_time ON gaps (detected_at DESC, id DESC);
