//! What was fetched from upstreams: index documents as they came, artifacts once admitted.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    Digests, EcosystemId, Filename, PackageRef, RegistryId, ReleaseRef, Sha256, Timestamp, Version,
};

use crate::connection::{WriteTx, without_nul};
use crate::error::{stored, stored_json, stored_u64};
use crate::releases::version;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// An index document as an upstream sent it, unjudged. Its bytes are a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamDocumentRow {
    /// The registry.
    pub registry_id: RegistryId,
    /// The ecosystem.
    pub ecosystem: EcosystemId,
    /// Which document; chosen by the caller.
    pub key: String,
    /// Where it came from, after redirects.
    pub url: String,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Its validator, as sent.
    pub etag: Option<String>,
    /// Its other validator, as sent.
    pub last_modified: Option<String>,
    /// The address of its bytes; `None`: the upstream has no such document.
    pub body_sha256: Option<Sha256>,
    /// Size of the body in bytes.
    pub size_bytes: u64,
    /// HTTP status.
    pub status: u16,
    /// When the body came.
    pub fetched_at: Timestamp,
    /// When the upstream last said that it still holds.
    pub validated_at: Timestamp,
}

/// An upstream artifact to be admitted. Its blob is kept already.
#[derive(Debug, Clone)]
pub struct NewCachedArtifact {
    /// The registry.
    pub registry_id: RegistryId,
    /// Its package.
    pub package: PackageRef,
    /// Its version.
    pub version: Version,
    /// Its name.
    pub filename: Filename,
    /// When the upstream says it was published.
    pub published_at: Option<Timestamp>,
    /// The address of its bytes.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What the upstream's index says its digests are.
    pub upstream_digests: Digests,
    /// When it was admitted.
    pub now: Timestamp,
}

/// An upstream artifact that was admitted.
#[derive(Debug, Clone)]
pub struct CachedArtifactRow {
    /// Its version.
    pub version: Version,
    /// Its name.
    pub filename: Filename,
    /// When the upstream says it was published.
    pub published_at: Option<Timestamp>,
    /// The address of its bytes.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What the upstream's index said its digests are.
    pub upstream_digests: Digests,
    /// When it was admitted.
    pub admitted_at: Timestamp,
}

statements! {
    FIND_DOCUMENT =
        "SELECT url, content_type, etag, last_modified, body_sha256, size_bytes, status,
                fetched_at, validated_at
         FROM upstream_documents
         WHERE registry_id = $1 AND ecosystem = $2 AND document_key = $3";

    PUT_DOCUMENT =
        "INSERT INTO upstream_documents (registry_id, ecosystem, document_key, url, content_type,
                                         etag, last_modified, body_sha256, size_bytes, status,
                                         fetched_at, validated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (registry_id, ecosystem, document_key) DO UPDATE SET
             url = excluded.url, content_type = excluded.content_type, etag = excluded.etag,
             last_modified = excluded.last_modified, body_sha256 = excluded.body_sha256,
             size_bytes = excluded.size_bytes, status = excluded.status,
             fetched_at = excluded.fetched_at, validated_at = excluded.validated_at";

    TOUCH_DOCUMENT =
        "UPDATE upstream_documents SET validated_at = $4
         WHERE registry_id = $1 AND ecosystem = $2 AND document_key = $3 AND validated_at < $4";

    FIND_CACHED =
        "SELECT filename, version_display, version_canonical, published_at, sha256, size_bytes,
                upstream_digests, admitted_at
         FROM cached_artifacts
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3 AND filename = $4
           AND (CAST($5 AS TEXT) IS NULL OR version_canonical = $5)
         ORDER BY admitted_at LIMIT 1";

    CACHED_OF =
        "SELECT filename, version_display, version_canonical, published_at, sha256, size_bytes,
                upstream_digests, admitted_at
         FROM cached_artifacts
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3";

    ADMIT =
        "INSERT INTO cached_artifacts (registry_id, ecosystem, canonical, filename,
                                       version_display, version_canonical, published_at, sha256,
                                       size_bytes, upstream_digests, admitted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (registry_id, ecosystem, canonical, filename, version_canonical) DO NOTHING";
}

#[derive(sqlx::FromRow)]
struct DocumentRecord {
    url: String,
    content_type: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    body_sha256: Option<String>,
    size_bytes: i64,
    status: i64,
    fetched_at: i64,
    validated_at: i64,
}

#[derive(sqlx::FromRow)]
struct CachedRecord {
    filename: String,
    version_display: String,
    version_canonical: String,
    published_at: Option<i64>,
    sha256: String,
    size_bytes: i64,
    upstream_digests: String,
    admitted_at: i64,
}

impl CachedRecord {
    fn decode(self) -> Result<CachedArtifactRow, StoreError> {
        Ok(CachedArtifactRow {
            version: version(self.version_display, self.version_canonical)?,
            filename: stored("cached_artifacts.filename", &self.filename)?,
            published_at: self.published_at.map(Timestamp::from_micros),
            sha256: stored("cached_artifacts.sha256", &self.sha256)?,
            size_bytes: stored_u64("cached_artifacts.size_bytes", self.size_bytes)?,
            upstream_digests: stored_json(
                "cached_artifacts.upstream_digests",
                &self.upstream_digests,
            )?,
            admitted_at: Timestamp::from_micros(self.admitted_at),
        })
    }
}

