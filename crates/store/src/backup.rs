//! Backup: one tar file that either engine can be restored from.
//!
//! Layout, in this order: `format.json`, then `tables/<name>.jsonl` (a row per line, its columns
//! as a JSON array), then `blobs/<sha256>`. All rows come from one moment, and the server keeps
//! running. The file holds password hashes and everything private: guard it.

use std::io::{self, Read};
use std::path::Path;

use bytes::{Buf as _, Bytes};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use vouchsafe_domain::{Sha256, Timestamp};

use crate::blob::{BlobError, Blobs, Spooled};
use crate::connection::{Conn, Snapshot};
use crate::error::stored;
use crate::sql::{both, statements};
use crate::tables::{TABLES, Table, decode};
use crate::{Store, StoreError};

/// What `format.json` calls itself.
pub(crate) const FORMAT: &str = "vouchsafe-backup";
/// Version of the layout.
pub(crate) const VERSION: u32 = 1;
/// Name of the first entry.
pub(crate) const FORMAT_ENTRY: &str = "format.json";

/// The first entry of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Format {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) tables: Vec<TableFormat>,
}

/// One table of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TableFormat {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: u64,
    pub(crate) sha256: Sha256,
}

/// How far a backup or restore has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A table is done.
    Table {
        /// Its name.
        name: &'static str,
        /// Its rows.
        rows: u64,
    },
    /// A blob is done.
    Blob {
        /// Blobs done so far.
        done: u64,
        /// Blobs in all; `None` when nobody knows yet.
        total: Option<u64>,
    },
}

