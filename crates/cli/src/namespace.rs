//! `vouchsafe namespace`.

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::{App, ClaimedProof, NamespaceClaim, NamespaceView};
use vouchsafe_domain::{AccountName, Namespace, NamespaceId};

use crate::config::DataArgs;
use crate::open::open;
use crate::print;

/// Give beginnings of package names to accounts.
///
/// Nobody but its owner creates packages in a namespace, and nothing in it is asked upstream.
#[derive(Debug, Subcommand)]
pub(crate) enum NamespaceCommand {
    /// Claim a namespace for an account, or give it on your word.
    Add {
        /// What to claim: `pkg:maven/com.acme`, `pkg:npm/@acme`, `pkg:pypi/acme`.
        namespace: Namespace,

        /// Whose it shall be.
        #[arg(long, value_name = "NAME")]
        owner: AccountName,

        #[command(flatten)]
        proof: ProofArgs,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Look for the proof of a claim.
    Verify {
        /// The id of the claim, or its namespace.
        claim: String,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Make a claim its claimant's namespace on your word.
    Approve {
        /// The id of the claim, or its namespace.
        claim: String,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Take a claim or a namespace away.
    Remove {
        /// The id of the claim, or its namespace.
        claim: String,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Look again for every proof that is a DNS record.
    Recheck {
        #[command(flatten)]
        data: DataArgs,
    },
    /// List claims and namespaces.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
}

/// How a claim is proved.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ProofArgs {
    /// By a TXT record of this domain; without one, of the domain that the namespace is the
    /// reverse of.
    #[arg(long, value_name = "DOMAIN", num_args = 0..=1)]
    dns: Option<Option<String>>,

    /// By a public repository of the user that the namespace names.
    #[arg(long)]
    code_host: bool,

    /// By your word: it is the account's at once.
    #[arg(long)]
    operator: bool,
}

#[derive(Serialize)]
struct NamespaceLine {
    id: String,
    namespace: String,
    owner: String,
    state: String,
    method: String,
    proof: Option<String>,
    challenge: String,
    next_step: Option<String>,
    created_at: String,
    verified_at: Option<String>,
    checked_at: Option<String>,
}

pub(crate) async fn run(
    command: NamespaceCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        NamespaceCommand::Add { namespace, owner, proof, data } => {
            let app = open(&data, adapters).await?;
            let owner = app.account(&owner).await?;
            let proof = match (proof.dns, proof.code_host) {
                (Some(domain), _) => Some(ClaimedProof::Dns(domain)),
                (None, true) => Some(ClaimedProof::CodeHost),
                (None, false) => None,
            };
            let view = match proof {
                Some(proof) => {
                    let claim = NamespaceClaim { namespace, proof };
                    app.claim_namespace_for(owner.id, claim).await?
                }
                None => app.give_namespace(owner.id, &namespace).await?,
            };
            app.store().close().await;
            say(&view);
            Ok(())
        }
        NamespaceCommand::Verify { claim, data } => {
            let app = open(&data, adapters).await?;
            let view = app.verify_namespace(find(&app, &claim).await?).await?;
            app.store().close().await;
            say(&view);
            Ok(())
        }
        NamespaceCommand::Approve { claim, data } => {
            let app = open(&data, adapters).await?;
            let view = app.approve_namespace(find(&app, &claim).await?).await?;
            app.store().close().await;
            say(&view);
            Ok(())
        }
        NamespaceCommand::Remove { claim, data } => {
            let app = open(&data, adapters).await?;
            app.remove_namespace(find(&app, &claim).await?, "system").await?;
            app.store().close().await;
            eprintln!("removed {claim}");
            Ok(())
        }
        NamespaceCommand::Recheck { data } => {
            let app = open(&data, adapters).await?;
            let checked = app.recheck_namespaces().await?;
            app.store().close().await;
            eprintln!("looked for {checked} proofs");
            Ok(())
        }
        NamespaceCommand::List { json, data } => {
            let app = open(&data, adapters).await?;
            let views = app.list_namespaces().await?;
            let lines: Vec<_> = views.into_iter().map(line).collect();
            let header = ["NAMESPACE", "OWNER", "STATE", "METHOD", "PROOF", "ID"];
            print::rows(json, &lines, &header, |line| {
                vec![
                    line.namespace.clone(),
                    line.owner.clone(),
                    line.state.clone(),
                    line.method.clone(),
                    line.proof.clone().unwrap_or_default(),
                    line.id.clone(),
                ]
            })
        }
    }
}

/// The claim that an id or a namespace names.
async fn find(app: &App, claim: &str) -> anyhow::Result<NamespaceId> {
    if let Ok(id) = claim.parse() {
        return Ok(id);
    }
    let namespace: Namespace =
        claim.parse().context("name a claim by its id, or by its namespace as `list` shows it")?;
    let views = app.list_namespaces().await?;
    let of_namespace: Vec<_> =
        views.iter().map(|view| &view.row).filter(|row| row.namespace == namespace).collect();
    match of_namespace.as_slice() {
        [] => bail!("nobody has claimed {namespace}"),
        [row] => Ok(row.id),
        rows => {
            let held = rows.iter().find(|row| row.state.is_held());
            held.map(|row| row.id).with_context(|| {
                format!("{namespace} is claimed by several accounts: name one by its id")
            })
        }
    }
}

fn say(view: &NamespaceView) {
    let row = &view.row;
    eprintln!("{} of {} is {}", row.namespace, row.account, row.state.as_str());
    if let Some(next) = &view.next_step {
        eprintln!("next: {next}");
        eprintln!("then: vouchsafe namespace verify {}", row.id);
    }
}

fn line(view: NamespaceView) -> NamespaceLine {
    let row = view.row;
    NamespaceLine {
        id: row.id.to_string(),
        namespace: row.namespace.to_string(),
        owner: row.account.to_string(),
        state: row.state.as_str().to_owned(),
        method: row.method.as_str().to_owned(),
        proof: row.proof,
        challenge: row.challenge,
        next_step: view.next_step,
        created_at: row.created_at.to_string(),
        verified_at: row.verified_at.map(|at| at.to_string()),
        checked_at: row.checked_at.map(|at| at.to_string()),
    }
}
