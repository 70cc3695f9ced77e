//! Restore: fills an empty store from a backup of either engine.
//!
//! The file may come from anywhere, so nothing in it is believed: only known names are read, every
//! digest is checked, and no path of it ever touches the file system. Blobs are kept first, then
//! all rows in one transaction; a restore that fails leaves an empty database and blobs that the
//! sweep deletes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};
use vouchsafe_domain::Sha256;

use crate::backup::{FORMAT, FORMAT_ENTRY, Format, Progress, TableFormat, VERSION};
use crate::blob::{BlobError, Blobs, Digesting};
use crate::connection::WriteTx;
use crate::sql::{both, statements};
use crate::tables::{Table, Value, insert_row};
use crate::{Store, StoreError};

/// Largest `format.json`, in bytes.
const MAX_FORMAT_BYTES: u64 = 1024 * 1024;
/// Longest row, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;
/// Rows handed to the database at once.
const BATCH_ROWS: usize = 200;

/// What was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Rows of all tables.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of all blobs.
    pub blob_bytes: u64,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store has something in it.
    #[error("the database is not empty; a backup is restored into a new one")]
    NotEmpty,
    /// The file is no backup of this program, or of a newer one.
    #[error("the file is not a backup that this version can read: {reason}")]
    Format {
        /// Why.
        reason: String,
    },
    /// The file holds something that a backup does not hold.
    #[error("the backup holds an unexpected entry `{path}`")]
    UnexpectedEntry {
        /// Its path, shortened and escaped.
        path: String,
    },
    /// The bytes of an entry are not those that were backed up.
    #[error("`{path}` is damaged")]
    Damaged {
        /// Its path.
        path: String,
    },
    /// A row cannot be read.
    #[error("row {row} of table `{table}` cannot be read")]
    Row {
        /// The table.
        table: &'static str,
        /// Its number, from 1.
        row: u64,
    },
    /// The file cannot be read.
    #[error("the backup file cannot be read")]
    Read(#[from] io::Error),
    /// The blob store failed.
    #[error("a blob could not be restored")]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error("the rows could not be restored")]
    Store(#[from] StoreError),
}

statements! {
    COUNT_ROWS =
        "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM accounts)
              + (SELECT count(*) FROM packages) + (SELECT count(*) FROM upstream_documents)
              + (SELECT count(*) FROM cached_artifacts) + (SELECT count(*) FROM jobs)
              + (SELECT count(*) FROM downloads) + (SELECT count(*) FROM blobs)";

    CLEAR_COUNTERS = "DELETE FROM counters";

    CLEAR_REGISTRIES = "DELETE FROM registries";
}

/// Restores a backup into an empty store.
///
/// * `progress`: told after every table and blob.
///
/// # Errors
///
/// [`RestoreError`]; the database is as empty as before.
pub async fn restore(
    store: &Store,
    blobs: &Blobs,
    source: &Path,
    mut progress: impl FnMut(Progress),
) -> Result<RestoreReport, RestoreError> {
    let mut reader = store.reader().await?;
    let (rows,) = both!(reader, fetch_one::<(i64,)>(COUNT_ROWS))?;
    drop(reader);
    if rows != 0 {
        return Err(RestoreError::NotEmpty);
    }
    let (keeper, path, runtime) = (blobs.clone(), source.to_owned(), Handle::current());
    let (told, mut steps) = mpsc::channel(16);
    let work = move || restore_blobs(&keeper, &path, &runtime, &told);
    let work = tokio::task::spawn_blocking(work);
    while let Some(step) = steps.recv().await {
        progress(step);
    }
    let (format, mut report) = join(work.await)?;

    let (batches, queue) = mpsc::channel(4);
    let path = source.to_owned();
    let parser = tokio::task::spawn_blocking(move || send_rows(&path, &format, &batches));
    let queue = Mutex::new(Some(queue));
    let written = store.write(queue, |tx, queue| Box::pin(write_rows(tx, queue))).await;
    // A broken file matters more than what it did to the transaction.
    let parsed = join(parser.await);
    let tables = match (written, parsed) {
        (Ok(tables), Ok(())) => tables,
        (_, Err(error)) | (Err(error), Ok(())) => return Err(error),
    };
    for (name, rows) in tables {
        report.rows += rows;
        progress(Progress::Table { name, rows });
    }
    Ok(report)
}

fn join<T>(
    done: Result<Result<T, RestoreError>, tokio::task::JoinError>,
) -> Result<T, RestoreError> {
    done.map_err(|gone| RestoreError::Read(io::Error::other(gone)))?
}

/// What an entry is, by its exact path.
enum EntryName {
    Format,
    Table(&'static Table),
    Blob(Sha256),
}

/// Recognizes an entry. Everything but a plain file of a known name is refused.
fn recognize<R: Read>(entry: &tar::Entry<'_, R>) -> Result<EntryName, RestoreError> {
    let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let unexpected = || RestoreError::UnexpectedEntry {
        path: raw.chars().take(100).flat_map(char::escape_default).collect(),
    };
    if entry.header().entry_type() != tar::EntryType::Regular {
        return Err(unexpected());
    }
    if raw == FORMAT_ENTRY {
        return Ok(EntryName::Format);
    }
    if let Some(name) = raw.strip_prefix("tables/").and_then(|name| name.strip_suffix(".jsonl")) {
        return Table::find(name).map(EntryName::Table).ok_or_else(unexpected);
    }
    let sha256 = raw.strip_prefix("blobs/").and_then(|name| name.parse::<Sha256>().ok());
    match sha256 {
        // Upper-case digits would make two names of one blob.
        Some(sha256) if raw.ends_with(&sha256.to_hex()) => Ok(EntryName::Blob(sha256)),
        _ => Err(unexpected()),
    }
}

fn open(path: &Path) -> Result<tar::Archive<BufReader<File>>, RestoreError> {
    Ok(tar::Archive::new(BufReader::with_capacity(256 * 1024, File::open(path)?)))
}

/// First pass: the format, and all blobs.
fn restore_blobs(
    blobs: &Blobs,
    path: &Path,
    runtime: &Handle,
    progress: &mpsc::Sender<Progress>,
) -> Result<(Format, RestoreReport), RestoreError> {
    let mut archive = open(path)?;
    let mut format = None;
    let mut report = RestoreReport::default();
    // Raw: extended headers are entries here, and refused like any other surprise.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        match (recognize(&entry)?, &format) {
            (EntryName::Format, None) => format = Some(read_format(&mut entry)?),
            (EntryName::Table(_), Some(_)) => {}
            (EntryName::Blob(sha256), Some(_)) => {
                report.blob_bytes += restore_blob(blobs, runtime, sha256, &mut entry)?;
                report.blobs += 1;
                // When the caller went away, nobody listens.
                let _ = progress.blocking_send(Progress::Blob { done: report.blobs, total: None });
            }
            _ => {
                let reason = format!("`{FORMAT_ENTRY}` does not come first, and once");
                return Err(RestoreError::Format { reason });
            }
        }
    }
    let format = format.ok_or_else(|| RestoreError::Format { reason: "it is empty".to_owned() })?;
    Ok((format, report))
}

