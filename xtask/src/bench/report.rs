//! The report: what was measured, on what, and how to do it again.

use std::fmt::Write as _;

use super::contenders::vouchsafe;
use super::growth::Point;
use super::load::Sample;
use super::proxy::{self, Burst};
use super::reading::Measured;
use super::scenario::{self, Origin, Scenario};
use super::spread::{Spread, megabytes, millis, number};
use super::transfers::Transfers;
use super::wire::Ecosystem;
use super::{Bench, Results, verdict};

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench`; run it to get this page for your machine. Every server got the same packages and was
asked the way its own clients ask: one core for the server, another for the load generator, over loopback without
TLS, with connections kept open. nginx serves the answers of our server from files and knows neither accounts nor
policy: it is the physical limit. The others run with the settings they recommend and answer without sign-in.

`vouchsafe` is asked with a token by every client, nobody reads without one, a cooldown is on and the operator's lists
have entries. `vouchsafe, open` has none of that; the difference between the two is scenario A1.
";

const HOW_TO_READ: &str = "
## How to read this

Numbers are the median of the rounds, with the lowest and highest in parentheses; one number alone is one round, or
rounds that agree. Servers are measured in turns, so a ratio is taken within each round. Processor time per request is
the number to trust: the kernel's count for the server's processes, divided by the answers. Where a server gives fewer
than 50 answers in the time of a measurement, it is asked one request at a time instead, so that work for unfinished
answers does not count against it. Throughput and latency also depend on what else the machine does; where the rounds
lie far apart, believe none of them too much. A server that is slow gets fewer versions to publish, which favors it in
the index scenarios; its row says how many it has. A dash means that the server cannot do it. A publish of Maven is a
whole deploy of five requests: pom and jar, a digest beside each, and the metadata that ends it.
";

/// Writes the whole page.
pub(super) fn write(
    bench: &Bench<'_>,
    facts: &[(&'static str, String)],
    results: &Results,
) -> String {
    let mut page = HEAD.to_owned();
    conditions(&mut page, bench, facts);
    verdicts(&mut page, bench, results);
    page.push_str(HOW_TO_READ);
    for ecosystem in Ecosystem::ALL {
        let title = format!("{}, hosted", ecosystem.name());
        section(&mut page, &title, results, ecosystem, Origin::Hosted);
    }
    section(&mut page, "npm, proxied", results, Ecosystem::Npm, Origin::Proxied);
    bursts(&mut page, &results.bursts);
    if let Some(transfers) = results.transfers {
        memory(&mut page, transfers);
    }
    growth(&mut page, &results.growth);
    page
}

fn conditions(page: &mut String, bench: &Bench<'_>, facts: &[(&'static str, String)]) {
    let (args, effort) = (bench.args, bench.effort);
    page.push_str("\n## Conditions\n\n");
    for (name, value) in facts {
        let _ = writeln!(page, "- {name}: {value}");
    }
    let _ = writeln!(
        page,
        "- rounds: {} of {} s each; {} versions in the large package, {} packages besides",
        effort.rounds,
        effort.time.as_secs(),
        effort.versions,
        effort.packages
    );
    let mut command = "cargo xtask bench".to_owned();
    if args.quick {
        command.push_str(" --quick");
    }
    for only in &args.only {
        let _ = write!(command, " --only {only}");
    }
    for ecosystem in &args.ecosystem {
        let _ = write!(command, " --ecosystem {}", ecosystem.name());
    }
    for server in &args.without {
        let _ = write!(command, " --without '{server}'");
    }
    let _ = writeln!(page, "- command: `{command}`");
    if args.server_binary.is_some() {
        page.push_str("- **the server was a binary that was given, not the release build**\n");
    }
    if args.quick {
        page.push_str(
            "- `--quick`: small sizes and few rounds; good for a look, not for a quote\n",
        );
    }
}

fn verdicts(page: &mut String, bench: &Bench<'_>, results: &Results) {
    let verdicts = verdict::judge(results, bench.effort);
    if verdicts.is_empty() {
        return;
    }
    let met = verdicts.iter().filter(|verdict| verdict.is_met).count();
    let _ = write!(
        page,
        "\n## Targets\n\n{met} of {} met.\n\n| what | target | measured | met |\n\
         | --- | --- | --- | --- |\n",
        verdicts.len()
    );
    for verdict in verdicts {
        let word = if verdict.is_met { "yes" } else { "**no**" };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {word} |",
            verdict.what, verdict.target, verdict.measured
        );
    }
}

fn section(
    page: &mut String,
    title: &str,
    results: &Results,
    ecosystem: Ecosystem,
    origin: Origin,
) {
    let is_here = |row: &&Measured| row.ecosystem == ecosystem && row.origin == origin;
    let rows: Vec<&Measured> = results.measured.iter().filter(is_here).collect();
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n");
    servers(page, &rows);
    if origin == Origin::Hosted {
        publishes(page, &rows);
    }
    for scenario in scenario::of(ecosystem, origin) {
        samples(page, &rows, &scenario);
    }
}

/// Start and memory.
fn servers(page: &mut String, rows: &[&Measured]) {
    page.push_str(
        "\n| server | version | first answer, empty | memory idle, empty |\n\
         | --- | --- | ---: | ---: |\n",
    );
    for row in rows {
        let _ = writeln!(
            page,
            "| {} | {} | {} ms | {} |",
            row.server,
            row.version,
            millis(row.first_answer),
            megabytes(row.idle.resident_bytes),
        );
    }
}

fn publishes(page: &mut String, rows: &[&Measured]) {
    page.push_str(
        "\n### U1: publishing packages of 10 kB, and many versions of one package\n\n\
         | server | one client p50 / p99 ms | 16 clients p50 / p99 ms | per second, 1 / 16 clients \
         | CPU µs | first / last version ms |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let Some(publish) = row.publish else { continue };
        let latency = |latency: super::publish::Latency| {
            format!("{} / {}", millis(latency.p50), millis(latency.p99))
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} / {} | {} | {} / {} (of {}) |",
            row.server,
            latency(publish.one),
            latency(publish.many),
            number(publish.one.per_sec),
            number(publish.many.per_sec),
            number(publish.cpu_us),
            millis(publish.first),
            millis(publish.last),
            publish.versions,
        );
    }
}

/// One scenario, all servers.
fn samples(page: &mut String, rows: &[&Measured], scenario: &Scenario) {
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
        let Some(last) = samples.last() else {
            if row.server != vouchsafe::OPEN_NAME {
                let _ = writeln!(page, "| {} | – | – | – | – | – | – |", row.server);
            }
            continue;
        };
        let show = |value: fn(&Sample) -> f64| {
            Spread::of(samples, value).map_or_else(String::new, Spread::show)
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {:.0} | {} |",
            row.server,
            show(|sample| sample.cpu_us),
            show(|sample| sample.requests_per_sec),
            show(|sample| sample.p50.as_secs_f64() * 1e3),
            show(|sample| sample.p99.as_secs_f64() * 1e3),
            last.bytes,
            megabytes(last.resident_bytes),
        );
    }
}

fn bursts(page: &mut String, bursts: &[Burst]) {
    if bursts.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "\n## P2: {} clients ask for one missing object of an upstream\n\nThe upstream answers \
         after 50 ms. Clients ask for the index document first, then for the file.\n\n\
         | server | upstream asked for index / file | last client done, index / file ms |\n\
         | --- | ---: | ---: |\n",
        proxy::CLIENTS
    );
    for burst in bursts {
        let _ = writeln!(
            page,
            "| {} | {} / {} | {} / {} |",
            burst.server,
            burst.index_hits,
            burst.artifact_hits,
            millis(burst.index_time),
            millis(burst.artifact_time),
        );
    }
}

fn memory(page: &mut String, transfers: Transfers) {
    let Transfers { clients, bytes, idle_bytes, peak_bytes, elapsed } = transfers;
    let moved = clients as f64 * 2.0 * bytes as f64 / 1e6 / elapsed.as_secs_f64();
    let _ = write!(
        page,
        "\n## G1: {clients} uploads and {clients} downloads of {} at once\n\nDifferent wheels, on \
         all cores, by clients on the same machine. Resident before: {}. Peak: {}. Everybody was \
         done after\n{:.1} s, {} MB per second.\n",
        megabytes(bytes as u64),
        megabytes(idle_bytes),
        megabytes(peak_bytes),
        elapsed.as_secs_f64(),
        number(moved),
    );
}

fn growth(page: &mut String, points: &[Point]) {
    if points.is_empty() {
        return;
    }
    page.push_str(
        "\n## growth and R1: large stores\n\nOne version per package, npm, embedded database. The \
         rows are multiplied by a script (`xtask/src/bench/seed.py`),\nnot published one by one; \
         the other servers have no such way in and are not measured here. Reads from the database\n\
         are of packages picked at random, one client; the operating system has most of the file \
         in memory. The start is\nto the first index document, which comes from the database. \
         Everything is measured after each of several starts.\n\n\
         | packages | start ms | memory idle | read from database, CPU µs / p50 ms | read from \
         memory, CPU µs | publish, CPU µs / p50 / p99 ms | database |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for point in points {
        let show = |values: &[f64]| {
            Spread::of_values(values.to_vec()).map_or_else(String::new, Spread::show)
        };
        let starts: Vec<f64> = point.starts.iter().map(|start| start.as_secs_f64() * 1e3).collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} / {} | {} | {} / {} / {} | {} |",
            point.packages,
            show(&starts),
            megabytes(point.idle_bytes),
            show(&point.cold_cpu_us),
            millis(point.cold.p50),
            show(&point.warm_cpu_us),
            show(&point.publish_cpu_us),
            millis(point.publish.p50),
            millis(point.publish.p99),
            megabytes(point.database_bytes),
        );
    }
}
