//! Git repositories whose tags become releases: added by the operator, looked at when a webhook or
//! the command line says so.
//!
//! A webhook says "look now" and nothing else: what it carries is not even parsed, so all that a
//! stolen secret is good for is to have a repository looked at. What is published, is decided by
//! what the repository then has.

mod import;
mod report;
mod wanted;

use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::reference::UnverifiedPurl;
use vouchsafe_domain::{AccountName, ErrorCode, GitSourceId, PackageRef, RefusalKind, Secret};
use vouchsafe_identity::webhook::{Proof, is_proven};
use vouchsafe_store::{GitSourceRow, GitTagRow, NewGitSource, NewJob, new_id};
use vouchsafe_upstream::git::Git;

pub use report::{ImportReport, RefusedTag};

use crate::tokens::random;
use crate::{App, AppError, REGISTRY};

/// The job that imports a repository.
pub(crate) const IMPORT_JOB: &str = "git-source.import";

/// A repository to be added.
#[derive(Debug)]
pub struct NewSource {
    /// Which package its tags are releases of.
    pub package: UnverifiedPurl,
    /// Its address.
    pub url: String,
    /// In whose name is published.
    pub user: AccountName,
}

/// A repository that was added.
#[derive(Debug)]
pub struct AddedSource {
    /// Its id.
    pub id: GitSourceId,
    /// Its package.
    pub package: PackageRef,
    /// Where a webhook is sent to.
    pub hook_url: String,
    /// What the webhook proves itself with. Shown this once.
    pub secret: Secret,
}

/// A repository as an operator sees it.
#[derive(Debug)]
pub struct SourceView {
    /// Its row.
    pub row: GitSourceRow,
    /// Its package, as a package URL.
    pub package: String,
    /// Where a webhook is sent to.
    pub hook_url: String,
    /// In whose name is published.
    pub user: String,
    /// What became of its tags.
    pub tags: Vec<GitTagRow>,
}

impl App {
    /// Adds a repository. Nothing of it is read yet.
    ///
    /// # Errors
    ///
    /// When the address may not be asked, the account is not there, or the package has a repository
    /// already.
    pub async fn add_git_source(&self, new: NewSource) -> Result<AddedSource, AppError> {
        let package = self.source_package(&new.package)?;
        let git = self.git()?;
        let url = git.parse_address(&new.url).map_err(|error| malformed(error.to_string()))?;
        let account = self.account(&new.user).await?;
        let secret = Secret::new(hex::encode(random()?));
        let id = GitSourceId::from_uuid(new_id());
        let source = NewGitSource {
            id,
            registry_id: REGISTRY,
            package: package.clone(),
            url: url.to_string(),
            account_id: account.id,
            webhook_secret: secret.clone(),
        };
        let details = serde_json::json!({ "url": url.as_str(), "account": account.name.as_str() });
        let event = NewEvent::new(EventKind::SourceAdded, "system", package.to_string());
        let event = event.with(details);
        if !self.inner.store.add_git_source(source, event, self.now()).await? {
            let message = format!("{package} has a git repository already; remove that first");
            return Err(AppError::refused(RefusalKind::Conflict, ErrorCode::BadRequest, message));
        }
        Ok(AddedSource { id, hook_url: self.hook_url(id), package, secret })
    }

    /// Removes a repository. What was published from it stays.
    ///
    /// # Errors
    ///
    /// Not found when the package has none.
    pub async fn remove_git_source(&self, package: &UnverifiedPurl) -> Result<(), AppError> {
        let package = self.source_package(package)?;
        let row = self.source_of(&package).await?;
        let event = NewEvent::new(EventKind::SourceRemoved, "system", package.to_string());
        self.inner.store.remove_git_source(row.id, event, self.now()).await?;
        Ok(())
    }