fn read_format(entry: &mut impl Read) -> Result<Format, RestoreError> {
    let refuse = |reason: String| RestoreError::Format { reason };
    let mut text = Vec::new();
    entry.take(MAX_FORMAT_BYTES).read_to_end(&mut text)?;
    let format: Format = serde_json::from_slice(&text)
        .map_err(|error| refuse(format!("{FORMAT_ENTRY}: {error}")))?;
    if format.format != FORMAT || format.version != VERSION {
        return Err(refuse(format!("it is of version {}", format.version)));
    }
    for TableFormat { name, columns, .. } in &format.tables {
        let table = Table::find(name);
        let table = table.ok_or_else(|| refuse(format!("there is no table `{name}`")))?;
        if table.column_names() != *columns {
            return Err(refuse(format!("table `{name}` has other columns")));
        }
    }
    Ok(format)
}

fn restore_blob(
    blobs: &Blobs,
    runtime: &Handle,
    sha256: Sha256,
    entry: &mut tar::Entry<'_, impl Read>,
) -> Result<u64, RestoreError> {
    let mut spool = blobs.spool(entry.size(), &[]);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let count = entry.read(&mut chunk)?;
        let (bytes, _) = chunk.split_at(count);
        if bytes.is_empty() {
            break;
        }
        runtime.block_on(spool.write(bytes))?;
    }
    let spooled = runtime.block_on(spool.finish())?;
    if spooled.sha256 != sha256 {
        return Err(RestoreError::Damaged { path: format!("blobs/{sha256}") });
    }
    let (_, size_bytes) = runtime.block_on(blobs.keep(spooled))?;
    Ok(size_bytes)
}

