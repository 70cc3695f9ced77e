-- 0009_deployments.sql: files that were sent and wait for the rest of their release.

-- Either one release that comes file by file (canonical and version are set; the row goes away when
-- it is published), or a bundle of several (both are NULL; the row stays until it is old).
CREATE TABLE deployments (
    id          TEXT   NOT NULL PRIMARY KEY,
    registry_id TEXT   NOT NULL REFERENCES registries (id),
    ecosystem   TEXT   NOT NULL,
    account_id  TEXT   NOT NULL REFERENCES accounts (id),
    canonical   TEXT,                      -- canonical package name
    version     TEXT,                      -- canonical version
    name        TEXT   NOT NULL,           -- for people
    state       TEXT   NOT NULL,           -- vouchsafe_domain::deploy::DeploymentState
    problems    TEXT   NOT NULL,           -- JSON: [["<package URL>","<sentence>"],...]
    releases    TEXT   NOT NULL,           -- JSON: package URLs of what it publishes
    revision    BIGINT NOT NULL,           -- grows with every change of its files
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (registry_id, ecosystem, account_id, canonical, version)
);

CREATE INDEX deployments_by_age ON deployments (updated_at);

CREATE TABLE staged_files (
    deployment_id     TEXT   NOT NULL REFERENCES deployments (id),
    display           TEXT   NOT NULL,     -- package name as sent
    canonical         TEXT   NOT NULL,     -- canonical package name
    version_display   TEXT   NOT NULL,
    version_canonical TEXT   NOT NULL,
    filename          TEXT   NOT NULL,
    size_bytes        BIGINT NOT NULL CHECK (size_bytes >= 0),
    sha256            TEXT   NOT NULL,     -- lower-case hex; the blob's address
    digests           TEXT   NOT NULL,     -- JSON, e.g. {"sha1":"<hex>"}
    staged_at         BIGINT NOT NULL,
    PRIMARY KEY (deployment_id, canonical, version_canonical, filename)
);

CREATE INDEX staged_files_by_sha256 ON staged_files (sha256);
