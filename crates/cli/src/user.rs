//! `vouchsafe user`.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::NewUser;
use vouchsafe_domain::{AccountName, EmailAddress, Secret};

use crate::config::DataArgs;
use crate::open::{open, open_or_begin};
use crate::print;

/// Make and list accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account. Works while the server runs.
    Add {
        /// Its name: lower-case letters, digits, `-`, `_`, `.`.
        name: AccountName,

        /// Its e-mail address.
        #[arg(long, value_name = "ADDRESS")]
        email: EmailAddress,

        /// The account administers this registry.
        #[arg(long)]
        admin: bool,

        /// Read a password from standard input; without one the account uses tokens only.
        #[arg(long)]
        password_stdin: bool,

        #[command(flatten)]
        data: DataArgs,
    },
    /// List the accounts.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Serialize)]
struct UserLine {
    name: String,
    email: String,
    is_admin: bool,
    created_at: String,
}

pub(crate) async fn run(
    command: UserCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, email, admin, password_stdin, data } => {
            let password = password_stdin.then(read_password).transpose()?;
            let app = open_or_begin(&data, adapters).await?;
            let user = NewUser { name, email, password, is_admin: admin };
            let account = app.add_user(user).await?;
            app.store().close().await;
            eprintln!("added {}", account.name);
            eprintln!("next: vouchsafe token add --user {}", account.name);
            Ok(())
        }
        UserCommand::List { json, data } => {
            let app = open(&data, adapters).await?;
            let accounts = app.store().list_accounts().await?;
            let lines: Vec<_> = accounts
                .into_iter()
                .map(|account| UserLine {
                    name: account.name.to_string(),
                    email: account.email.as_str().to_owned(),
                    is_admin: account.is_admin,
                    created_at: account.created_at.to_string(),
                })
                .collect();
            print::rows(json, &lines, &["NAME", "EMAIL", "ADMIN", "CREATED"], |line| {
                let admin = if line.is_admin { "yes" } else { "" };
                vec![
                    line.name.clone(),
                    line.email.clone(),
                    admin.to_owned(),
                    line.created_at.clone(),
                ]
            })
        }
    }
}

fn read_password() -> anyhow::Result<Secret> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("password (it will be seen; better: pass it through a pipe):");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("cannot read a password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input has no password in its first line");
    }
    Ok(Secret::new(password))
}
