-- 0005_policy.sql: names that belong to this registry, and entries of the operator's lists.

CREATE TABLE claims (
    registry_id TEXT    NOT NULL REFERENCES registries (id),
    pattern     TEXT    NOT NULL,          -- vouchsafe_domain::NamePattern, e.g. pkg:npm/@acme/*
    ecosystem   TEXT    NOT NULL,          -- the pattern taken apart
    name_text   TEXT    NOT NULL,
    is_prefix   BOOLEAN NOT NULL,
    author      TEXT    NOT NULL,          -- account name or 'system'
    reason      TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (registry_id, pattern)
);

CREATE TABLE policy_entries (
    id          TEXT   NOT NULL PRIMARY KEY,
    registry_id TEXT   NOT NULL REFERENCES registries (id),
    kind        TEXT   NOT NULL,           -- 'deny', 'allow' or 'exempt'
    pattern     TEXT   NOT NULL,           -- vouchsafe_domain::NamePattern
    version     TEXT,                      -- exact display version; NULL: every version
    reason      TEXT   NOT NULL,
    author      TEXT   NOT NULL,           -- account name or 'system'
    created_at  BIGINT NOT NULL,
    ends_at     BIGINT                     -- NULL: until it is removed
);

CREATE INDEX policy_entries_by_registry ON policy_entries (registry_id);
