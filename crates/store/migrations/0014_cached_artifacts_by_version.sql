-- 0014_cached_artifacts_by_version.sql: one file name may belong to two releases of a package.
-- In Maven `lib-1.0-2.jar` is release 1.0 with classifier 2, and release 1.0-2.

CREATE TABLE cached_artifacts_by_version (
    registry_id       TEXT   NOT NULL REFERENCES registries (id),
    ecosystem         TEXT   NOT NULL,
    canonical         TEXT   NOT NULL,     -- canonical package name
    filename          TEXT   NOT NULL,
    version_display   TEXT   NOT NULL,
    version_canonical TEXT   NOT NULL,
    published_at      BIGINT,              -- the upstream's word; NULL: unknown
    sha256            TEXT   NOT NULL,     -- lower-case hex; the blob's address
    size_bytes        BIGINT NOT NULL CHECK (size_bytes >= 0),
    upstream_digests  TEXT   NOT NULL,     -- JSON; what the upstream states, and what we computed
    admitted_at       BIGINT NOT NULL,
    PRIMARY KEY (registry_id, ecosystem, canonical, filename, version_canonical)
);

INSERT INTO cached_artifacts_by_version
    (registry_id, ecosystem, canonical, filename, version_display, version_canonical, published_at,
     sha256, size_bytes, upstream_digests, admitted_at)
SELECT registry_id, ecosystem, canonical, filename, version_display, version_canonical, published_at,
       sha256, size_bytes, upstream_digests, admitted_at
FROM cached_artifacts;

DROP TABLE cached_artifacts;
ALTER TABLE cached_artifacts_by_version RENAME TO cached_artifacts;

CREATE INDEX cached_artifacts_by_sha256 ON cached_artifacts (sha256);
