//! `vouchsafe composer source`.

use anyhow::bail;
use clap::Subcommand;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::{ImportReport, NewSource, SourceView};
use vouchsafe_domain::AccountName;
use vouchsafe_domain::reference::UnverifiedPurl;

use super::ECOSYSTEM;
use crate::config::DataArgs;
use crate::open::open;
use crate::print;

/// Import tags of git repositories as releases.
///
/// A webhook of the git server, or `import`, makes this registry look at the tags of a repository.
/// Each tag that is a version and not published yet becomes a release, as if its account had
/// uploaded it. A published release never changes: a tag that is moved later is recorded, and that
/// is all.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Add the repository of a package, and print the secret of its webhook, alone, on standard
    /// output. It is shown this once.
    Add {
        /// The package: pkg:composer/acme/lib
        package: UnverifiedPurl,

        /// Address of the repository: https, without a credential.
        #[arg(long, value_name = "URL")]
        git: String,

        /// In whose name tags are published.
        #[arg(long, value_name = "NAME")]
        user: AccountName,

        /// Print JSON: the address of the webhook and its secret.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
    /// List the repositories, and how their last imports went.
    List {
        /// Print JSON, with what became of every tag.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove the repository of a package. What was published from it stays.
    Remove {
        /// The package.
        package: UnverifiedPurl,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Import what is new in the repository of a package, now. Tags that were refused earlier are
    /// tried again.
    Import {
        /// The package.
        package: UnverifiedPurl,

        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Serialize)]
struct AddedLine {
    id: String,
    package: String,
    hook_url: String,
    secret: String,
}

#[derive(Serialize)]
struct SourceLine {
    id: String,
    package: String,
    git: String,
    user: String,
    state: &'static str,
    note: String,
    hook_url: String,
    tried_at: Option<String>,
    imported_at: Option<String>,
    tags: Vec<TagLine>,
}

#[derive(Serialize)]
struct TagLine {
    tag: String,
    commit: String,
    outcome: &'static str,
    note: String,
    moved_to: Option<String>,
    decided_at: String,
}

#[derive(Serialize)]
struct ImportedTag {
    tag: String,
    outcome: &'static str,
    note: String,
}

pub(crate) async fn run(
    command: SourceCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        SourceCommand::Add { package, git, user, json, data } => {
            check_ecosystem(&package)?;
            let app = open(&data, adapters).await?;
            let added = app.add_git_source(NewSource { package, url: git, user }).await?;
            app.store().close().await;
            let secret = added.secret.expose().to_owned();
            if json {
                let line = AddedLine {
                    id: added.id.to_string(),
                    package: added.package.to_string(),
                    hook_url: added.hook_url,
                    secret,
                };
                return print::bytes(format!("{}\n", serde_json::to_string(&line)?).as_bytes());
            }
            println!("{secret}");
            eprintln!("added the repository of {}", added.package);
            eprintln!("webhook: {} (content type: any)", added.hook_url);
            eprintln!("the line above is its secret, shown this once");
            Ok(())
        }
        SourceCommand::List { json, data } => {
            let app = open(&data, adapters).await?;
            let lines: Vec<_> = app.list_git_sources().await?.into_iter().map(line).collect();
            let header = ["PACKAGE", "REPOSITORY", "USER", "STATE", "LAST TRY", "NOTE"];
            print::rows(json, &lines, &header, |line| {
                vec![
                    line.package.clone(),
                    line.git.clone(),
                    line.user.clone(),
                    line.state.to_owned(),
                    line.tried_at.clone().unwrap_or_else(|| "never".to_owned()),
                    line.note.clone(),
                ]
            })
        }
        SourceCommand::Remove { package, data } => {
            let app = open(&data, adapters).await?;
            app.remove_git_source(&package).await?;
            app.store().close().await;
            eprintln!("removed the repository of pkg:{}/{}", package.ecosystem, package.name);
            Ok(())
        }
        SourceCommand::Import { package, json, data } => {
            let app = open(&data, adapters).await?;
            let imported = app.import_git_source(&package).await;
            app.store().close().await;
            show(json, imported?)
        }
    }
}

/// Other package managers have clients that publish; this registry imports tags for those that
/// have none.
fn check_ecosystem(package: &UnverifiedPurl) -> anyhow::Result<()> {
    if package.ecosystem.as_str() == ECOSYSTEM {
        return Ok(());
    }
    bail!("name a Composer package, such as pkg:composer/acme/lib")
}

fn line(view: SourceView) -> SourceLine {
    let tags = view.tags.into_iter().map(|row| TagLine {
        tag: row.tag,
        commit: row.target,
        outcome: row.outcome.as_str(),
        note: row.note,
        moved_to: row.moved_to,
        decided_at: row.decided_at.to_string(),
    });
    SourceLine {
        id: view.row.id.to_string(),
        package: view.package,
        git: view.row.url,
        user: view.user,
        state: view.row.state.as_str(),
        note: view.row.note,
        hook_url: view.hook_url,
        tried_at: view.row.tried_at.map(|at| at.to_string()),
        imported_at: view.row.imported_at.map(|at| at.to_string()),
        tags: tags.collect(),
    }
}

fn show(json: bool, report: ImportReport) -> anyhow::Result<()> {
    let plain = |outcome: &'static str| {
        move |tag: String| ImportedTag { tag, outcome, note: String::new() }
    };
    let refused = report.refused.len();
    let mut tags: Vec<_> = report.published.into_iter().map(plain("published")).collect();
    tags.extend(report.moved.into_iter().map(plain("moved")));
    tags.extend(report.refused.into_iter().map(|refused| ImportedTag {
        tag: refused.tag,
        outcome: "refused",
        note: refused.reason,
    }));
    print::rows(json, &tags, &["TAG", "OUTCOME", "NOTE"], |line| {
        vec![line.tag.clone(), line.outcome.to_owned(), line.note.clone()]
    })?;
    if refused > 0 {
        bail!("{refused} tags were refused");
    }
    Ok(())
}
