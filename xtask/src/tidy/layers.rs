//! Dependencies point down, never sideways: the table of `ARCHITECTURE.md` as data.
//!
//! Cargo itself refuses cycles; what it cannot know is which edges are meant. A crate that is not
//! in the table is a problem too, so that a new one gets its place on purpose.

use cargo_metadata::{DependencyKind, Metadata};

/// One line of the table: a crate, and which of ours it may use. `*` at the end of a name stands
/// for anything.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
}

/// Bottom up. Development dependencies are free, except on `xtask`.
const LAYERS: &[Layer] = &[
    Layer { name: "vouchsafe-domain", may_use: &[] },
    // Features: leaves that never call each other.
    Layer { name: "vouchsafe-identity", may_use: &["vouchsafe-domain"] },
    Layer { name: "vouchsafe-policy", may_use: &["vouchsafe-domain"] },
    Layer { name: "vouchsafe-clients", may_use: &["vouchsafe-domain"] },
    // Adapters: translate, never decide.
    Layer { name: "vouchsafe-adapter", may_use: &["vouchsafe-domain"] },
    Layer { name: "vouchsafe-ecosystem-*", may_use: &["vouchsafe-domain", "vouchsafe-adapter"] },
    Layer {
        name: "vouchsafe-ecosystems",
        may_use: &["vouchsafe-domain", "vouchsafe-adapter", "vouchsafe-ecosystem-*"],
    },
    // What talks to disks and networks.
    Layer { name: "vouchsafe-store", may_use: &["vouchsafe-domain"] },
    Layer { name: "vouchsafe-upstream", may_use: &["vouchsafe-domain"] },
    // The only composer.
    Layer {
        name: "vouchsafe-app",
        may_use: &[
            "vouchsafe-domain",
            "vouchsafe-identity",
            "vouchsafe-policy",
            "vouchsafe-adapter",
            "vouchsafe-store",
            "vouchsafe-upstream",
        ],
    },
    // The shell.
    Layer { name: "vouchsafe-jobs", may_use: &["vouchsafe-domain", "vouchsafe-app"] },
    Layer { name: "vouchsafe-portal", may_use: &["vouchsafe-domain"] },
    Layer {
        name: "vouchsafe-http",
        may_use: &["vouchsafe-domain", "vouchsafe-adapter", "vouchsafe-app", "vouchsafe-portal"],
    },
    // The command line opens the parts and wires them together (ADR 0011).
    Layer {
        name: "vouchsafe-cli",
        may_use: &[
            "vouchsafe-domain",
            "vouchsafe-adapter",
            "vouchsafe-clients",
            "vouchsafe-store",
            "vouchsafe-upstream",
            "vouchsafe-app",
            "vouchsafe-http",
            "vouchsafe-jobs",
        ],
    },
    // The binary alone names the ecosystems.
    Layer { name: "vouchsafe", may_use: &["vouchsafe-cli", "vouchsafe-ecosystems"] },
    // Beside the product.
    Layer { name: "vouchsafe-testkit", may_use: &["vouchsafe*"] },
    Layer { name: "vouchsafe-fuzz", may_use: &["vouchsafe*"] },
    Layer { name: "xtask", may_use: &["vouchsafe*"] },
];

/// Crates of others that only some of ours may name, because they are what a layer is for. The
/// crates beside the product may name everything.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["vouchsafe-store"]),
    ("object_store", &["vouchsafe-store"]),
    ("reqwest", &["vouchsafe-upstream"]),
    ("axum", &["vouchsafe-http", "vouchsafe-portal"]),
    ("hyper", &["vouchsafe-http"]),
    ("askama", &["vouchsafe-portal"]),
    ("clap", &["vouchsafe-cli"]),
    (
        "tokio",
        &[
            "vouchsafe-store",
            "vouchsafe-upstream",
            "vouchsafe-app",
            "vouchsafe-jobs",
            "vouchsafe-http",
            "vouchsafe-portal",
            "vouchsafe-cli",
            "vouchsafe",
        ],
    ),
];

/// Names that stand beside the product: free to use, never used by it.
const BESIDE: &[&str] = &["vouchsafe-testkit", "vouchsafe-fuzz", "xtask"];

/// A crate of the workspace and what its manifest says it uses.
#[derive(Debug)]
pub(super) struct Manifest {
    name: String,
    uses: Vec<String>,
    uses_in_tests: Vec<String>,
}

