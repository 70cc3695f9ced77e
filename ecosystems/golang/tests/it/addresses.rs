//! Which call each address is.

use vouchsafe_adapter::Decoded;
use vouchsafe_domain::call::Call;
use vouchsafe_domain::{Refusal, RefusalKind};

use crate::fixtures::decode;

#[track_caller]
fn check(path: &str, expect: &str) {
    let Decoded::Call(call) = decode("GET", path).unwrap() else { panic!("not a call") };
    let found = match call {
        Call::ReadDocument { package, document } => format!("{package} {}", document.as_str()),
        Call::ReadArtifact { package, version: Some(version), filename } => {
            format!("{package} {version} {filename}")
        }
        other => format!("{other:?}"),
    };
    assert_eq!(found, expect);
}

#[test]
fn every_address_of_the_protocol_is_a_call() {
    check("example.com/@v/list", "example.com list");
    check("example.com/!acme/lib/v2/@v/list", "example.com/Acme/lib/v2 list");
    check("example.com/%21acme/@v/list", "example.com/Acme list");
    check("example.com/x/@v/v1.0.0.info", "example.com/x info/v1.0.0");
    check("example.com/x/@v/v1.0.0-!r!c.1.info", "example.com/x info/v1.0.0-RC.1");
    check("example.com/x/@v/main.info", "example.com/x info/main");
    check("example.com/x/@v/!main.info", "example.com/x info/Main");
    check("example.com/x/@latest", "example.com/x info/latest");
    check("example.com/x/@v/v1.0.0.mod", "example.com/x v1.0.0 v1.0.0.mod");
    check("example.com/x/@v/v1.0.0-!r!c.1.zip", "example.com/x v1.0.0-RC.1 v1.0.0-RC.1.zip");
    check(
        "example.com/x/@v/v2.0.0+incompatible.zip",
        "example.com/x v2.0.0+incompatible v2.0.0+incompatible.zip",
    );
}

#[track_caller]
fn check_refused(method: &str, path: &str, expect: RefusalKind) {
    let error = decode(method, path).map(drop).expect_err(path);
    assert_eq!(Refusal::from(error).kind, expect, "{method} {path}");
}

#[test]
fn the_checksum_database_is_asked_by_the_client_itself() {
    check_refused("GET", "sumdb/sum.example/supported", RefusalKind::NotFound);
    check_refused("GET", "sumdb/sum.example/lookup/example.com/x@v1.0.0", RefusalKind::NotFound);
}

#[test]
fn what_is_no_file_of_the_protocol_is_not_there() {
    for path in [
        "",
        "example.com",
        "example.com/x",
        "example.com/x/@v",
        "example.com/x/@v/",
        "example.com/x/@v/list/",
        "example.com/x/@v/v1.0.0",
        "example.com/x/@v/v1.0.0.ziphash",
        "example.com/x/@v/a/v1.0.0.zip",
        "example.com/x/@latest/list",
        "example.com%2fx/@v/list",
        // A branch has no files.
        "example.com/x/@v/main.mod",
        "example.com/x/@v/v1.0.zip",
        "example.com/x/@v/v1.0.0+meta.zip",
    ] {
        check_refused("GET", path, RefusalKind::NotFound);
    }
}

#[test]
fn each_name_and_version_has_one_spelling() {
    for path in [
        "example.com/Acme/@v/list",
        "example.com/!Acme/@v/list",
        "example.com/!1/@v/list",
        "example.com/x!/@v/list",
        "example.com/x!/y/@v/list",
        "!example.com/x/@v/list",
        "fmt/@v/list",
        "example.com/x/v1/@v/list",
        "@v/list",
        "@latest",
        "example.com/x/@v/v1.0.0-RC.1.zip",
        "example.com/x/@v/v1.0.0-!.zip",
        "example.com/x/@v/Main.info",
        "example.com/x/@v/a..b.info",
        "example.com/x/@v/.info",
        "example.com/x/@v/feature%2fa.info",
        "example.com/x/@v/a%3fb.info",
    ] {
        check_refused("GET", path, RefusalKind::Malformed);
    }
}

#[test]
fn nothing_can_be_sent_here() {
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        check_refused(method, "example.com/x/@v/list", RefusalKind::MethodNotAllowed);
        check_refused(method, "example.com/x/@v/v1.0.0.zip", RefusalKind::MethodNotAllowed);
        check_refused(method, "example.com/x/@latest", RefusalKind::MethodNotAllowed);
    }
}
