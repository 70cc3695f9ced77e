-- 0004_events.sql: what happened, and the work that follows from it.

CREATE TABLE events (
    seq     BIGINT NOT NULL PRIMARY KEY,   -- from counters, without gaps, in commit order
    kind    TEXT   NOT NULL,               -- vouchsafe_domain::event::EventKind
    actor   TEXT   NOT NULL,               -- account name, 'system' or 'anonymous'
    subject TEXT   NOT NULL,               -- package URL, account name or pattern
    details TEXT   NOT NULL,               -- JSON
    at      BIGINT NOT NULL
);

CREATE INDEX events_by_subject ON events (subject, seq);

CREATE TABLE jobs (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,           -- e.g. 'index.render'
    payload     TEXT   NOT NULL,           -- JSON
    priority    BIGINT NOT NULL,           -- higher runs first
    unique_key  TEXT,                      -- NULL: never folded into a waiting job
    run_at      BIGINT NOT NULL,           -- not before
    attempts    BIGINT NOT NULL,           -- how often it was claimed
    locked_by   TEXT,                      -- the worker that holds it
    lease_until BIGINT,                    -- after this, another worker may take it
    last_error  TEXT
);

-- Only waiting jobs fold: a job that already runs may have read what has changed since.
CREATE UNIQUE INDEX jobs_waiting_once ON jobs (kind, unique_key) WHERE locked_by IS NULL;
CREATE INDEX jobs_by_turn ON jobs (priority, run_at);
