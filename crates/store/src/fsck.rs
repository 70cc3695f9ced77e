//! Fsck: proves that what the database says is what the blob store has.
//!
//! It reads in pages and holds nothing open, so it may run beside the server for hours. What is
//! published or swept meanwhile is looked at again before it is called an error.

use futures::TryStreamExt as _;
use vouchsafe_domain::Sha256;

use crate::blob::{BlobError, Blobs};
use crate::engine::{FOREIGN_KEY_VIOLATIONS, INTEGRITY_CHECK};
use crate::error::{stored, stored_u64};
use crate::sql::{Sql, both, statements};
use crate::{Store, StoreError};

/// Rows read at once.
const PAGE_ROWS: i64 = 500;
/// Findings kept in the report; all of them are counted and told.
const MAX_FINDINGS: usize = 1000;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A row refers to a blob that is not there.
    MissingBlob {
        /// The blob.
        sha256: Sha256,
        /// The row: its table and name.
        referred_by: String,
    },
    /// A blob has another size than its row says.
    WrongSize {
        /// The blob.
        sha256: Sha256,
        /// The row: its table and name.
        referred_by: String,
        /// Bytes by the row.
        expected_bytes: u64,
        /// Bytes there are.
        found_bytes: u64,
    },
    /// The bytes of a blob are not those that were kept.
    DamagedBlob {
        /// The blob.
        sha256: Sha256,
    },
    /// A row refers to a row that is not there.
    ForeignKey {
        /// The table of the row.
        child: String,
        /// The table it refers to.
        parent: String,
    },
    /// The engine found its own files damaged.
    Engine {
        /// In its words.
        message: String,
    },
    /// Event numbers have a gap, or the counter does not fit them.
    Events {
        /// Events there are.
        count: u64,
        /// The counter.
        counter: i64,
    },
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingBlob { sha256, referred_by } => {
                write!(f, "missing blob {sha256}, referred to by {referred_by}")
            }
            Self::WrongSize { sha256, referred_by, expected_bytes, found_bytes } => write!(
                f,
                "blob {sha256} has {found_bytes} bytes instead of {expected_bytes}, referred to \
                 by {referred_by}"
            ),
            Self::DamagedBlob { sha256 } => write!(f, "damaged blob {sha256}"),
            Self::ForeignKey { child, parent } => {
                write!(f, "a row of {child} refers to a missing row of {parent}")
            }
            Self::Engine { message } => write!(f, "the database says: {message}"),
            Self::Events { count, counter } => {
                write!(f, "there are {count} events and the counter says {counter}")
            }
        }
    }
}

/// What was looked at and found.
#[derive(Debug, Clone, Default)]
pub struct FsckReport {
    /// Statements that fit the schema.
    pub statements: u64,
    /// Rows whose blobs were looked at.
    pub references: u64,
    /// Blobs in the store.
    pub blobs: u64,
    /// Blobs that no row refers to. The sweep deletes them; they are no error.
    pub orphans: u64,
    /// Their bytes.
    pub orphan_bytes: u64,
    /// How many findings there are.
    pub finding_count: u64,
    /// The first thousand of them.
    pub findings: Vec<Finding>,
}

impl FsckReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.finding_count == 0
    }
}

/// Why fsck could not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FsckError {
    /// The database failed.
    #[error("the database could not be checked")]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error("the blobs could not be checked")]
    Blob(#[from] BlobError),
}

statements! {
    PAGE_OF_ARTIFACTS =
        "SELECT id, sha256, size_bytes, filename FROM artifacts
         WHERE id > $1 AND state <> 'removed' ORDER BY id LIMIT $2";

    PAGE_OF_CACHED =
        "SELECT registry_id, ecosystem, canonical, filename || ' ' || version_canonical, sha256,
                size_bytes
         FROM cached_artifacts
         WHERE (registry_id, ecosystem, canonical, filename || ' ' || version_canonical)
             > ($1, $2, $3, $4)
         ORDER BY registry_id, ecosystem, canonical, filename || ' ' || version_canonical
         LIMIT $5";

    PAGE_OF_DOCUMENTS =
        "SELECT registry_id, ecosystem, document_key, body_sha256, size_bytes
         FROM upstream_documents
         WHERE (registry_id, ecosystem, document_key) > ($1, $2, $3)
         ORDER BY registry_id, ecosystem, document_key LIMIT $4";

    PAGE_OF_STAGED =
        "SELECT deployment_id, canonical, version_canonical, filename, sha256, size_bytes
         FROM staged_files
         WHERE (deployment_id, canonical, version_canonical, filename) > ($1, $2, $3, $4)
         ORDER BY deployment_id, canonical, version_canonical, filename LIMIT $5";

    COUNT_EVENTS =
        "SELECT (SELECT count(*) FROM events), (SELECT COALESCE(max(seq), 0) FROM events),
                (SELECT value FROM counters WHERE name = 'events')";
}

/// A row that refers to a blob.
struct Reference {
    sha256: Sha256,
    size_bytes: u64,
    referred_by: String,
}

struct Fsck<'a, F> {
    store: &'a Store,
    blobs: &'a Blobs,
    is_deep: bool,
    report: FsckReport,
    on_finding: F,
}

/// Checks the whole store.
///
/// * `is_deep`: also hash every blob that is referred to, which reads all of them.
/// * `on_finding`: told of every finding at once.
///
/// # Errors
///
/// [`FsckError`] when something could not be looked at; what is wrong is a [`Finding`].
pub async fn fsck(
    store: &Store,
    blobs: &Blobs,
    is_deep: bool,
    on_finding: impl FnMut(&Finding),
) -> Result<FsckReport, FsckError> {
    let report = FsckReport::default();
    let mut fsck = Fsck { store, blobs, is_deep, report, on_finding };
    fsck.report.statements = store.check_statements().await? as u64;
    fsck.check_engine().await?;
    fsck.check_artifacts().await?;
    fsck.check_cached().await?;
    fsck.check_staged().await?;
    fsck.check_documents().await?;
    fsck.count_orphans().await?;
    Ok(fsck.report)
}

