-- What hooks are told: how far the feed was read, and each delivery until some days after it ended.

CREATE TABLE webhook_positions (
    channel text PRIMARY KEY,
    seq     bigint NOT NULL                      -- of the last message that was looked at
);

CREATE TABLE webhook_deliveries (
    id          text COLLATE "C" PRIMARY KEY,    -- the same at each attempt; receivers know it by this
    hook        text NOT NULL,
    channel     text NOT NULL,
    seq         bigint NOT NULL,
    body        text NOT NULL,
    status      text NOT NULL CHECK (status IN ('waiting', 'delivered', 'given_up')),
    attempts    integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,            -- of the next attempt
    ended_at    timestamptz,                     -- null: it waits
    last_status integer,                         -- of HTTP, at the last attempt; 0: no answer, null: none yet
    last_error  text NOT NULL DEFAULT ''
);

CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (hook, due_at, seq) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE status <> 'waiting';
