-- A paper account for each branch: traded instruments, and prediction markets with their own costs.

ALTER TABLE account_equity ADD COLUMN account text COLLATE "C" NOT NULL DEFAULT 'instruments';
ALTER TABLE account_equity DROP CONSTRAINT account_equity_pkey, ADD PRIMARY KEY (account, day);

ALTER TABLE signal_performance ADD COLUMN account text COLLATE "C" NOT NULL DEFAULT 'instruments';
ALTER TABLE signal_performance DROP CONSTRAINT signal_performance_pkey, ADD PRIMARY KEY (account, signal_type);

ALTER TABLE confidence_buckets ADD COLUMN account text COLLATE "C" NOT NULL DEFAULT 'instruments';
ALTER TABLE confidence_buckets
    DROP CONSTRAINT confidence_buckets_pkey, ADD PRIMARY KEY (account, bucket_min, bucket_max);