impl<F: FnMut(&Finding)> Fsck<'_, F> {
    fn found(&mut self, finding: Finding) {
        (self.on_finding)(&finding);
        self.report.finding_count += 1;
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }

    async fn check_engine(&mut self) -> Result<(), FsckError> {
        let mut snapshot = self.store.snapshot().await?;
        let messages = both!(snapshot, fetch_all::<(String,)>(INTEGRITY_CHECK))?;
        let orphans = both!(snapshot, fetch_all::<(String, String)>(FOREIGN_KEY_VIOLATIONS))?;
        let (count, last, counter) = both!(snapshot, fetch_one::<(i64, i64, i64)>(COUNT_EVENTS))?;
        snapshot.end().await?;
        for (message,) in messages.into_iter().filter(|(message,)| message != "ok") {
            self.found(Finding::Engine { message });
        }
        for (child, parent) in orphans {
            self.found(Finding::ForeignKey { child, parent });
        }
        if count != last || last != counter {
            self.found(Finding::Events { count: stored_u64("events.seq", count)?, counter });
        }
        Ok(())
    }

    async fn check_artifacts(&mut self) -> Result<(), FsckError> {
        let mut after = String::new();
        loop {
            let mut reader = self.store.reader().await?;
            let page = both!(
                reader,
                fetch_all::<(String, String, i64, String)>(
                    PAGE_OF_ARTIFACTS,
                    after.as_str(),
                    PAGE_ROWS,
                )
            )?;
            drop(reader);
            let Some((last, ..)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (_, sha256, size_bytes, filename) in &page {
                self.check_reference(reference("artifact", filename, sha256, *size_bytes)?).await?;
            }
        }
    }

    async fn check_cached(&mut self) -> Result<(), FsckError> {
        self.check_files("cached", PAGE_OF_CACHED).await
    }

    async fn check_staged(&mut self) -> Result<(), FsckError> {
        self.check_files("staged", PAGE_OF_STAGED).await
    }

    /// Pages through a table whose key has four columns, the file name last.
    async fn check_files(&mut self, kind: &str, page_of: Sql) -> Result<(), FsckError> {
        let mut after = [const { String::new() }; 4];
        loop {
            let [a, b, c, d] = &after;
            let mut reader = self.store.reader().await?;
            let page = both!(
                reader,
                fetch_all::<(String, String, String, String, String, i64)>(
                    page_of,
                    a.as_str(),
                    b.as_str(),
                    c.as_str(),
                    d.as_str(),
                    PAGE_ROWS,
                )
            )?;
            drop(reader);
            let Some((a, b, c, d, ..)) = page.last() else { return Ok(()) };
            after = [a.clone(), b.clone(), c.clone(), d.clone()];
            for (_, _, _, filename, sha256, size_bytes) in &page {
                self.check_reference(reference(kind, filename, sha256, *size_bytes)?).await?;
            }
        }
    }

    async fn check_documents(&mut self) -> Result<(), FsckError> {
        let mut after = [const { String::new() }; 3];
        loop {
            let [a, b, c] = &after;
            let mut reader = self.store.reader().await?;
            let page = both!(
                reader,
                fetch_all::<(String, String, String, Option<String>, i64)>(
                    PAGE_OF_DOCUMENTS,
                    a.as_str(),
                    b.as_str(),
                    c.as_str(),
                    PAGE_ROWS,
                )
            )?;
            drop(reader);
            let Some((a, b, c, ..)) = page.last() else { return Ok(()) };
            after = [a.clone(), b.clone(), c.clone()];
            for (_, _, key, sha256, size_bytes) in &page {
                if let Some(sha256) = sha256 {
                    self.check_reference(reference("document", key, sha256, *size_bytes)?).await?;
                }
            }
        }
    }

    async fn check_reference(&mut self, reference: Reference) -> Result<(), FsckError> {
        let Reference { sha256, size_bytes, referred_by } = reference;
        self.report.references += 1;
        let Some(meta) = self.blobs.meta(sha256).await? else {
            // The row may have gone since it was read, and the sweep after it.
            if self.store.is_blob_referenced(sha256).await? {
                self.found(Finding::MissingBlob { sha256, referred_by });
            }
            return Ok(());
        };
        if meta.size_bytes != size_bytes {
            let (expected_bytes, found_bytes) = (size_bytes, meta.size_bytes);
            self.found(Finding::WrongSize { sha256, referred_by, expected_bytes, found_bytes });
            return Ok(());
        }
        if self.is_deep {
            match self.blobs.is_intact(sha256).await {
                Ok(true) | Err(BlobError::Missing { .. }) => {}
                Ok(false) | Err(BlobError::Damaged { .. }) => {
                    self.found(Finding::DamagedBlob { sha256 });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn count_orphans(&mut self) -> Result<(), FsckError> {
        let mut list = self.blobs.list();
        while let Some(blob) = list.try_next().await? {
            self.report.blobs += 1;
            if !self.store.is_blob_referenced(blob.sha256).await? {
                self.report.orphans += 1;
                self.report.orphan_bytes += blob.size_bytes;
            }
        }
        Ok(())
    }
}

fn reference(
    table: &str,
    name: &str,
    sha256: &str,
    size_bytes: i64,
) -> Result<Reference, StoreError> {
    Ok(Reference {
        sha256: stored("sha256", sha256)?,
        size_bytes: stored_u64("size_bytes", size_bytes)?,
        referred_by: format!("{table} {name}"),
    })
}
