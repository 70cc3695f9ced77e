-- 0008_sightings.sql: since when upstream files are known here, where that says more than the
-- upstream does: files without a publication time, or with one from before they could be seen.

CREATE TABLE upstream_sightings (
    registry_id TEXT   NOT NULL REFERENCES registries (id),
    ecosystem   TEXT   NOT NULL,
    canonical   TEXT   NOT NULL,           -- canonical package name
    sightings   TEXT   NOT NULL,           -- JSON: file name to Unix microseconds, UTC
    PRIMARY KEY (registry_id, ecosystem, canonical)
);