    /// Every repository, by package.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn list_git_sources(&self) -> Result<Vec<SourceView>, AppError> {
        let mut views = Vec::new();
        for row in self.inner.store.list_git_sources(REGISTRY).await? {
            let account = self.inner.store.account_by_id(row.account_id).await?;
            let tags = self.inner.store.git_tags(row.id).await?;
            views.push(SourceView {
                package: self.package_of_source(&row)?.to_string(),
                hook_url: self.hook_url(row.id),
                user: account.map(|account| account.name.to_string()).unwrap_or_default(),
                tags,
                row,
            });
        }
        Ok(views)
    }

    /// Imports what is new in the repository of a package, now, and tries again what was refused
    /// earlier.
    ///
    /// # Errors
    ///
    /// Not found when the package has none; else what kept the repository from being read.
    pub async fn import_git_source(
        &self,
        package: &UnverifiedPurl,
    ) -> Result<ImportReport, AppError> {
        let package = self.source_package(package)?;
        let row = self.source_of(&package).await?;
        let mut report = self.import(&row, true).await.map_err(import::Failure::into_error)?;
        while report.left > 0 {
            let before = report.left;
            report.add(self.import(&row, false).await.map_err(import::Failure::into_error)?);
            if report.left >= before {
                // Somebody else works on it, or it was removed.
                break;
            }
        }
        Ok(report)
    }

    /// A webhook: queues an import of a repository.
    ///
    /// * `id`: as it stands in the address.
    /// * `signature`, `token`: what the request proves itself with; see [`Proof`].
    ///
    /// # Errors
    ///
    /// [`AppError::Refused`] when there is no such repository, or the request proves nothing.
    pub async fn git_hook(
        &self,
        id: &str,
        signature: Option<&str>,
        token: Option<&str>,
        body: &[u8],
    ) -> Result<(), AppError> {
        let missing = || AppError::not_found("this webhook");
        let id: GitSourceId = id.parse().map_err(|_| missing())?;
        let row = self.inner.store.find_git_source(id).await?.ok_or_else(missing)?;
        if !is_proven(&row.webhook_secret, Proof { signature, token }, body) {
            return Err(AppError::refused(
                RefusalKind::Unauthenticated,
                ErrorCode::AuthRefused,
                "the request is neither signed with the secret of this webhook \
                 (X-Hub-Signature-256) nor does it carry it (X-Gitlab-Token)",
            ));
        }
        self.queue_import(id).await
    }

    pub(crate) async fn queue_import(&self, id: GitSourceId) -> Result<(), AppError> {
        let job = NewJob {
            kind: IMPORT_JOB.to_owned(),
            payload: serde_json::json!({ "source": id }),
            priority: 0,
            // However many commits are pushed at once: the next import sees them all.
            unique_key: Some(id.to_string()),
            run_at: self.now(),
        };
        Ok(self.inner.store.enqueue(job).await?)
    }

    fn hook_url(&self, id: GitSourceId) -> String {
        format!("{}/api/v1/hooks/git/{id}", self.config().site_url)
    }

    fn git(&self) -> Result<&Git, AppError> {
        let git = self.inner.git.as_ref();
        git.ok_or_else(|| malformed("this server is set up without git".to_owned()))
    }

    fn source_package(&self, purl: &UnverifiedPurl) -> Result<PackageRef, AppError> {
        let ecosystem = &purl.ecosystem;
        let mounted = self
            .ecosystem(ecosystem.as_str())
            .ok_or_else(|| malformed(format!("there is no ecosystem `{ecosystem}` here")))?;
        if purl.version.is_some() {
            return Err(malformed("name a package, without a version".to_owned()));
        }
        let name = mounted.adapter.parse_name(&purl.name);
        let name = name.map_err(|error| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadName, error.to_string())
        })?;
        Ok(PackageRef { ecosystem: mounted.id.clone(), name })
    }

    /// The package of a row, which this registry wrote down itself.
    fn package_of_source(&self, row: &GitSourceRow) -> Result<PackageRef, AppError> {
        let purl = UnverifiedPurl {
            ecosystem: row.ecosystem.clone(),
            name: row.canonical.clone(),
            version: None,
        };
        self.source_package(&purl)
    }

    async fn source_of(&self, package: &PackageRef) -> Result<GitSourceRow, AppError> {
        let rows = self.inner.store.list_git_sources(REGISTRY).await?;
        let row = rows.into_iter().find(|row| {
            row.ecosystem == package.ecosystem && row.canonical == package.name.canonical()
        });
        row.ok_or_else(|| AppError::not_found(format_args!("a git repository of {package}")))
    }
}

fn malformed(message: String) -> AppError {
    AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
}