/// Rows on their way into the database.
enum Batch {
    Rows(&'static Table, Vec<Vec<Value>>),
    /// Every row was sent and every digest is right: commit.
    Complete,
}

/// Second pass: all rows, in the order of the file, each table checked against its digest.
fn send_rows(
    path: &Path,
    format: &Format,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), RestoreError> {
    let mut expected: BTreeMap<&str, &TableFormat> =
        format.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let mut archive = open(path)?;
    for entry in archive.entries()?.raw(true) {
        let entry = entry?;
        let EntryName::Table(table) = recognize(&entry)? else { continue };
        let path = format!("tables/{}.jsonl", table.name);
        let Some(expected) = expected.remove(table.name) else {
            return Err(RestoreError::UnexpectedEntry { path });
        };
        let mut lines = BufReader::new(Digesting::new(entry));
        let rows = send_table(table, &mut lines, batches)?;
        if lines.into_inner().sha256() != expected.sha256 || rows != expected.rows {
            return Err(RestoreError::Damaged { path });
        }
    }
    if let Some(name) = expected.keys().next() {
        return Err(RestoreError::Damaged { path: format!("tables/{name}.jsonl") });
    }
    // When the database has failed, it has told so already.
    let _ = batches.blocking_send(Batch::Complete);
    Ok(())
}

fn send_table(
    table: &'static Table,
    lines: &mut impl io::BufRead,
    batches: &mpsc::Sender<Batch>,
) -> Result<u64, RestoreError> {
    let mut rows = 0;
    let mut batch = Vec::new();
    loop {
        let mut line = Vec::new();
        lines.take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        rows += 1;
        let row = parse_row(table, &line).ok_or(RestoreError::Row { table: table.name, row: rows });
        batch.push(row?);
        if batch.len() == BATCH_ROWS {
            let _ = batches.blocking_send(Batch::Rows(table, std::mem::take(&mut batch)));
        }
    }
    let _ = batches.blocking_send(Batch::Rows(table, batch));
    Ok(rows)
}

fn parse_row(table: &Table, line: &[u8]) -> Option<Vec<Value>> {
    let values: Vec<serde_json::Value> = serde_json::from_slice(line).ok()?;
    if values.len() != table.columns.len() {
        return None;
    }
    let columns = table.columns.iter().zip(values);
    columns.map(|((_, column), value)| Value::from_json(*column, value)).collect()
}

/// Writes all rows and returns how many each table got. It runs once: on a second try, after the
/// connection broke, the rows of the first would be missing, so there is none.
async fn write_rows(
    tx: &mut WriteTx,
    queue: &Mutex<Option<mpsc::Receiver<Batch>>>,
) -> Result<Vec<(&'static str, u64)>, RestoreError> {
    let interrupted = || RestoreError::Read(io::ErrorKind::Interrupted.into());
    let mut queue = queue.lock().await.take().ok_or_else(interrupted)?;
    let (rows,) = both!(tx, fetch_one::<(i64,)>(COUNT_ROWS))?;
    if rows != 0 {
        return Err(RestoreError::NotEmpty);
    }
    both!(tx, execute(CLEAR_COUNTERS))?;
    both!(tx, execute(CLEAR_REGISTRIES))?;
    let mut tables: Vec<(&'static str, u64)> = Vec::new();
    loop {
        match queue.recv().await {
            Some(Batch::Rows(table, rows)) => {
                let count = rows.len() as u64;
                for row in rows {
                    insert_row(tx.conn(), table, row).await?;
                }
                match tables.last_mut() {
                    Some((name, total)) if *name == table.name => *total += count,
                    _ => tables.push((table.name, count)),
                }
            }
            Some(Batch::Complete) => break,
            None => return Err(interrupted()),
        }
    }
    tx.reload_seq().await?;
    Ok(tables)
}
