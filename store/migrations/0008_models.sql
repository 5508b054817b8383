-- Models that judge candidates, and what each of them looks at.

CREATE TABLE models (
    id           text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),  -- hash of the bundle
    model_type   text NOT NULL,                  -- 'lightgbm'
    trained_at   timestamptz NOT NULL,
    activated_at timestamptz,                    -- when it first judged live; null: never
    retired_at   timestamptz,                    -- when another took its place; null: never
    first_at     timestamptz NOT NULL,           -- of the candidates it learned from
    last_at      timestamptz NOT NULL,
    candidates   bigint NOT NULL CHECK (candidates >= 0),
    features     jsonb NOT NULL,                 -- names, in the order of its columns
    schema_hash  text NOT NULL,                  -- of those names
    metrics      json NOT NULL                   -- out of sample: {"brier": 0.21, …}; what is undefined is null
);

CREATE INDEX models_by_time ON models (trained_at DESC, id DESC);

-- One row for each feature at each load of a model; shares of all, which add up to 1.
CREATE TABLE feature_importance (
    model_id     text COLLATE "C" NOT NULL,
    model_type   text NOT NULL,
    at           timestamptz NOT NULL,           -- when the model was loaded
    feature_name text COLLATE "C" NOT NULL,
    importance   double precision NOT NULL CHECK (importance >= 0 AND importance <= 1),  -- by gain
    split_share  double precision NOT NULL CHECK (split_share >= 0 AND split_share <= 1),
    PRIMARY KEY (model_id, at, feature_name)
);

CREATE INDEX feature_importance_by_time ON feature_importance (model_type, at DESC, model_id DESC);