/// The manifests of the workspace.
pub(super) fn manifests(metadata: &Metadata) -> Vec<Manifest> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let (tests, product): (Vec<_>, Vec<_>) = package
                .dependencies
                .iter()
                .partition(|dependency| dependency.kind == DependencyKind::Development);
            let names = |dependencies: Vec<&cargo_metadata::Dependency>| {
                dependencies.into_iter().map(|dependency| dependency.name.clone()).collect()
            };
            Manifest {
                name: package.name.to_string(),
                uses: names(product),
                uses_in_tests: names(tests),
            }
        })
        .collect()
}

/// Compares manifests with the table.
pub(super) fn check(manifests: &[Manifest]) -> Vec<String> {
    let is_ours = |name: &str| manifests.iter().any(|manifest| manifest.name == name);
    let mut problems = Vec::new();
    for Manifest { name, uses, uses_in_tests } in manifests {
        let Some(layer) = LAYERS.iter().find(|layer| matches(layer.name, name)) else {
            problems.push(format!(
                "crate `{name}` has no place in the layers: add it to xtask/src/tidy/layers.rs \
                 and to ARCHITECTURE.md"
            ));
            continue;
        };
        for used in uses.iter().filter(|used| is_ours(used)) {
            if !layer.may_use.iter().any(|pattern| matches(pattern, used)) {
                problems.push(format!(
                    "crate `{name}` must not depend on `{used}`: dependencies point down, never \
                     sideways (ARCHITECTURE.md)"
                ));
            } else if BESIDE.contains(&used.as_str()) && !BESIDE.contains(&name.as_str()) {
                problems.push(format!("crate `{name}` may use `{used}` in tests only"));
            }
        }
        for (reserved, holders) in RESERVED {
            let is_used = uses.iter().any(|used| used == reserved);
            if is_used && !holders.contains(&name.as_str()) && !BESIDE.contains(&name.as_str()) {
                problems.push(format!(
                    "crate `{name}` must not depend on `{reserved}`: that is for {}",
                    holders.join(", ")
                ));
            }
        }
        if uses_in_tests.iter().any(|used| used == "xtask") {
            problems.push(format!("crate `{name}` must not depend on `xtask`, even in tests"));
        }
    }
    problems
}

/// Whether a name fits a pattern: the name itself, or a beginning followed by `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, uses: &[&str]) -> Manifest {
        let uses = uses.iter().map(ToString::to_string).collect();
        Manifest { name: name.to_owned(), uses, uses_in_tests: Vec::new() }
    }

    /// One crate among all the others; `expect` is a part of the one problem, or empty for none.
    #[track_caller]
    fn check_crate(name: &str, uses: &[&str], expect: &str) {
        let mut manifests: Vec<Manifest> = ["vouchsafe-ecosystem-npm"]
            .into_iter()
            .chain(LAYERS.iter().map(|layer| layer.name).filter(|other| !other.ends_with('*')))
            .filter(|other| *other != name)
            .map(|other| manifest(other, &[]))
            .collect();
        manifests.push(manifest(name, uses));
        let problems = check(&manifests);
        if expect.is_empty() {
            assert!(problems.is_empty(), "{problems:?}");
        } else {
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expect), "{problems:?}");
        }
    }

    #[test]
    fn an_arrow_that_points_down_is_fine() {
        check_crate("vouchsafe-app", &["vouchsafe-domain", "vouchsafe-store", "tokio"], "");
    }

    #[test]
    fn features_never_use_each_other() {
        check_crate("vouchsafe-policy", &["vouchsafe-identity"], "must not depend on");
    }

    #[test]
    fn the_shell_reaches_the_store_through_the_app() {
        check_crate("vouchsafe-http", &["vouchsafe-store"], "must not depend on");
    }

    #[test]
    fn only_the_binary_names_the_ecosystems() {
        check_crate("vouchsafe-app", &["vouchsafe-ecosystems"], "must not depend on");
        check_crate("vouchsafe", &["vouchsafe-ecosystems"], "");
    }

    #[test]
    fn a_new_ecosystem_needs_no_line_here() {
        check_crate("vouchsafe-ecosystem-gem", &["vouchsafe-adapter"], "");
        check_crate("vouchsafe-ecosystem-gem", &["vouchsafe-ecosystem-npm"], "must not depend on");
    }

    #[test]
    fn sql_stays_in_the_store() {
        check_crate("vouchsafe-app", &["sqlx"], "that is for vouchsafe-store");
    }

    #[test]
    fn a_pure_crate_stays_free_of_the_runtime() {
        check_crate("vouchsafe-identity", &["tokio"], "must not depend on `tokio`");
    }

    #[test]
    fn the_product_does_not_use_the_test_kit() {
        check_crate("vouchsafe-jobs", &["vouchsafe-testkit"], "must not depend on");
    }

    #[test]
    fn an_unknown_crate_is_asked_for_its_place() {
        check_crate("vouchsafe-new", &[], "has no place");
    }
}
