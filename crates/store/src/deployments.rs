//! Deployments: files that were sent and wait for the rest of their release.
//!
//! A file stays here until its release is committed, which takes the file out in the same
//! transaction, or until it is old. Its bytes are a blob like any other.

use serde_json::json;
use vouchsafe_domain::deploy::{DeploymentState, StagedFile};
use vouchsafe_domain::{
    AccountId, EcosystemId, PackageName, PackageRef, RegistryId, Sha256, Timestamp, Version,
};

use crate::connection::{WriteTx, without_nul};
use crate::error::{stored, stored_json, stored_u64};
use crate::sql::{both, statements};
use crate::{Store, StoreError, new_id};

/// A deployment.
#[derive(Debug, Clone)]
pub struct DeploymentRow {
    /// Its id.
    pub id: String,
    /// The ecosystem.
    pub ecosystem: EcosystemId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Canonical package name and version, when it is one release that comes file by file.
    pub release: Option<(String, String)>,
    /// A name for people.
    pub name: String,
    /// How far it is.
    pub state: DeploymentState,
    /// What is wrong with it: package URL and sentence.
    pub problems: Vec<(String, String)>,
    /// Package URLs of what it publishes, as far as that is known.
    pub releases: Vec<String>,
    /// Grows with every change of its files.
    pub revision: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a file came in last.
    pub updated_at: Timestamp,
}

/// A staged file and what it belongs to. Names are as they were sent.
#[derive(Debug, Clone)]
pub struct StagedFileRow {
    /// Package name, display form.
    pub package: String,
    /// Version, display form.
    pub version: String,
    /// The file.
    pub file: StagedFile,
    /// The address of its bytes.
    pub sha256: Sha256,
}

/// A file to be staged. Its blob is kept already.
#[derive(Debug, Clone)]
pub struct NewStagedFile {
    /// Its package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// The file.
    pub file: StagedFile,
    /// The address of its bytes.
    pub sha256: Sha256,
}

/// A deployment that is to be ended by the commit of its releases.
#[derive(Debug, Clone)]
pub struct EndedDeployment {
    /// Its id.
    pub id: String,
    /// The revision whose files are committed.
    pub revision: i64,
}

statements! {
    INSERT_DEPLOYMENT =
        "INSERT INTO deployments (id, registry_id, ecosystem, account_id, canonical, version, name,
                                  state, problems, releases, revision, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', '[]', '[]', 0, $8, $8)
         ON CONFLICT (registry_id, ecosystem, account_id, canonical, version) DO NOTHING";

    FIND_DEPLOYMENT =
        "SELECT id, ecosystem, account_id, canonical, version, name, state, problems, releases,
                revision, created_at, updated_at
         FROM deployments WHERE id = $1";

    OPEN_OF =
        "SELECT id, ecosystem, account_id, canonical, version, name, state, problems, releases,
                revision, created_at, updated_at
         FROM deployments
         WHERE registry_id = $1 AND ecosystem = $2 AND account_id = $3 AND canonical = $4";

    OLDER_THAN =
        "SELECT id FROM deployments
         WHERE updated_at < $2 OR (updated_at < $1 AND state <> 'published')
         ORDER BY updated_at LIMIT 100";

    OF_ACCOUNT =
        "SELECT id, ecosystem, account_id, canonical, version, name, state, problems, releases,
                revision, created_at, updated_at
         FROM deployments
         WHERE registry_id = $1 AND ecosystem = $2 AND account_id = $3
         ORDER BY created_at DESC LIMIT 100";

    TOUCH =
        "UPDATE deployments SET revision = revision + 1, updated_at = $2
         WHERE id = $1 AND state = 'open'";

    PUT_FILE =
        "INSERT INTO staged_files (deployment_id, display, canonical, version_display,
                                   version_canonical, filename, size_bytes, sha256, digests,
                                   staged_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (deployment_id, canonical, version_canonical, filename) DO UPDATE SET
             size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
             digests = excluded.digests, staged_at = excluded.staged_at";

    FILES_OF =
        "SELECT display, version_display, filename, size_bytes, sha256, digests FROM staged_files
         WHERE deployment_id = $1 ORDER BY canonical, version_canonical, filename";

    DROP_FILE =
        "DELETE FROM staged_files
         WHERE deployment_id = $1 AND canonical = $2 AND version_canonical = $3 AND filename = $4
           AND sha256 = $5";

    DROP_FILES = "DELETE FROM staged_files WHERE deployment_id = $1";

    CLOSE = "UPDATE deployments SET state = 'failed' WHERE id = $1 AND state <> 'published'";

    DROP_DEPLOYMENT = "DELETE FROM deployments WHERE id = $1";

    SETTLE =
        "UPDATE deployments SET state = $2, problems = $3, releases = $4, updated_at = $5
         WHERE id = $1";

    PUBLISHED =
        "UPDATE deployments SET state = 'published', updated_at = $3
         WHERE id = $1 AND revision = $2 AND state <> 'published'";

    DROP_FINISHED = "DELETE FROM deployments WHERE id = $1 AND canonical IS NOT NULL";
}

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    ecosystem: String,
    account_id: String,
    canonical: Option<String>,
    version: Option<String>,
    name: String,
    state: String,
    problems: String,
    releases: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

