//! Licenses and banned crates of the dependency graph, against the lists in `deny.toml`.
//!
//! `cargo deny` does this and more; this check needs nothing installed and so runs everywhere.
//! Licenses are asked of everything in the lock file, bans of what is built for any platform:
//! `cargo metadata` also names crates behind features that nobody switches on, `cargo tree` does
//! not.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use cargo_metadata::Metadata;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

/// A crate of the graph.
#[derive(Debug)]
pub(super) struct Package {
    name: String,
    version: String,
    license: Option<String>,
    is_built: bool,
}

/// The crates of others; `tree` is what `cargo tree --prefix none` prints: `name vVERSION …`.
pub(super) fn packages(metadata: &Metadata, tree: &str) -> Vec<Package> {
    let built: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .map(|package| {
            let (name, version) = (package.name.to_string(), package.version.to_string());
            let is_built = built.contains(&(name.as_str(), version.as_str()));
            Package { name, version, license: package.license.clone(), is_built }
        })
        .collect()
}

#[derive(Debug, serde::Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, serde::Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, serde::Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

/// Compares the graph with `deny.toml`.
///
/// # Errors
///
/// When `deny.toml` cannot be read.
pub(super) fn check(deny_toml: &str, packages: &[Package]) -> Result<Vec<String>> {
    let deny: Deny = toml::from_str(deny_toml).context("cannot understand deny.toml")?;
    let allowed = deny
        .licenses
        .allow
        .iter()
        .map(|word| Licensee::parse(word).with_context(|| format!("`{word}` is not a license")))
        .collect::<Result<Vec<_>>>()?;
    let is_allowed = |wanted: &LicenseReq| allowed.iter().any(|license| license.satisfies(wanted));

    let mut problems = Vec::new();
    for Package { name, version, license, is_built } in packages {
        for ban in deny.bans.deny.iter().filter(|ban| *is_built && ban.name == *name) {
            problems.push(format!("{name} {version} is banned: {}", ban.reason));
        }
        let Some(license) = license else {
            problems.push(format!("{name} {version} does not say its license"));
            continue;
        };
        match Expression::parse_mode(license, ParseMode::LAX) {
            Ok(expression) if expression.evaluate(is_allowed) => {}
            Ok(_) => problems.push(format!(
                "{name} {version} is under `{license}`, which deny.toml does not allow"
            )),
            Err(error) => problems.push(format!(
                "{name} {version} has a license that cannot be understood: {}",
                error.reason
            )),
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
        [bans]
        deny = [{ name = "leftpad", reason = "no" }]
    "#;

    fn package(name: &str, license: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            is_built: true,
        }
    }

    #[track_caller]
    fn check_package(name: &str, license: Option<&str>, expect_problems: usize) {
        let problems = check(DENY, &[package(name, license)]).expect("deny.toml is fine");
        assert_eq!(problems.len(), expect_problems, "{problems:?}");
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        check_package("a", Some("GPL-3.0-only OR MIT"), 0);
    }

    #[test]
    fn every_required_license_must_be_allowed() {
        check_package("a", Some("MIT AND GPL-3.0-only"), 1);
    }

    #[test]
    fn the_old_slash_means_or() {
        check_package("a", Some("MIT/Apache-2.0"), 0);
    }

    #[test]
    fn an_exception_must_be_allowed_by_name() {
        check_package("a", Some("Apache-2.0 WITH LLVM-exception"), 0);
        check_package("a", Some("MIT WITH LLVM-exception"), 1);
    }

    #[test]
    fn silence_is_not_a_license() {
        check_package("a", None, 1);
        check_package("a", Some("see the file"), 1);
    }

    #[test]
    fn a_banned_crate_is_a_problem_whatever_its_license() {
        check_package("leftpad", Some("MIT"), 1);
    }
    #[test]
    fn a_crate_that_is_never_built_is_not_banned() {
        let locked_only = Package { is_built: false, ..package("leftpad", Some("MIT")) };
        assert_eq!(check(DENY, &[locked_only]).expect("deny.toml is fine"), Vec::<String>::new());
    }
}
