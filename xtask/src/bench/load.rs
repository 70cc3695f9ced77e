//! One measurement: wrk against one address for some seconds, and what it cost the server.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contenders::{Running, Target};
use super::http::{Connection, Request};
use super::usage;
use crate::command;

/// How to load.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The program.
    pub(crate) wrk: &'a Path,
    /// The core it runs on.
    pub(crate) core: u32,
    /// For how long.
    pub(crate) time: Duration,
    /// Over how many connections.
    pub(crate) connections: u32,
}

/// What one measurement gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Answers per second.
    pub(crate) requests_per_sec: f64,
    /// Half of the answers came within this.
    pub(crate) p50: Duration,
    /// All but one in a hundred came within this.
    pub(crate) p99: Duration,
    /// Processor time of the server per answer, in microseconds.
    pub(crate) cpu_us: f64,
    /// Bytes on the wire per answer, headers included.
    pub(crate) bytes: f64,
    /// Resident memory afterwards, in bytes.
    pub(crate) resident_bytes: u64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} µs CPU, {:.0} req/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} B",
            self.cpu_us,
            self.requests_per_sec,
            self.p50.as_secs_f64() * 1e3,
            self.p99.as_secs_f64() * 1e3,
            self.bytes
        )
    }
}

/// Fewer answers than this are measured again one by one: when wrk stops, work for answers that
/// were not finished would count and they would not.
const FEW_ANSWERS: u64 = 50;

/// Answers that are waited for one by one, however long they take.
const FEWEST_ANSWERS: usize = 3;

/// Measures one server at one address.
///
/// # Errors
///
/// When wrk fails, or any answer was an error: a server that refuses is not fast.
pub(crate) fn measure(plan: &Plan<'_>, server: &Running, target: &Target) -> Result<Sample> {
    let (answers, spent) = run(plan, server, target)?;
    if answers.count < FEW_ANSWERS {
        return one_by_one(plan, server, target);
    }
    let count = answers.count as f64;
    Ok(Sample {
        requests_per_sec: answers.per_sec,
        p50: answers.p50,
        p99: answers.p99,
        cpu_us: spent.as_secs_f64() * 1e6 / count,
        bytes: answers.bytes / count,
        resident_bytes: usage::memory(server.service.pid())?.resident_bytes,
    })
}

/// One request after another over one connection.
fn one_by_one(plan: &Plan<'_>, server: &Running, target: &Target) -> Result<Sample> {
    let mut request = Request::get(target.path.as_str());
    for (name, value) in &target.headers {
        request = request.header(name, value.as_str());
    }
    let pid = server.service.pid();
    let mut connection = Connection::new(server.address);
    // Also lets the server finish what wrk did not wait for.
    let answer = connection.send(&request)?;
    if !matches!(answer.status, 200..=299 | 304) {
        bail!("the answer was {}", answer.status);
    }
    let before = usage::cpu_time(pid)?;
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < FEWEST_ANSWERS || start.elapsed() < plan.time {
        let start = Instant::now();
        connection.send(&request)?;
        times.push(start.elapsed());
    }
    let (elapsed, count) = (start.elapsed(), times.len() as f64);
    let spent = usage::cpu_time(pid)?.saturating_sub(before);
    times.sort();
    Ok(Sample {
        requests_per_sec: count / elapsed.as_secs_f64(),
        p50: times.get(times.len() / 2).copied().unwrap_or_default(),
        p99: times.last().copied().unwrap_or_default(),
        cpu_us: spent.as_secs_f64() * 1e6 / count,
        bytes: answer.body.len() as f64,
        resident_bytes: usage::memory(pid)?.resident_bytes,
    })
}

