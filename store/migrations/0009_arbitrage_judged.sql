-- What became of opportunities that were taken on paper.

ALTER TABLE arbitrage_executions
    ADD COLUMN plan_revision integer NOT NULL DEFAULT 0,      -- of the opportunity, with which the plan came
    ADD COLUMN settlement    json,                            -- of that plan; null: not yet judged
    ADD COLUMN ended         boolean NOT NULL DEFAULT false;  -- its paper trade is closed

CREATE INDEX arbitrage_executions_open ON arbitrage_executions (opportunity_id) WHERE NOT ended;
