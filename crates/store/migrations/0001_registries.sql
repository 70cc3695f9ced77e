-- 0001_registries.sql: registries, and the counters behind gapless numbers.
-- Written in the SQL that SQLite and PostgreSQL share; the store tests run it on both.
-- Everywhere: ids are UUIDv7 as lower-case TEXT, instants are microseconds since 1970 UTC as
-- BIGINT, JSON is TEXT. States and kinds have no CHECK: the words live in vouchsafe_domain.

CREATE TABLE registries (
    id         TEXT   NOT NULL PRIMARY KEY,  -- UUID; nil for the default registry
    name       TEXT   NOT NULL UNIQUE,       -- vouchsafe_domain::RegistryName, e.g. 'default'
    created_at BIGINT NOT NULL
);

INSERT INTO registries (id, name, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'default', 0);

-- The last number handed out. A row is changed only inside the transaction that uses the number.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,       -- 'events' (events.seq), 'accounts' (accounts.number)
    value BIGINT NOT NULL CHECK (value >= 0)
);

INSERT INTO counters (name, value) VALUES ('events', 0), ('accounts', 0);
