-- 0006_upstream.sql: what was fetched from upstreams.

-- Index documents, unjudged. A row without body records that the upstream said "not found".
CREATE TABLE upstream_documents (
    registry_id   TEXT   NOT NULL REFERENCES registries (id),
    ecosystem     TEXT   NOT NULL,
    document_key  TEXT   NOT NULL,         -- chosen by vouchsafe-app, e.g. the upstream path
    url           TEXT   NOT NULL,         -- after redirects; relative links resolve against it
    content_type  TEXT,
    etag          TEXT,
    last_modified TEXT,                    -- as the upstream wrote it
    body_sha256   TEXT,                    -- lower-case hex; NULL: not found
    size_bytes    BIGINT NOT NULL CHECK (size_bytes >= 0),
    status        BIGINT NOT NULL,         -- HTTP status
    fetched_at    BIGINT NOT NULL,         -- when the body came
    validated_at  BIGINT NOT NULL,         -- when the upstream last said that it still holds
    PRIMARY KEY (registry_id, ecosystem, document_key)
);

CREATE INDEX upstream_documents_by_sha256 ON upstream_documents (body_sha256);

-- Artifacts that were checked against their upstream index and admitted. The first one stays.
CREATE TABLE cached_artifacts (
    registry_id       TEXT   NOT NULL REFERENCES registries (id),
    ecosystem         TEXT   NOT NULL,
    canonical         TEXT   NOT NULL,     -- canonical package name
    filename          TEXT   NOT NULL,
    version_display   TEXT   NOT NULL,
    version_canonical TEXT   NOT NULL,
    published_at      BIGINT,              -- the upstream's word; NULL: unknown
    sha256            TEXT   NOT NULL,     -- lower-case hex; the blob's address
    size_bytes        BIGINT NOT NULL CHECK (size_bytes >= 0),
    upstream_digests  TEXT   NOT NULL,     -- JSON; what the upstream states
    admitted_at       BIGINT NOT NULL,
    PRIMARY KEY (registry_id, ecosystem, canonical, filename)
);

CREATE INDEX cached_artifacts_by_sha256 ON cached_artifacts (sha256);
