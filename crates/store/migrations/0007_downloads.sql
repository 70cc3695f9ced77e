-- 0007_downloads.sql: downloads per release and day, hosted and cached alike.

CREATE TABLE downloads (
    registry_id TEXT   NOT NULL REFERENCES registries (id),
    ecosystem   TEXT   NOT NULL,
    canonical   TEXT   NOT NULL,           -- canonical package name
    version     TEXT   NOT NULL,           -- canonical version
    day         BIGINT NOT NULL,           -- whole days since 1970-01-01 UTC
    total       BIGINT NOT NULL CHECK (total >= 0),
    PRIMARY KEY (registry_id, ecosystem, canonical, version, day)
);
