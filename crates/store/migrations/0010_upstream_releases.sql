-- 0010_upstream_releases.sql: what an upstream says about single releases, where its index says
-- little more than their versions. Only of releases that do not change.

CREATE TABLE upstream_releases (
    registry_id       TEXT   NOT NULL REFERENCES registries (id),
    ecosystem         TEXT   NOT NULL,
    canonical         TEXT   NOT NULL,     -- canonical package name
    version_display   TEXT   NOT NULL,
    version_canonical TEXT   NOT NULL,
    manifest          TEXT   NOT NULL,     -- the adapter's own JSON
    published_at      BIGINT,              -- the upstream's word; NULL: unknown
    fetched_at        BIGINT NOT NULL,
    PRIMARY KEY (registry_id, ecosystem, canonical, version_canonical)
);
