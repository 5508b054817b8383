-- What the engine concludes: events, signals, and how each signal ended.

-- Partitioned by month of detected_at, as bars are by open_time.
CREATE TABLE events (
    id          text COLLATE "C" NOT NULL,
    venue       text NOT NULL,
    symbol      text NOT NULL,
    timeframe   text NOT NULL,
    detector    text NOT NULL,
    direction   smallint NOT NULL CHECK (direction IN (-1, 0, 1)),
    strength    double precision NOT NULL CHECK (strength > 0 AND strength <= 1),
    detected_at timestamptz NOT NULL,
    simulated   boolean NOT NULL,
    PRIMARY KEY (detected_at, id)
) PARTITION BY RANGE (detected_at);

CREATE INDEX events_by_symbol ON events (symbol, detected_at DESC, id DESC);

-- Emitted and suppressed alike, for every candidate is graded. The columns of numbers keep what JSON
-- said, digit by digit and in its order, so a signal read back equals the signal announced: json, not jsonb.
CREATE TABLE signals (
    id                text COLLATE "C" PRIMARY KEY,
    venue             text NOT NULL,
    symbol            text NOT NULL,
    market_slug       text NOT NULL,
    signal_type       text NOT NULL,             -- the strategy
    timeframe         text NOT NULL,
    direction         text NOT NULL CHECK (direction IN ('long', 'short')),
    detected_at       timestamptz NOT NULL,
    entry_price       double precision NOT NULL,
    take_profit       double precision NOT NULL,
    stop_loss         double precision NOT NULL,
    expires_at        timestamptz NOT NULL,
    status            text NOT NULL CHECK (status IN ('emitted', 'suppressed')),
    suppressed_reason text,
    raw_confidence    double precision NOT NULL CHECK (raw_confidence >= 0 AND raw_confidence <= 1),
    mtf_aligned       boolean NOT NULL,
    mtf_score         double precision NOT NULL CHECK (mtf_score >= 0 AND mtf_score <= 1),
    mtf_details       json NOT NULL,             -- {"5m": {"direction": 1, "strength": 0.4}, …}
    events            jsonb NOT NULL,            -- ["breakout", …]
    features          json NOT NULL,             -- {"rsi_14": 61.2, …}; null: not warm
    reason            text NOT NULL,
    simulated         boolean NOT NULL,
    regime            text,
    adjusted_score    double precision,
    time_decay_factor double precision,
    historical_boost  double precision,
    correlation_boost double precision,
    risk_penalty      double precision,
    final_score       double precision,
    ranking           integer,
    probability       double precision CHECK (probability >= 0 AND probability <= 1),
    expected_value_r  double precision,
    model_version     text,
    correlations      jsonb NOT NULL,            -- ids of signals
    CHECK ((status = 'suppressed') = (suppressed_reason IS NOT NULL))
);

-- One for each way the API pages, newest first.
CREATE INDEX signals_by_time ON signals (detected_at DESC, id DESC);
CREATE INDEX signals_by_symbol ON signals (symbol, detected_at DESC, id DESC);
CREATE INDEX signals_by_market ON signals (market_slug, detected_at DESC, id DESC);

-- No foreign key: the outcome of a signal is a fact of its own, and may be kept longer or come first.
CREATE TABLE outcomes (
    signal_id   text COLLATE "C" PRIMARY KEY,
    outcome     text NOT NULL CHECK (outcome IN ('tp_hit', 'sl_hit', 'expired')),
    entry_at    timestamptz,                     -- null: never entered
    exit_at     timestamptz NOT NULL,
    entry_price double precision,
    exit_price  double precision,
    return_pct  double precision,                -- net of fees and slippage
    return_r    double precision,                -- the same in units of the planned risk
    best_r      double precision,
    worst_r     double precision,
    duration_s  double precision
);

CREATE INDEX outcomes_by_time ON outcomes (exit_at DESC, signal_id DESC);

-- What is committed and not yet announced. Rows live for milliseconds, or until Redis is back.
CREATE TABLE outbox (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text NOT NULL,
    payload text NOT NULL                        -- JSON, byte for byte as it will be announced
);
