-- Prediction markets: whales, whose trades they were, and arbitrage while it lasts.

-- The newest revision of each; a later one replaces an earlier one, never the other way.
CREATE TABLE arbitrage_opportunities (
    id                text COLLATE "C" PRIMARY KEY,
    kind              text NOT NULL,                 -- name of the arbitrage
    code              text NOT NULL,                 -- P1 to P8
    group_name        text NOT NULL,                 -- venue:event, or pair:mapping across venues
    slug              text NOT NULL,
    title             text NOT NULL,
    change            text NOT NULL CHECK (change IN ('opened', 'updated', 'closed', 'settled')),
    revision          integer NOT NULL CHECK (revision >= 0),
    opened_at         timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    closed_at         timestamptz,                   -- null: open
    close_reason      text,
    size              numeric NOT NULL,              -- sets
    payoff            numeric NOT NULL,              -- dollars a set; the others are of all sets
    gross             numeric NOT NULL,
    fees              numeric NOT NULL,
    gas               numeric NOT NULL,
    net               numeric NOT NULL,
    capital           numeric NOT NULL,
    edge              double precision NOT NULL,     -- net dollars a set
    edge_after_1_tick double precision NOT NULL,
    roi               double precision NOT NULL,
    apr               double precision,              -- null: it pays at once, or nobody knows when
    best_edge         double precision NOT NULL,     -- over its life
    best_net          double precision NOT NULL,
    best_size         numeric NOT NULL,
    duration_s        double precision NOT NULL,
    plan              json NOT NULL,                 -- legs in the order in which they are sent
    risk              json NOT NULL,                 -- gates, grade and its reasons
    settlement        json NOT NULL,                 -- the plan against the books that followed; null: not yet judged
    simulated         boolean NOT NULL
);

CREATE INDEX arbitrage_opportunities_by_time ON arbitrage_opportunities (opened_at DESC, id DESC);
CREATE INDEX arbitrage_opportunities_by_change ON arbitrage_opportunities (updated_at DESC);
CREATE INDEX arbitrage_opportunities_open ON arbitrage_opportunities (opened_at DESC, id DESC) WHERE closed_at IS NULL;

-- Paper executions that were asked for: each opportunity at most once, and each wish under its own key.
CREATE TABLE arbitrage_executions (
    key            text COLLATE "C" PRIMARY KEY,     -- Idempotency-Key of the request
    opportunity_id text COLLATE "C" NOT NULL UNIQUE,
    revision       integer NOT NULL,                 -- of the opportunity that was meant
    execution_id   text COLLATE "C" NOT NULL,        -- in trade_executions
    at             timestamptz NOT NULL
);

-- What is unknown is null, also what has no meaning for several wallets together.
CREATE TABLE whale_trades (
    id                text COLLATE "C" PRIMARY KEY,
    kind              text NOT NULL CHECK (kind IN ('whale', 'consensus', 'disagreement')),
    token             text NOT NULL,
    market            text NOT NULL,                 -- venue:market id; the token if nobody told of its market
    slug              text NOT NULL,
    outcome           text NOT NULL,                 -- what people call the token's answer; '': nobody told
    wallet            text,                          -- address, or number where that is not known; null: several
    detected_at       timestamptz NOT NULL,          -- when it was known
    first_at          timestamptz NOT NULL,
    last_at           timestamptz NOT NULL,
    side              text NOT NULL CHECK (side IN ('buy', 'sell', 'unknown')),
    direction         integer NOT NULL CHECK (direction IN (-1, 0, 1)),  -- 1: for the market's first answer
    notional          double precision NOT NULL,     -- dollars
    max_gain          double precision,              -- dollars
    contracts         double precision,
    vwap              double precision,
    fills             integer NOT NULL,
    rank              double precision,              -- share of recent episodes of its market that are smaller
    rank_n            double precision NOT NULL,     -- episodes that stands on
    share             double precision,              -- of the market's trailing volume
    wallets           integer NOT NULL,
    against           integer NOT NULL,
    posterior         double precision,              -- of a consensus: P(more than half take this side)
    chance            double precision,              -- of a consensus: P(as many wallets come by chance)
    record            json NOT NULL,                 -- of its wallet, as then known; null: none
    revision          integer NOT NULL CHECK (revision >= 0),
    status            text NOT NULL CHECK (status IN ('emitted', 'suppressed')),
    suppressed_reason text,
    reason            text NOT NULL,
    simulated         boolean NOT NULL,
    CHECK ((status = 'suppressed') = (suppressed_reason IS NOT NULL))
);

CREATE INDEX whale_trades_by_time ON whale_trades (detected_at DESC, id DESC);
CREATE INDEX whale_trades_by_market ON whale_trades (slug, detected_at DESC, id DESC);
CREATE INDEX whale_trades_by_wallet ON whale_trades (lower(wallet), detected_at DESC, id DESC);

CREATE TABLE wallets (
    id      text COLLATE "C" PRIMARY KEY,            -- address, or number where that is not known
    seen_at timestamptz NOT NULL,
    record  json NOT NULL                            -- {"markets": 3, "edge": 0.01, …}, as it stood then
);

-- Venues write an address with or without capitals.
CREATE INDEX wallets_by_address ON wallets (lower(id));
