-- 0013_git_sources.sql: git repositories whose tags become releases, and what became of each tag.

CREATE TABLE git_sources (
    id             TEXT   NOT NULL PRIMARY KEY,
    registry_id    TEXT   NOT NULL REFERENCES registries (id),
    ecosystem      TEXT   NOT NULL,
    canonical      TEXT   NOT NULL,       -- canonical name of the package
    url            TEXT   NOT NULL,       -- never with a credential
    account_id     TEXT   NOT NULL REFERENCES accounts (id),  -- in whose name is published
    webhook_secret TEXT   NOT NULL,       -- readable: an HMAC is checked with the secret itself
    state          TEXT   NOT NULL,       -- vouchsafe_store::GitSourceState
    note           TEXT   NOT NULL,       -- of the last import, for people
    created_at     BIGINT NOT NULL,
    tried_at       BIGINT,                -- last import, however it ended; NULL: none yet
    imported_at    BIGINT,                -- last import that went through
    UNIQUE (registry_id, ecosystem, canonical)
);

CREATE TABLE git_tags (
    source_id  TEXT   NOT NULL REFERENCES git_sources (id),
    tag        TEXT   NOT NULL,
    target     TEXT   NOT NULL,           -- object that it led to when this was decided
    outcome    TEXT   NOT NULL,           -- vouchsafe_store::GitTagOutcome
    note       TEXT   NOT NULL,           -- why, for people
    moved_to   TEXT,                      -- where it led later, after it was published
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (source_id, tag)
);
