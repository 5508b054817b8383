-- Composite signals, paper trades, what they earned, and what was worth an alert.

CREATE TABLE composite_signals (
    id                   text COLLATE "C" PRIMARY KEY,
    venue                text NOT NULL,
    symbol               text NOT NULL,
    market_slug          text NOT NULL,
    pattern_type         text NOT NULL,
    direction            text NOT NULL CHECK (direction IN ('long', 'short', 'neutral')),
    detected_at          timestamptz NOT NULL,
    component_signals    json NOT NULL,          -- [{"kind": "signal", "id": …, "weight": 0.4}, …]
    composite_confidence double precision NOT NULL CHECK (composite_confidence >= 0 AND composite_confidence <= 1),
    correlation_score    double precision NOT NULL CHECK (correlation_score >= 0 AND correlation_score <= 1),
    expected_return      double precision,       -- in R, net of costs; null: nothing was graded yet
    risk_score           double precision NOT NULL CHECK (risk_score >= 0 AND risk_score <= 1),
    regime               text NOT NULL,
    reason               text NOT NULL,
    simulated            boolean NOT NULL
);

CREATE INDEX composite_signals_by_time ON composite_signals (detected_at DESC, id DESC);
CREATE INDEX composite_signals_by_symbol ON composite_signals (symbol, detected_at DESC, id DESC);

-- The newest change of each trade; a later stage replaces an earlier one, never the other way.
CREATE TABLE trade_executions (
    id             text COLLATE "C" PRIMARY KEY,
    signal_id      text COLLATE "C" NOT NULL UNIQUE,
    venue          text NOT NULL,
    symbol         text NOT NULL,
    market_slug    text NOT NULL,
    signal_type    text NOT NULL,
    timeframe      text NOT NULL,
    direction      text NOT NULL CHECK (direction IN ('long', 'short')),
    planned_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    entry_price    double precision NOT NULL,     -- as planned until entry_time
    entry_time     timestamptz,
    exit_price     double precision,
    exit_time      timestamptz,
    shares         double precision NOT NULL,
    notional       double precision NOT NULL,
    risk           double precision NOT NULL,
    fees           double precision NOT NULL,     -- slippage included
    pnl            double precision,              -- net
    pnl_pct        double precision,
    pnl_r          double precision,
    outcome        text NOT NULL CHECK (outcome IN ('planned', 'open', 'win', 'loss', 'even', 'unfilled', 'skipped')),
    skipped_reason text,
    regime         text NOT NULL,
    probability    double precision,
    equity         double precision NOT NULL,     -- of the account after the change
    simulated      boolean NOT NULL,
    stage          smallint NOT NULL              -- 0 planned, 1 open, 2 ended
);

CREATE INDEX trade_executions_by_time ON trade_executions (planned_at DESC, id DESC);
CREATE INDEX trade_executions_by_end ON trade_executions (exit_time DESC, id DESC) WHERE stage = 2;
CREATE INDEX trade_executions_open ON trade_executions (planned_at DESC, id DESC) WHERE stage < 2;

CREATE TABLE account_equity (
    day            timestamptz PRIMARY KEY,       -- the midnight, UTC, at which it was marked
    equity         double precision NOT NULL,
    daily_return   double precision,
    drawdown       double precision NOT NULL,
    open_positions integer NOT NULL,
    gross_exposure double precision
);

-- Sums and counts: rates and intervals are computed of them where they are shown.
CREATE TABLE signal_performance (
    signal_type     text PRIMARY KEY,             -- 'overall' for all of them
    total_trades    bigint NOT NULL,
    wins            bigint NOT NULL,
    losses          bigint NOT NULL,
    streak          bigint NOT NULL,
    total_pnl       double precision NOT NULL,
    avg_pnl         double precision NOT NULL,
    gains           double precision NOT NULL,
    losings         double precision NOT NULL,
    total_r         double precision NOT NULL,
    r_squares       double precision NOT NULL,
    sharpe_ratio    double precision,             -- of daily returns, times the root of 365; null under 2 days
    max_drawdown    double precision NOT NULL,    -- quote units, of the running sum
    predicted       bigint NOT NULL,
    probability_sum double precision NOT NULL,
    brier_sum       double precision NOT NULL,
    days            bigint NOT NULL,
    last_updated    timestamptz NOT NULL
);

CREATE TABLE confidence_buckets (
    bucket_min      double precision NOT NULL,
    bucket_max      double precision NOT NULL,
    total_trades    bigint NOT NULL,
    wins            bigint NOT NULL,
    losses          bigint NOT NULL,
    avg_pnl         double precision NOT NULL,
    total_pnl       double precision NOT NULL,
    total_r         double precision NOT NULL,
    r_squares       double precision NOT NULL,
    predicted       bigint NOT NULL,
    probability_sum double precision NOT NULL,
    brier_sum       double precision NOT NULL,
    last_updated    timestamptz NOT NULL,
    PRIMARY KEY (bucket_min, bucket_max)
);

CREATE TABLE alerts (
    id          text COLLATE "C" PRIMARY KEY,
    kind        text NOT NULL,
    level       text NOT NULL CHECK (level IN ('info', 'warning')),
    message     text NOT NULL,
    at          timestamptz NOT NULL,
    signal_type text,
    value       double precision NOT NULL,
    trades      bigint NOT NULL
);

CREATE INDEX alerts_by_time ON alerts (at DESC, id DESC);
