//! Crash tests: the server dies at every numbered step of a publish, and at any moment; what was
//! acknowledged is there afterwards, and nothing else is seen of what was not.
//!
//! The server that dies at a step is made of the library crates and lives in this test program:
//! it runs itself again (see [`dying_server`]), so the real binary has no hook for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and the dying server is told by its environment"
)]

mod any_moment;
mod dying_server;
mod every_step;
mod release;

use std::path::Path;

use vouchsafe_testkit::{Database, Server, ServerOptions};

/// Where the registry under test keeps its rows.
enum Rows {
    /// In the data folder.
    Sqlite,
    /// In a database of its own.
    Postgres(Database),
}

impl Rows {
    fn config(&self) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres(database) => format!("[database]\nurl = \"{}\"\n", database.url()),
        }
    }

    /// The address, as the store takes it.
    fn url(&self, data_dir: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", data_dir.join("vouchsafe.db").display()),
            Self::Postgres(database) => database.url(),
        }
    }
}

/// A stopped server with an account, and a token of it.
fn stage(rows: &Rows) -> (Server, String) {
    let options = ServerOptions::config(rows.config());
    let mut server = Server::start(env!("CARGO_BIN_EXE_vouchsafe"), options);
    let token = server.user_and_token("alice");
    server.stop();
    (server, token)
}