impl Record {
    fn decode(self) -> Result<DeploymentRow, StoreError> {
        Ok(DeploymentRow {
            id: self.id,
            ecosystem: stored("deployments.ecosystem", &self.ecosystem)?,
            account_id: stored("deployments.account_id", &self.account_id)?,
            release: self.canonical.zip(self.version),
            name: self.name,
            state: self
                .state
                .parse()
                .map_err(|_| StoreError::Corrupt { column: "deployments.state" })?,
            problems: stored_json("deployments.problems", &self.problems)?,
            releases: stored_json("deployments.releases", &self.releases)?,
            revision: self.revision,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}

/// What is begun or found by [`Store::stage_file`].
struct Staging {
    registry_id: RegistryId,
    package: PackageRef,
    account: AccountId,
    file: NewStagedFile,
    now: Timestamp,
}

async fn stage(tx: &mut WriteTx, staging: &Staging) -> Result<bool, StoreError> {
    let Staging { registry_id, package, account, file, now } = staging;
    let registry_id = registry_id.to_string();
    let account = account.to_string();
    let (ecosystem, canonical) = (package.ecosystem.as_str(), package.name.canonical());
    both!(
        tx,
        execute(
            INSERT_DEPLOYMENT,
            new_id().to_string(),
            registry_id.as_str(),
            ecosystem,
            account.as_str(),
            canonical,
            file.version.canonical(),
            "",
            now.as_micros(),
        )
    )?;
    let open = both!(
        tx,
        fetch_all::<Record>(OPEN_OF, registry_id.as_str(), ecosystem, account.as_str(), canonical)
    )?;
    let version = file.version.canonical();
    let found = open.into_iter().find(|record| record.version.as_deref() == Some(version));
    let Some(found) = found else { return Ok(false) };
    put_file(tx, &found.id, file, *now).await
}

/// Puts a file into an open deployment. False: it is open no more.
async fn put_file(
    tx: &mut WriteTx,
    deployment: &str,
    new: &NewStagedFile,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if both!(tx, execute(TOUCH, deployment, now.as_micros()))? == 0 {
        return Ok(false);
    }
    let NewStagedFile { package, version, file, sha256 } = new;
    crate::blob_rows::refer(tx, *sha256, file.size_bytes, now).await?;
    both!(
        tx,
        execute(
            PUT_FILE,
            deployment,
            package.display(),
            package.canonical(),
            version.display(),
            version.canonical(),
            file.filename.as_str(),
            i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
            sha256.to_hex(),
            json!(file.digests).to_string(),
            now.as_micros(),
        )
    )?;
    Ok(true)
}

/// Ends a deployment whose releases are committed in this transaction. False: its files changed
/// since they were read, or it was published already.
pub(crate) async fn end(
    tx: &mut WriteTx,
    ended: &EndedDeployment,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let EndedDeployment { id, revision } = ended;
    if both!(tx, execute(PUBLISHED, id.as_str(), *revision, now.as_micros()))? == 0 {
        return Ok(false);
    }
    both!(tx, execute(DROP_FILES, id.as_str()))?;
    both!(tx, execute(DROP_FINISHED, id.as_str()))?;
    Ok(true)
}

impl Store {
    /// Stages one file of a release, in the account's open deployment of it. False: somebody
    /// published that deployment at the same moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn stage_file(
        &self,
        registry_id: RegistryId,
        package: PackageRef,
        account: AccountId,
        file: NewStagedFile,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let staging = Staging { registry_id, package, account, file, now };
        self.write(staging, |tx, staging| Box::pin(stage(tx, staging))).await
    }

    /// Begins a bundle with all of its files. It is settled by
    /// [`settle_deployment`](Self::settle_deployment).
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn stage_bundle(
        &self,
        registry_id: RegistryId,
        ecosystem: EcosystemId,
        account: AccountId,
        name: String,
        files: Vec<NewStagedFile>,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = new_id().to_string();
        let data = (id.clone(), registry_id, ecosystem, account, name, files, now);
        self.write(data, |tx, (id, registry_id, ecosystem, account, name, files, now)| {
            Box::pin(async move {
                let none: Option<&str> = None;
                both!(
                    tx,
                    execute(
                        INSERT_DEPLOYMENT,
                        id.as_str(),
                        registry_id.to_string(),
                        ecosystem.as_str(),
                        account.to_string(),
                        none,
                        none,
                        without_nul(name).as_ref(),
                        now.as_micros(),
                    )
                )?;
                for file in files {
                    put_file(tx, id, file, *now).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
        Ok(id)
    }

    /// The deployment of this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_deployment(&self, id: &str) -> Result<Option<DeploymentRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(reader, fetch_optional::<Record>(FIND_DEPLOYMENT, without_nul(id)))?;
        record.map(Record::decode).transpose()
    }

    /// An account's releases of a package that come file by file and are not published yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn open_deployments(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        account: AccountId,
    ) -> Result<Vec<DeploymentRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(
            reader,
            fetch_all::<Record>(
                OPEN_OF,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                account.to_string(),
                package.name.canonical(),
            )
        )?;
        records.into_iter().map(Record::decode).collect()
    }

    /// An account's deployments of an ecosystem, newest first, a hundred at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn deployments_of(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        account: AccountId,
    ) -> Result<Vec<DeploymentRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(
            reader,
            fetch_all::<Record>(
                OF_ACCOUNT,
                registry_id.to_string(),
                ecosystem.as_str(),
                account.to_string(),
            )
        )?;
        records.into_iter().map(Record::decode).collect()
    }

    /// The files of a deployment, by package, version and name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn staged_files(&self, deployment: &str) -> Result<Vec<StagedFileRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(
            reader,
            fetch_all::<(String, String, String, i64, String, String)>(FILES_OF, deployment)
        )?;
        let decode = |(package, version, filename, size_bytes, sha256, digests): (
            String,
            String,
            String,
            i64,
            String,
            String,
        )| {
            Ok(StagedFileRow {
                package,
                version,
                file: StagedFile {
                    filename: stored("staged_files.filename", &filename)?,
                    size_bytes: stored_u64("staged_files.size_bytes", size_bytes)?,
                    digests: stored_json("staged_files.digests", &digests)?,
                },
                sha256: stored("staged_files.sha256", &sha256)?,
            })
        };
        records.into_iter().map(decode).collect()
    }

