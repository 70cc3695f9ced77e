//! `vouchsafe token`.

use clap::Subcommand;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::NewTokenRequest;
use vouchsafe_domain::{AccountName, Actor, NamePattern, Scope, Scopes, TokenId};

use crate::config::DataArgs;
use crate::open::open;
use crate::print;

/// Make, list and revoke access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, alone, on standard output. It is shown this once.
    Add {
        /// Whose token it is.
        #[arg(long, value_name = "NAME")]
        user: AccountName,

        /// What it may do: read, publish-new, publish-update, yank, owners. Repeat for more;
        /// without one it may do everything its account may.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,

        /// Which packages, as a package URL that may end in `*`, e.g. `pkg:npm/@acme/*`. Repeat
        /// for more; without one it is all of them.
        #[arg(long = "package", value_name = "PURL")]
        packages: Vec<NamePattern>,

        /// Days until it ends; 0 is never [default: the registry's, 90 unless configured].
        #[arg(long, value_name = "N")]
        expires_days: Option<u32>,

        /// A name to recognize it by.
        #[arg(long, default_value = "command line")]
        name: String,

        #[command(flatten)]
        data: DataArgs,
    },
    /// List the tokens of an account, without their secrets.
    List {
        /// Whose tokens.
        #[arg(long, value_name = "NAME")]
        user: AccountName,

        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Revoke a token, at once and on every node.
    Revoke {
        /// Its id, as `list` shows it.
        id: TokenId,

        /// Whose token it is.
        #[arg(long, value_name = "NAME")]
        user: AccountName,

        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Serialize)]
struct TokenLine {
    id: String,
    name: String,
    hint: String,
    scopes: Vec<Scope>,
    packages: Vec<String>,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    is_revoked: bool,
}

pub(crate) async fn run(
    command: TokenCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add { user, scopes, packages, expires_days, name, data } => {
            let app = open(&data, adapters).await?;
            let account = app.account(&user).await?;
            let scopes: Scopes =
                if scopes.is_empty() { Scopes::all() } else { scopes.into_iter().collect() };
            let request = NewTokenRequest {
                name,
                scopes,
                packages: app.canonical_patterns(packages)?,
                expiry: expires_days.into(),
            };
            let minted = app.mint_token(&Actor::System, account.id, request).await?;
            app.store().close().await;
            println!("{}", minted.secret.expose());
            let ends = minted.view.expires_at.map(|at| at.to_string());
            eprintln!("ends: {}", ends.as_deref().unwrap_or("never"));
            Ok(())
        }
        TokenCommand::List { user, json, data } => {
            let app = open(&data, adapters).await?;
            let account = app.account(&user).await?;
            let tokens = app.store().list_tokens(account.id).await?;
            let lines: Vec<_> = tokens
                .into_iter()
                .map(|row| TokenLine {
                    id: row.id.to_string(),
                    name: row.name,
                    hint: row.hint,
                    scopes: row.scopes.iter().collect(),
                    packages: row.packages.iter().map(ToString::to_string).collect(),
                    expires_at: row.expires_at.map(|at| at.to_string()),
                    last_used_at: row.last_used_at.map(|at| at.to_string()),
                    is_revoked: row.revoked_at.is_some(),
                })
                .collect();
            let header = ["ID", "NAME", "TOKEN", "SCOPES", "ENDS", "LAST USED"];
            print::rows(json, &lines, &header, |line| {
                let scopes: Vec<_> = line.scopes.iter().map(ToString::to_string).collect();
                let ends = if line.is_revoked {
                    "revoked".to_owned()
                } else {
                    line.expires_at.clone().unwrap_or_else(|| "never".to_owned())
                };
                vec![
                    line.id.clone(),
                    line.name.clone(),
                    format!("{}…", line.hint),
                    scopes.join(","),
                    ends,
                    line.last_used_at.clone().unwrap_or_else(|| "never".to_owned()),
                ]
            })
        }
        TokenCommand::Revoke { id, user, data } => {
            let app = open(&data, adapters).await?;
            let account = app.account(&user).await?;
            let now = app.now();
            let revoked = app.store().revoke_token(account.id, id, "system", now).await?;
            app.store().close().await;
            if !revoked {
                anyhow::bail!("{user} has no token {id} that could be revoked");
            }
            eprintln!("revoked {id}");
            Ok(())
        }
    }
}
