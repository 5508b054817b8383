-- By which readers of the feed notice that it lost entries, and know from when on the ledger has to make up for them.

ALTER TABLE webhook_positions
    ADD COLUMN at    timestamptz,                     -- the newest time that a message spoke of; null: none did
    ADD COLUMN epoch text NOT NULL DEFAULT '';        -- life of the feed that seq belongs to; '': nobody wrote it down
