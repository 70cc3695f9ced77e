-- 0012_namespaces.sql: beginnings of package names that belong to accounts, and claims to them.

CREATE TABLE namespaces (
    id          TEXT   NOT NULL PRIMARY KEY,
    registry_id TEXT   NOT NULL REFERENCES registries (id),
    ecosystem   TEXT   NOT NULL,
    prefix      TEXT   NOT NULL,           -- canonical, e.g. 'com.acme' or '@acme'
    account_id  TEXT   NOT NULL REFERENCES accounts (id),
    method      TEXT   NOT NULL,           -- vouchsafe_domain::NamespaceMethod
    proof       TEXT,                      -- a domain, or 'io.github/user'; NULL: the operator's word
    challenge   TEXT   NOT NULL,           -- what the proof must show; public
    state       TEXT   NOT NULL,           -- vouchsafe_domain::NamespaceState
    misses      BIGINT NOT NULL,           -- how often in a row the proof was not found
    created_at  BIGINT NOT NULL,
    verified_at BIGINT,                    -- the last time that it became verified
    checked_at  BIGINT,                    -- the last time that the proof was looked for
    UNIQUE (registry_id, ecosystem, prefix, account_id)
);

-- Claims hold nobody off; a namespace that was proved once has one owner.
CREATE UNIQUE INDEX namespaces_held ON namespaces (registry_id, ecosystem, prefix)
    WHERE state IN ('verified', 'frozen');

CREATE INDEX namespaces_by_account ON namespaces (account_id);
