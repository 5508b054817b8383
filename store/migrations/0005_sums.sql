-- What trades and outcomes came to, day by day: what analytics read instead of a million rows.

-- Sums are numeric and exact: they do not depend on how the trades came in batches. Each trade stands
-- in the row of its part (kind and name) for its symbol and for all symbols together, on its day and for
-- all days together.
CREATE TABLE trade_days (
    symbol          text COLLATE "C" NOT NULL,    -- '': all of them
    kind            text COLLATE "C" NOT NULL CHECK (kind IN ('overall', 'signal_type', 'regime', 'confidence')),
    name            text COLLATE "C" NOT NULL,    -- 'overall', the strategy, the regime, the bucket as in '0.5-0.6'
    day             date NOT NULL,                -- UTC, of the exit; 0001-01-01: all of them
    trades          bigint NOT NULL,
    wins            bigint NOT NULL,              -- net of costs
    losses          bigint NOT NULL,
    total_pnl       numeric NOT NULL,             -- quote units, net
    gains           numeric NOT NULL,             -- sum of what winners earned
    losings         numeric NOT NULL,             -- sum of what losers lost, above 0
    least_pnl       double precision NOT NULL,
    greatest_pnl    double precision NOT NULL,
    peak            numeric NOT NULL,             -- highest running sum of pnl, which begins at 0 each day
    low             numeric NOT NULL,             -- lowest running sum
    drawdown        numeric NOT NULL,             -- deepest fall from the highest so far, at most 0
    day_return      numeric NOT NULL,             -- pnl over the equity before each trade, summed
    total_r         numeric NOT NULL,
    r_squares       numeric NOT NULL,
    least_r         double precision NOT NULL,
    greatest_r      double precision NOT NULL,
    duration_s      numeric NOT NULL,             -- sum of exit less entry
    predicted       bigint NOT NULL,              -- trades that had a probability at the decision
    predicted_wins  bigint NOT NULL,
    probability_sum numeric NOT NULL,
    brier_sum       numeric NOT NULL,
    PRIMARY KEY (symbol, kind, name, day)
);

CREATE INDEX trade_days_of_symbols ON trade_days (day) WHERE kind = 'overall' AND symbol <> '';

-- How signals ended, entered or not.
CREATE TABLE outcome_days (
    symbol          text COLLATE "C" NOT NULL,    -- '': all of them
    timeframe       text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL,    -- emitted or suppressed
    day             date NOT NULL,                -- UTC, of the exit
    outcomes        bigint NOT NULL,
    entered         bigint NOT NULL,
    wins            bigint NOT NULL,              -- entered, net return above 0
    losses          bigint NOT NULL,
    tp_hit          bigint NOT NULL,
    sl_hit          bigint NOT NULL,
    expired         bigint NOT NULL,
    total_pct       numeric NOT NULL,             -- sums over those entered
    pct_squares     numeric NOT NULL,
    least_pct       double precision,
    greatest_pct    double precision,
    total_r         numeric NOT NULL,
    r_squares       numeric NOT NULL,
    duration_s      numeric NOT NULL,
    PRIMARY KEY (symbol, timeframe, status, day)
);

-- Probabilities as stated at the decision, counted by steps of one hundredth.
CREATE TABLE forecast_days (
    signal_type     text COLLATE "C" NOT NULL,    -- '': all of them
    status          text COLLATE "C" NOT NULL,
    step            smallint NOT NULL CHECK (step BETWEEN 0 AND 99),
    day             date NOT NULL,
    forecasts       bigint NOT NULL,
    wins            bigint NOT NULL,
    probability_sum numeric NOT NULL,
    brier_sum       numeric NOT NULL,
    PRIMARY KEY (signal_type, status, step, day)
);
