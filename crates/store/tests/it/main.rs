//! Tests of the store through its public functions, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and live in the real time and environment"
)]

mod accounts;
mod backup;
mod blobs;
mod changes;
mod deployments;
mod fsck;
mod git_sources;
mod group_commit;
mod harness;
mod jobs;
mod namespaces;
mod publish;
mod s3;
mod schema;
mod search;
mod upstream;
