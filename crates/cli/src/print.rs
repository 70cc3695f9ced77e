//! Printing data: a table for people, JSON for scripts.

use std::io::Write as _;

use serde::Serialize;

/// Prints rows as JSON, or as columns under a header.
pub(crate) fn rows<T: Serialize>(
    as_json: bool,
    items: &[T],
    header: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    if as_json {
        return bytes(format!("{}\n", serde_json::to_string_pretty(items)?).as_bytes());
    }
    if items.is_empty() {
        eprintln!("nothing yet");
        return Ok(());
    }
    let mut lines: Vec<Vec<String>> = vec![header.iter().map(ToString::to_string).collect()];
    lines.extend(items.iter().map(cells));
    let width_of = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> =
        (0..header.len()).map(|column| width_of(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    bytes(text.as_bytes())
}

/// Prints what may be long. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
