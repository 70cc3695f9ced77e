-- 0002_accounts.sql: accounts, their access tokens, and sign-ins that a browser finishes.

CREATE TABLE accounts (
    id            TEXT    NOT NULL PRIMARY KEY,
    number        BIGINT  NOT NULL UNIQUE CHECK (number > 0),  -- small; Cargo's owner id
    name          TEXT    NOT NULL UNIQUE,                     -- vouchsafe_domain::AccountName
    email         TEXT    NOT NULL,
    password_hash TEXT,                                        -- PHC string; NULL: no password
    is_admin      BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    disabled_at   BIGINT                                       -- NULL: may sign in
);

CREATE TABLE tokens (
    id            TEXT   NOT NULL PRIMARY KEY,
    account_id    TEXT   NOT NULL REFERENCES accounts (id),
    secret_sha256 TEXT   NOT NULL UNIQUE,  -- lower-case hex; the secret itself is never stored
    name          TEXT   NOT NULL,         -- for people
    hint          TEXT   NOT NULL,         -- first characters of the secret
    scopes        TEXT   NOT NULL,         -- JSON, e.g. ["read","publish-update"]
    packages      TEXT   NOT NULL,         -- JSON, name patterns; [] means all
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,                  -- NULL: never
    last_used_at  BIGINT,
    revoked_at    BIGINT                   -- NULL: in force
);

CREATE INDEX tokens_by_account ON tokens (account_id);

-- A client polls with one secret while a person approves with another. Rows live for minutes.
CREATE TABLE web_logins (
    poll_sha256         TEXT   NOT NULL PRIMARY KEY,  -- lower-case hex
    code_sha256         TEXT   NOT NULL UNIQUE,       -- lower-case hex
    client              TEXT   NOT NULL,              -- what asks, as it calls itself
    client_address      TEXT   NOT NULL,              -- from where it asks
    approved_account_id TEXT   REFERENCES accounts (id),
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL
);