    /// Throws one staged file away, unless other bytes took its place meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn drop_staged_file(
        &self,
        deployment: &str,
        package: &PackageName,
        version: &Version,
        staged: &StagedFileRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = (
            deployment.to_owned(),
            package.canonical().to_owned(),
            version.canonical().to_owned(),
            staged.file.filename.clone(),
            staged.sha256.to_hex(),
            now,
        );
        self.write(data, |tx, (deployment, canonical, version, filename, sha256, now)| {
            Box::pin(async move {
                both!(tx, execute(TOUCH, deployment.as_str(), now.as_micros()))?;
                both!(
                    tx,
                    execute(
                        DROP_FILE,
                        deployment.as_str(),
                        canonical.as_str(),
                        version.as_str(),
                        filename.as_str(),
                        sha256.as_str(),
                    )
                )?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Writes down how a deployment was judged.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn settle_deployment(
        &self,
        id: &str,
        state: DeploymentState,
        problems: &[(String, String)],
        releases: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (problems, releases) = (json!(problems).to_string(), json!(releases).to_string());
        let data = (id.to_owned(), state, problems, releases, now);
        self.write(data, |tx, (id, state, problems, releases, now)| {
            Box::pin(async move {
                both!(
                    tx,
                    execute(
                        SETTLE,
                        id.as_str(),
                        state.as_str(),
                        without_nul(problems).as_ref(),
                        without_nul(releases).as_ref(),
                        now.as_micros(),
                    )
                )?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Throws the files of a deployment away; what became of it can still be asked.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn drop_staged_files(&self, id: &str) -> Result<(), StoreError> {
        self.write(id.to_owned(), |tx, id| {
            Box::pin(async move {
                both!(tx, execute(DROP_FILES, id.as_str()))?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Throws a deployment and its files away. False: it was published meanwhile, and stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn drop_deployment(&self, id: &str) -> Result<bool, StoreError> {
        self.write(id.to_owned(), |tx, id| {
            Box::pin(async move {
                if both!(tx, execute(CLOSE, id.as_str()))? == 0 {
                    return Ok(false);
                }
                both!(tx, execute(DROP_FILES, id.as_str()))?;
                both!(tx, execute(DROP_DEPLOYMENT, id.as_str()))?;
                Ok::<_, StoreError>(true)
            })
        })
        .await
    }

    /// Throws deployments away that nothing happened to since then, a hundred at most. Returns
    /// how many there were.
    ///
    /// * `unfinished`, `published`: since when, for those that were published and the others.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn prune_deployments(
        &self,
        unfinished: Timestamp,
        published: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write((unfinished, published), |tx, (unfinished, published)| {
            Box::pin(async move {
                let (unfinished, published) = (unfinished.as_micros(), published.as_micros());
                let old = both!(tx, fetch_all::<(String,)>(OLDER_THAN, unfinished, published))?;
                for (id,) in &old {
                    both!(tx, execute(DROP_FILES, id.as_str()))?;
                    both!(tx, execute(DROP_DEPLOYMENT, id.as_str()))?;
                }
                Ok::<_, StoreError>(old.len() as u64)
            })
        })
        .await
    }
}