/// What a backup holds.
#[derive(Debug, Clone, Default)]
pub struct BackupReport {
    /// Rows of all tables.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of all blobs.
    pub blob_bytes: u64,
    /// Blobs that rows refer to and that are missing or damaged. They are not in the backup; the
    /// rest is. Run fsck.
    pub lost: Vec<Sha256>,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database failed.
    #[error("the database could not be read for the backup")]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error("a blob could not be read for the backup")]
    Blob(#[from] BlobError),
    /// The file could not be written.
    #[error("the backup file could not be written")]
    Write(#[from] io::Error),
}

statements! {
    REFERENCED_BLOBS =
        "SELECT sha256 FROM artifacts WHERE state <> 'removed'
         UNION SELECT sha256 FROM cached_artifacts
         UNION SELECT body_sha256 FROM upstream_documents WHERE body_sha256 IS NOT NULL
         UNION SELECT sha256 FROM staged_files";
}

/// Writes a backup to a file that must not exist yet. The file appears when it is complete.
///
/// * `progress`: told after every table and blob.
///
/// # Errors
///
/// [`BackupError`]; there is no file.
pub async fn backup(
    store: &Store,
    blobs: &Blobs,
    target: &Path,
    now: Timestamp,
    mut progress: impl FnMut(Progress),
) -> Result<BackupReport, BackupError> {
    let mut report = BackupReport::default();
    let mut snapshot = store.snapshot().await?;
    let mut tables = Vec::new();
    for table in TABLES {
        let (rows, spooled) = dump(&mut snapshot, blobs, table).await?;
        report.rows += rows;
        progress(Progress::Table { name: table.name, rows });
        tables.push((table, rows, spooled));
    }
    let references = both!(snapshot, fetch_all::<(String,)>(REFERENCED_BLOBS))?;
    snapshot.end().await?;

    let writer = TarWriter::start(target)?;
    let format = serde_json::to_vec_pretty(&describe(&tables, now)).map_err(io::Error::other)?;
    writer.add(FORMAT_ENTRY.to_owned(), format.len() as u64, io::Cursor::new(format)).await;
    for (table, _, spooled) in tables {
        let path = format!("tables/{}.jsonl", table.name);
        writer.add(path, spooled.size_bytes, spooled.reader()?).await;
    }
    for (sha256,) in &references {
        let sha256 = stored("sha256", sha256)?;
        match add_blob(&writer, blobs, sha256).await? {
            Some(size_bytes) => {
                report.blobs += 1;
                report.blob_bytes += size_bytes;
            }
            None => report.lost.push(sha256),
        }
        let done = report.blobs + report.lost.len() as u64;
        progress(Progress::Blob { done, total: Some(references.len() as u64) });
        if writer.has_stopped() {
            break;
        }
    }
    writer.finish().await?;
    Ok(report)
}

fn describe(tables: &[(&'static Table, u64, Spooled)], now: Timestamp) -> Format {
    let describe = |(table, rows, spooled): &(&'static Table, u64, Spooled)| TableFormat {
        name: table.name.to_owned(),
        columns: table.column_names().into_iter().map(str::to_owned).collect(),
        rows: *rows,
        sha256: spooled.sha256,
    };
    let tables = tables.iter().map(describe).collect();
    Format { format: FORMAT.to_owned(), version: VERSION, created_at: now, tables }
}

/// Writes the rows of a table to the spool, a line each.
async fn dump(
    snapshot: &mut Snapshot,
    blobs: &Blobs,
    table: &'static Table,
) -> Result<(u64, Spooled), BackupError> {
    let failed = |source| StoreError::Statement { statement: table.name, source };
    let mut rows = match snapshot.conn() {
        Conn::Lite(conn) => sqlx::query(table.select())
            .fetch(conn)
            .map(|row| row.and_then(|row| decode(table, &row)))
            .boxed(),
        Conn::Pg(conn) => sqlx::query(table.select())
            .fetch(conn)
            .map(|row| row.and_then(|row| decode(table, &row)))
            .boxed(),
    };
    let mut spool = blobs.spool(u64::MAX, &[]);
    let mut count = 0;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let columns: Vec<_> = row.iter().map(|value| value.to_json()).collect();
        let mut line = serde_json::Value::from(columns).to_string();
        line.push('\n');
        spool.write(line.as_bytes()).await?;
        count += 1;
    }
    Ok((count, spool.finish().await?))
}

/// Adds a blob and returns its size; `None` when it is missing or damaged.
async fn add_blob(
    writer: &TarWriter,
    blobs: &Blobs,
    sha256: Sha256,
) -> Result<Option<u64>, BackupError> {
    // A damaged blob would make the whole backup one that cannot be restored.
    match blobs.is_intact(sha256).await {
        Ok(true) => {}
        Ok(false) | Err(BlobError::Missing { .. } | BlobError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut read = blobs.read(sha256, None).await?;
    let (chunks, reader) = ChannelReader::new();
    writer.add(format!("blobs/{sha256}"), read.size_bytes, reader).await;
    while let Some(chunk) = read.stream.try_next().await? {
        if chunks.send(chunk).await.is_err() {
            // The writer has failed; `finish` tells why.
            break;
        }
    }
    Ok(Some(read.size_bytes))
}

/// One entry on its way into the file.
struct Entry {
    path: String,
    size_bytes: u64,
    body: Box<dyn Read + Send>,
}

/// Writes a tar file on a thread of its own, because the format is written by blocking code.
struct TarWriter {
    entries: mpsc::Sender<Entry>,
    done: tokio::task::JoinHandle<io::Result<()>>,
}

impl TarWriter {
    fn start(target: &Path) -> io::Result<Self> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Readable by its owner alone, as temporary files are.
        let file = tempfile::NamedTempFile::new_in(folder)?;
        let target = target.to_owned();
        let (entries, mut queue) = mpsc::channel::<Entry>(1);
        let done = tokio::task::spawn_blocking(move || {
            let mut tar = tar::Builder::new(io::BufWriter::new(file));
            while let Some(entry) = queue.blocking_recv() {
                let mut header = tar::Header::new_ustar();
                header.set_size(entry.size_bytes);
                header.set_mode(0o600);
                let Entry { path, size_bytes, body } = entry;
                tar.append_data(&mut header, path, Exactly { body: body.take(size_bytes) })?;
            }
            let file = tar.into_inner()?.into_inner().map_err(|error| error.into_error())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(target).map_err(|error| error.error)?;
            Ok(())
        });
        Ok(Self { entries, done })
    }

    async fn add(&self, path: String, size_bytes: u64, body: impl Read + Send + 'static) {
        // When the thread has failed, `finish` tells why.
        let _ = self.entries.send(Entry { path, size_bytes, body: Box::new(body) }).await;
    }

    fn has_stopped(&self) -> bool {
        self.entries.is_closed()
    }

    async fn finish(self) -> io::Result<()> {
        drop(self.entries);
        self.done.await.map_err(io::Error::other)?
    }
}

/// Fails when a body is shorter than its header says, instead of writing a broken file.
struct Exactly {
    body: io::Take<Box<dyn Read + Send>>,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if count == 0 && !buffer.is_empty() && self.body.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(count)
    }
}

/// The blocking end of a stream of chunks.
struct ChannelReader {
    chunks: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl ChannelReader {
    fn new() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, chunks) = mpsc::channel(2);
        (sender, Self { chunks, current: Bytes::new() })
    }
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        let (target, _) = buffer.split_at_mut(count);
        self.current.copy_to_slice(target);
        Ok(count)
    }
}
