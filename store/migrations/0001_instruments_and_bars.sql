-- Instruments by name, and the closed bars of every frame.

CREATE TABLE instruments (
    name        text COLLATE "C" PRIMARY KEY,  -- venue:symbol
    id          bigint NOT NULL UNIQUE,        -- its number on the hot path, a hash of the name
    venue       text NOT NULL,
    symbol      text NOT NULL,
    market_slug text NOT NULL,
    simulated   boolean NOT NULL
);

CREATE INDEX instruments_by_symbol ON instruments (symbol);

-- Partitioned by month of open_time; store/partitions.py makes the months that are written to.
CREATE TABLE bars (
    instrument   text COLLATE "C" NOT NULL,    -- instruments.name
    timeframe    text COLLATE "C" NOT NULL,
    open_time    timestamptz NOT NULL,
    close_time   timestamptz NOT NULL,         -- the first instant that is not in the bar
    open         double precision NOT NULL,
    high         double precision NOT NULL,
    low          double precision NOT NULL,
    close        double precision NOT NULL,
    volume       double precision NOT NULL,    -- base units
    quote_volume double precision,             -- null: the input did not say
    buy_volume   double precision,             -- taker buys, base units
    trades       bigint,
    synthetic    boolean NOT NULL,             -- no trade fell in the bar
    incomplete   boolean NOT NULL,             -- trades are known or likely to be missing
    PRIMARY KEY (instrument, timeframe, open_time),
    CHECK (open_time < close_time),
    CHECK (low <= high)
) PARTITION BY RANGE (open_time);
