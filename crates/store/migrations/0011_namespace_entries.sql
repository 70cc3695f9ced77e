-- 0011_namespace_entries.sql: what hosted packages say to the document of their namespace, where
-- namespaces have documents (Maven's plugin groups).

CREATE TABLE namespace_entries (
    package_id  TEXT NOT NULL PRIMARY KEY REFERENCES packages (id),
    registry_id TEXT NOT NULL REFERENCES registries (id),
    ecosystem   TEXT NOT NULL,
    namespace   TEXT NOT NULL,             -- canonical name under which its document is asked for
    entry       TEXT NOT NULL              -- the adapter's own JSON
);

CREATE INDEX namespace_entries_by_name ON namespace_entries (registry_id, ecosystem, namespace);
