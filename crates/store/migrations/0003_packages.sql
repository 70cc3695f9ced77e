-- 0003_packages.sql: hosted packages, their releases and files.
-- Removed rows stay as tombstones, so that a name, version or file name is never used again.

CREATE TABLE packages (
    id             TEXT   NOT NULL PRIMARY KEY,
    registry_id    TEXT   NOT NULL REFERENCES registries (id),
    ecosystem      TEXT   NOT NULL,        -- package-URL type, e.g. 'npm'
    display        TEXT   NOT NULL,        -- as the first publisher typed it
    canonical      TEXT   NOT NULL,        -- what is compared
    collision_key  TEXT   NOT NULL,        -- names that look alike share it
    extras         TEXT,                   -- the adapter's own JSON
    summary        TEXT   NOT NULL,
    keywords       TEXT   NOT NULL,        -- JSON, e.g. ["json","parser"]
    newest_version TEXT,                   -- display form; NULL when nothing is listed
    state          TEXT   NOT NULL,        -- vouchsafe_domain::LifecycleState
    revision       BIGINT NOT NULL,        -- grows with every change of anything below
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (registry_id, ecosystem, canonical),
    UNIQUE (registry_id, ecosystem, collision_key)
);

CREATE TABLE package_owners (
    package_id TEXT   NOT NULL REFERENCES packages (id),
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (package_id, account_id)
);

CREATE INDEX package_owners_by_account ON package_owners (account_id);

CREATE TABLE releases (
    id                TEXT   NOT NULL PRIMARY KEY,
    package_id        TEXT   NOT NULL REFERENCES packages (id),
    version_display   TEXT   NOT NULL,
    version_canonical TEXT   NOT NULL,
    manifest          TEXT   NOT NULL,     -- the adapter's own JSON
    state             TEXT   NOT NULL,     -- vouchsafe_domain::LifecycleState
    yanked            TEXT,                -- the reason, may be ''; NULL: not yanked
    deprecated        TEXT,                -- the warning; NULL: not deprecated
    published_at      BIGINT NOT NULL,
    published_by      TEXT   REFERENCES accounts (id),
    UNIQUE (package_id, version_canonical)
);

CREATE TABLE artifacts (
    id           TEXT   NOT NULL PRIMARY KEY,
    package_id   TEXT   NOT NULL REFERENCES packages (id),
    release_id   TEXT   NOT NULL REFERENCES releases (id),
    filename     TEXT   NOT NULL,
    size_bytes   BIGINT NOT NULL CHECK (size_bytes >= 0),
    sha256       TEXT   NOT NULL,          -- lower-case hex; the blob's address
    digests      TEXT   NOT NULL,          -- JSON, e.g. {"sha1":"<hex>"}
    extras       TEXT,                     -- the adapter's own JSON
    published_at BIGINT NOT NULL,
    state        TEXT   NOT NULL,          -- vouchsafe_domain::LifecycleState
    UNIQUE (package_id, filename)
);

CREATE INDEX artifacts_by_release ON artifacts (release_id);
CREATE INDEX artifacts_by_sha256 ON artifacts (sha256);

CREATE TABLE tags (
    package_id TEXT   NOT NULL REFERENCES packages (id),
    tag        TEXT   NOT NULL,            -- e.g. 'latest'
    release_id TEXT   NOT NULL REFERENCES releases (id),
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (package_id, tag)
);

CREATE INDEX tags_by_release ON tags (release_id);

-- Blobs that a row refers to or did. The bytes lie in the blob store under their digest.
CREATE TABLE blobs (
    sha256       TEXT   NOT NULL PRIMARY KEY,  -- lower-case hex
    size_bytes   BIGINT NOT NULL CHECK (size_bytes >= 0),
    created_at   BIGINT NOT NULL,
    condemned_at BIGINT                        -- set while the sweep deletes it
);

-- Inverted index over names, keywords and summaries. Words are BYTEA because both engines
-- compare bytes alike, while the order of TEXT depends on the locale of a PostgreSQL database.
CREATE TABLE search_words (
    word       BYTEA NOT NULL,             -- UTF-8, lower case
    package_id TEXT  NOT NULL REFERENCES packages (id),
    PRIMARY KEY (word, package_id)
);

CREATE INDEX search_words_by_package ON search_words (package_id);
