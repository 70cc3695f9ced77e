//! The suite that every adapter passes.

use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_domain::index::{Document, DocumentKey};
use vouchsafe_ecosystem_golang::Golang;

use crate::fixtures::{release, view};
use crate::refusals::shown_by_go;

/// What `go` takes from a list.
fn selectable(document: &Document) -> Vec<String> {
    std::str::from_utf8(&document.body).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_adapter_conforms() {
    let samples = Samples {
        names: &[
            &["example.com/acme"],
            &["example.com/Acme"],
            &["example.com/acme/v2"],
            &["example.com"],
        ],
        bad_names: &[
            "fmt",
            "Example.com/x",
            "example.com/!acme",
            "example.com/x@v1",
            "é.example/x",
        ],
        versions: &[
            // Queries, in the order of their letters.
            &["V1.0.0"],
            &["latest"],
            &["master"],
            &["v1"],
            &["v1.2.3+meta"],
            // Then what they stand for.
            &["v0.0.0-20180101000000-aaaaaaaaaaaa"],
            &["v0.0.0-20190101000000-000000000000"],
            &["v0.0.0"],
            &["v0.10.0"],
            &["v1.0.0-1"],
            &["v1.0.0-2"],
            &["v1.0.0-10"],
            &["v1.0.0-RC"],
            &["v1.0.0-alpha"],
            &["v1.0.0-alpha.1"],
            &["v1.0.0-alpha.beta"],
            &["v1.0.0-rc.1"],
            &["v1.0.0-rc.1.0.20200101000000-aaaaaaaaaaaa"],
            &["v1.0.0"],
            &["v1.0.1-0.20200101000000-aaaaaaaaaaaa"],
            &["v1.9.0"],
            &["v1.10.0"],
            &["v2.0.0"],
            &["v2.0.0+incompatible"],
            &["v18446744073709551615.0.0"],
            &["v18446744073709551616.0.0"],
        ],
        bad_versions: &[
            "...",
            "v1..0",
            ".v1",
            "-v1",
            "v1.",
            "!v1",
            "a,b",
            "a:b",
            "é",
            "a\u{202e}b",
        ],
        requests: &[
            ("GET", "example.com/!acme/lib/@v/list"),
            ("HEAD", "example.com/!acme/lib/@v/list"),
            ("GET", "example.com/!acme/lib/v2/@v/v2.0.0-!r!c1.info"),
            ("GET", "example.com/acme/@v/master.info"),
            ("GET", "example.com/acme/@latest"),
            ("GET", "example.com/acme/@v/v1.0.0.mod"),
            ("GET", "example.com/acme/@v/v2.0.0+incompatible.zip"),
        ],
        view: view("example.com/Acme/lib", ["v0.9.0", "v1.0.0-rc.1", "v1.0.0"].map(release).into()),
        documents: &[(DocumentKey::from_static("list"), selectable)],
        refusal_text: shown_by_go,
        status_exceptions: &[],
    };
    assert_eq!(check_adapter(&Golang, &samples), Vec::<String>::new());
}