/// One run of wrk, and the processor time that the server spent meanwhile.
fn run(plan: &Plan<'_>, server: &Running, target: &Target) -> Result<(Answers, Duration)> {
    let pid = server.service.pid();
    let before = usage::cpu_time(pid)?;
    let mut wrk = Command::new("taskset");
    wrk.args(["--cpu-list", &plan.core.to_string()])
        .arg(plan.wrk)
        .args(["-t1", "--latency", "--timeout", "60s"])
        .arg(format!("-c{}", plan.connections))
        .arg(format!("-d{}s", plan.time.as_secs().max(1)));
    for (name, value) in &target.headers {
        wrk.args(["-H", &format!("{name}: {value}")]);
    }
    wrk.arg(format!("http://{}{}", server.address, target.path));
    let printed = command::output(&mut wrk, "load a server")?;
    let spent = usage::cpu_time(pid)?.saturating_sub(before);
    let answers = parse(&printed)?;
    if answers.errors > 0 {
        bail!("{} answers were errors\n{printed}", answers.errors);
    }
    Ok((answers, spent))
}

/// What wrk prints.
#[derive(Debug, PartialEq)]
struct Answers {
    count: u64,
    errors: u64,
    bytes: f64,
    per_sec: f64,
    p50: Duration,
    p99: Duration,
}

fn parse(printed: &str) -> Result<Answers> {
    let mut answers = Answers {
        count: 0,
        errors: 0,
        bytes: 0.0,
        per_sec: 0.0,
        p50: Duration::ZERO,
        p99: Duration::ZERO,
    };
    let mut is_report = false;
    for line in printed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["50%", latency] => answers.p50 = duration(latency)?,
            ["99%", latency] => answers.p99 = duration(latency)?,
            [count, "requests", "in", _, bytes, "read"] => {
                is_report = true;
                answers.count = count.parse().context("wrk's count of requests")?;
                answers.bytes = size(bytes)?;
            }
            ["Requests/sec:", rate] => answers.per_sec = rate.parse().context("wrk's rate")?,
            ["Non-2xx", "or", "3xx", "responses:", count] => {
                answers.errors += count.parse::<u64>().context("wrk's count of errors")?;
            }
            ["Socket", "errors:", rest @ ..] => {
                for count in rest.iter().filter_map(|word| word.trim_end_matches(',').parse().ok())
                {
                    answers.errors += count;
                    let _: u64 = count;
                }
            }
            _ => {}
        }
    }
    if !is_report {
        bail!("wrk did not say how many answers it got\n{printed}");
    }
    Ok(answers)
}

/// A time as wrk writes it: `12.34us`, `1.50ms`, `2.00s`, `1.20m`.
fn duration(text: &str) -> Result<Duration> {
    let seconds = scaled(text, &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)])?;
    Ok(Duration::from_secs_f64(seconds))
}

/// A size as wrk writes it: `12B`, `1.50KB`, `2.00MB`, with steps of 1024.
fn size(text: &str) -> Result<f64> {
    let step = 1024_f64;
    scaled(
        text,
        &[
            ("KB", step),
            ("MB", step.powi(2)),
            ("GB", step.powi(3)),
            ("TB", step.powi(4)),
            ("B", 1.0),
        ],
    )
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Result<f64> {
    units
        .iter()
        .find_map(|(unit, scale)| {
            let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
            Some(number * scale)
        })
        .with_context(|| format!("wrk printed {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "Running 2s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.15ms    1.59ms  30.77ms   97.60%
    Req/Sec    32.61k     3.68k   38.43k    70.00%
  Latency Distribution
     50%    0.91ms
     75%    1.10ms
     90%    1.46ms
     99%    8.35s
  64889 requests in 2.00s, 1.50MB read
Requests/sec:  32416.41
Transfer/sec:     18.80MB
";

    #[test]
    fn the_words_of_wrk_are_understood() {
        let expect = Answers {
            count: 64_889,
            errors: 0,
            bytes: 1.5 * 1024.0 * 1024.0,
            per_sec: 32_416.41,
            p50: Duration::from_micros(910),
            p99: Duration::from_millis(8_350),
        };
        assert_eq!(parse(PRINTED).expect("wrk's words"), expect);
    }

    #[test]
    fn every_kind_of_error_counts() {
        let printed = format!(
            "{PRINTED}  Non-2xx or 3xx responses: 7\n  Socket errors: connect 0, read 2, write 0, \
             timeout 1\n"
        );
        assert_eq!(parse(&printed).expect("wrk's words").errors, 10);
    }

    #[test]
    fn silence_is_an_error() {
        assert!(parse("unable to connect").is_err());
    }
}
