//! The report: what was measured, on what, and how to do it again.

use std::fmt::Write as _;

use super::load::Sample;
use super::scenario;
use super::wire::Ecosystem;
use super::{BenchArgs, Measured};

/// Median of the rounds, with the lowest and the highest.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    fn of(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Option<Self> {
        let mut values: Vec<f64> = samples.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: *values.get(values.len() / 2)?,
            low: *values.first()?,
            high: *values.last()?,
        })
    }

    /// `12.3 (11.0–14.2)`, or the median alone when the rounds agree.
    fn show(self) -> String {
        let Self { median, low, high } = self;
        let (median, low, high) = (number(median), number(low), number(high));
        if low == high { median } else { format!("{median} ({low}–{high})") }
    }
}

/// Three digits that mean something.
fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// Writes the whole page.
pub(super) fn write(
    args: &BenchArgs,
    facts: &[(&'static str, String)],
    measured: &[Measured],
) -> String {
    let mut page = String::from(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; run it to get this page for your machine. Every server \
         got the same\npackages and was asked the way its own clients ask, one core for the server \
         and one for the load\ngenerator, over loopback without TLS, with connections kept open. \
         nginx serves the answers of the first\nserver from files and knows neither accounts nor \
         policy: it is the physical limit. Vouchsafe is asked\nwith a token. Numbers are the median \
         of the rounds, with the lowest and highest in parentheses.\nProcessor time per request \
         is the number to trust; the others depend on what else the machine does.\n\n",
    );
    for (name, value) in facts {
        let _ = writeln!(page, "- {name}: {value}");
    }
    let _ = writeln!(
        page,
        "- rounds: {} of {} s each; {} versions in the large package, {} packages besides",
        args.rounds, args.seconds, args.versions, args.packages
    );
    for ecosystem in Ecosystem::ALL {
        let rows: Vec<&Measured> =
            measured.iter().filter(|row| row.ecosystem == ecosystem).collect();
        if !rows.is_empty() {
            let _ = write!(page, "\n## {}\n", ecosystem.name());
            servers(&mut page, &rows);
            for scenario in scenario::of(ecosystem) {
                samples(&mut page, &rows, &scenario);
            }
        }
    }
    page
}

/// Start, memory, publishing.
fn servers(page: &mut String, rows: &[&Measured]) {
    page.push_str(
        "\n| server | version | first answer | memory idle | publish, first versions | publish, \
         last versions | publishes/s, 16 clients | CPU µs/publish |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let publish = row.publish.map_or_else(
            || "– | – | – | –".to_owned(),
            |publish| {
                format!(
                    "{} ms | {} ms (of {}) | {} | {}",
                    number(publish.first.as_secs_f64() * 1e3),
                    number(publish.last.as_secs_f64() * 1e3),
                    publish.versions,
                    number(publish.per_sec),
                    number(publish.cpu_us),
                )
            },
        );
        let _ = writeln!(
            page,
            "| {} | {} | {} ms | {} | {publish} |",
            row.server,
            row.version,
            row.first_answer.as_millis(),
            megabytes(row.idle.resident_bytes),
        );
    }
}

/// One scenario, all servers.
fn samples(page: &mut String, rows: &[&Measured], scenario: &scenario::Scenario) {
    if rows.iter().all(|row| !row.samples.contains_key(scenario.name)) {
        return;
    }
    let _ = write!(
        page,
        "\n### {}: {}, {} connections\n\n\
         | server | CPU µs/request | req/s | p50 ms | p99 ms | bytes | memory |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        scenario.name, scenario.description, scenario.connections
    );
    for row in rows {
        let samples = row.samples.get(scenario.name).map(Vec::as_slice).unwrap_or_default();
        let show = |value: fn(&Sample) -> f64| {
            Spread::of(samples, value).map_or_else(|| "–".to_owned(), Spread::show)
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.server,
            show(|sample| sample.cpu_us),
            show(|sample| sample.requests_per_sec),
            show(|sample| sample.p50.as_secs_f64() * 1e3),
            show(|sample| sample.p99.as_secs_f64() * 1e3),
            samples.last().map_or_else(|| "–".to_owned(), |sample| format!("{:.0}", sample.bytes)),
            samples
                .last()
                .map_or_else(|| "–".to_owned(), |sample| megabytes(sample.resident_bytes)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(cpu_us: f64) -> Sample {
        Sample {
            requests_per_sec: 1.0,
            p50: std::time::Duration::ZERO,
            p99: std::time::Duration::ZERO,
            cpu_us,
            bytes: 0.0,
            resident_bytes: 0,
        }
    }

    #[test]
    fn the_median_is_shown_with_its_spread() {
        let samples = [sample(40.0), sample(120.6), sample(36.25)];
        let spread = Spread::of(&samples, |sample| sample.cpu_us).expect("three rounds");
        assert_eq!(spread.show(), "40.0 (36.2–121)");
        let spread = Spread::of(&samples[..1], |sample| sample.cpu_us).expect("one round");
        assert_eq!(spread.show(), "40.0");
    }
}