async fn put_document(tx: &mut WriteTx, row: &UpstreamDocumentRow) -> Result<(), StoreError> {
    if let Some(sha256) = row.body_sha256 {
        crate::blob_rows::refer(tx, sha256, row.size_bytes, row.fetched_at).await?;
    }
    both!(
        tx,
        execute(
            PUT_DOCUMENT,
            row.registry_id.to_string(),
            row.ecosystem.as_str(),
            without_nul(&row.key).as_ref(),
            without_nul(&row.url).as_ref(),
            row.content_type.as_deref().map(without_nul).as_deref(),
            row.etag.as_deref().map(without_nul).as_deref(),
            row.last_modified.as_deref().map(without_nul).as_deref(),
            row.body_sha256.map(Sha256::to_hex),
            i64::try_from(row.size_bytes).unwrap_or(i64::MAX),
            i64::from(row.status),
            row.fetched_at.as_micros(),
            row.validated_at.as_micros(),
        )
    )?;
    Ok(())
}

async fn admit(tx: &mut WriteTx, new: &NewCachedArtifact) -> Result<CachedArtifactRow, StoreError> {
    let registry_id = new.registry_id.to_string();
    let PackageRef { ecosystem, name } = &new.package;
    let inserted = both!(
        tx,
        execute(
            ADMIT,
            registry_id.as_str(),
            ecosystem.as_str(),
            name.canonical(),
            new.filename.as_str(),
            new.version.display(),
            new.version.canonical(),
            new.published_at.map(Timestamp::as_micros),
            new.sha256.to_hex(),
            i64::try_from(new.size_bytes).unwrap_or(i64::MAX),
            json!(new.upstream_digests).to_string(),
            new.now.as_micros(),
        )
    )?;
    if inserted > 0 {
        crate::blob_rows::refer(tx, new.sha256, new.size_bytes, new.now).await?;
        let release = ReleaseRef { package: new.package.clone(), version: new.version.clone() };
        let event = NewEvent::new(EventKind::UpstreamAdmitted, "system", release.to_string());
        let details = json!({
            "filename": new.filename,
            "size_bytes": new.size_bytes,
            "sha256": new.sha256,
        });
        tx.event(&event.with(details), new.now).await?;
    }
    let record = both!(
        tx,
        fetch_one::<CachedRecord>(
            FIND_CACHED,
            registry_id.as_str(),
            ecosystem.as_str(),
            name.canonical(),
            new.filename.as_str(),
            Some(new.version.canonical()),
        )
    )?;
    record.decode()
}

impl Store {
    /// The document that was fetched under this key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_upstream_document(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        key: &str,
    ) -> Result<Option<UpstreamDocumentRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(
            reader,
            fetch_optional::<DocumentRecord>(
                FIND_DOCUMENT,
                registry_id.to_string(),
                ecosystem.as_str(),
                without_nul(key).as_ref(),
            )
        )?;
        let Some(record) = record else { return Ok(None) };
        let sha256 = record.body_sha256.as_deref();
        let status = u16::try_from(record.status);
        Ok(Some(UpstreamDocumentRow {
            registry_id,
            ecosystem: ecosystem.clone(),
            key: key.to_owned(),
            url: record.url,
            content_type: record.content_type,
            etag: record.etag,
            last_modified: record.last_modified,
            body_sha256: sha256
                .map(|hex| stored("upstream_documents.body_sha256", hex))
                .transpose()?,
            size_bytes: stored_u64("upstream_documents.size_bytes", record.size_bytes)?,
            status: status
                .map_err(|_| StoreError::Corrupt { column: "upstream_documents.status" })?,
            fetched_at: Timestamp::from_micros(record.fetched_at),
            validated_at: Timestamp::from_micros(record.validated_at),
        }))
    }

    /// Stores a document under its key, replacing an earlier one. Its blob is kept already.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn put_upstream_document(
        &self,
        document: UpstreamDocumentRow,
    ) -> Result<(), StoreError> {
        self.write(document, |tx, document| Box::pin(put_document(tx, document))).await
    }

    /// Notes that the upstream confirmed a document (304).
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn touch_upstream_document(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        key: &str,
        validated_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = without_nul(key).into_owned();
        let data = (registry_id.to_string(), ecosystem.clone(), key, validated_at);
        self.write(data, |tx, (registry_id, ecosystem, key, validated_at)| {
            Box::pin(async move {
                let validated_at = validated_at.as_micros();
                let (registry_id, ecosystem) = (registry_id.as_str(), ecosystem.as_str());
                let key = key.as_str();
                both!(tx, execute(TOUCH_DOCUMENT, registry_id, ecosystem, key, validated_at))?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// The artifact that was admitted under this name.
    ///
    /// * `version`: its release, where a name may belong to two of them; `None` takes any.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_cached_artifact(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        version: Option<&Version>,
        filename: &Filename,
    ) -> Result<Option<CachedArtifactRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(
            reader,
            fetch_optional::<CachedRecord>(
                FIND_CACHED,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
                filename.as_str(),
                version.map(Version::canonical),
            )
        )?;
        record.map(CachedRecord::decode).transpose()
    }

    /// Every artifact of a package that was admitted, in no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn cached_artifacts(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
    ) -> Result<Vec<CachedArtifactRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(
            reader,
            fetch_all::<CachedRecord>(
                CACHED_OF,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
            )
        )?;
        records.into_iter().map(CachedRecord::decode).collect()
    }

    /// Admits an artifact. The first one under a name stays for good; the row that is there
    /// afterwards is returned, and the caller compares.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn admit_artifact(
        &self,
        new: NewCachedArtifact,
    ) -> Result<CachedArtifactRow, StoreError> {
        self.write(new, |tx, new| Box::pin(admit(tx, new))).await
    }
}
