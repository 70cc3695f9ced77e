//! Which call each address is.

use vouchsafe_adapter::{Decoded, WireError};
use vouchsafe_domain::call::{Call, OwnerChange};
use vouchsafe_domain::{Refusal, RefusalKind};

use crate::fixtures::{decode, send};

/// Checks a call, its debug form shortened to the parts that matter.
#[track_caller]
fn check(method: &str, target: &str, body: &str, expect: &str) {
    let (call, files) = send(method, target, body.as_bytes()).unwrap();
    let found = match call {
        Call::ReadDocument { package, document } => format!("read {} {package}", document.as_str()),
        Call::ListPackages { document } => format!("list {}", document.as_str()),
        Call::ReadArtifact { package, version: None, filename } => {
            format!("download {package} {filename}")
        }
        Call::Search(query) => format!("search {:?} {} {}", query.text, query.offset, query.limit),
        Call::SetYanked { package, version, yanked } => {
            format!("yank {package} {version} {yanked:?}")
        }
        Call::Remove { package, version } => {
            format!("remove {package} {:?}", version.map(|version| version.display().to_owned()))
        }
        Call::ListOwners { package } => format!("owners {package}"),
        Call::ChangeOwners { package, change, .. } => match change {
            OwnerChange::Add(names) => format!("owners {package} +{names:?}"),
            OwnerChange::Remove(names) => format!("owners {package} -{names:?}"),
            OwnerChange::Replace(_) => panic!("nobody asks for that"),
        },
        Call::PublishUnnamed(upload) => {
            assert_eq!(files, [body.as_bytes()]);
            let package = upload.package.map(|package| package.canonical().to_owned());
            format!("publish {package:?} {:?}", upload.version)
        }
        Call::CountInstalls(installs) => {
            let installs = installs.iter().map(|(name, version)| format!("{name} {version}"));
            format!("installs {:?}", installs.collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    };
    assert_eq!(found, expect, "{method} {target}");
}

#[test]
fn documents_and_downloads_are_read() {
    check("GET", "packages.json", "", "list root");
    check("HEAD", "packages.json", "", "list root");
    check("GET", "p2/acme/tool.json", "", "read p2 acme/tool");
    check("GET", "p2/acme/tool~dev.json", "", "read p2-dev acme/tool");
    check("GET", "packages/acme/tool.json", "", "read package acme/tool");
    check("GET", "dist/acme/tool/acme-tool-1.0.zip", "", "download acme/tool acme-tool-1.0.zip");
}

#[test]
fn lists_and_searches_have_limits() {
    check("GET", "packages/list.json", "", "list list::");
    check("GET", "packages/list.json?vendor=acme&filter=acme/t*", "", "list list:acme:acme/t*");
    check("GET", "search.json?q=log", "", "search \"log\" 0 15");
    check("GET", "search.json?q=a&per_page=30&page=3", "", "search \"a\" 60 30");
    check("GET", "search.json?per_page=5000&page=0", "", "search \"\" 0 100");
    check("GET", "search.json?per_page=0&page=x", "", "search \"\" 0 1");
}

#[test]
fn uploads_say_what_they_know() {
    let both = "publish Some(\"acme/tool\") Some(\"1.0.0\")";
    check("PUT", "packages/upload/acme/tool/1.0.0", "zip", both);
    check("PUT", "?version=v1.2", "zip", "publish None Some(\"v1.2\")");
    check("PUT", "api/packages", "zip", "publish None None");
    check("PUT", "api/packages?version=", "zip", "publish None None");
    let package = "publish Some(\"acme/tool\") None";
    check("POST", "api/packages/acme/tool/artifacts/", "zip", package);
    check("POST", "api/packages/acme/tool/artifacts", "zip", package);
    // A vendor may be named like an address.
    check("PUT", "packages/upload/tool/1.0/yank", "", "yank upload/tool 1.0 Some(\"\")");
    assert!(send("PUT", "packages/upload/acme/tool/1.0.0", b"").is_err());
}

#[test]
fn releases_are_yanked_and_removed() {
    check("PUT", "packages/acme/tool/1.0/yank", "", "yank acme/tool 1.0 Some(\"\")");
    let reason = r#"{"reason":"broken"}"#;
    check("PUT", "packages/acme/tool/1.0/yank", reason, "yank acme/tool 1.0 Some(\"broken\")");
    check("PUT", "packages/acme/tool/1.0/unyank", "", "yank acme/tool 1.0 None");
    check("DELETE", "packages/acme/tool/1.0", "", "remove acme/tool Some(\"1.0\")");
    check("DELETE", "packages/acme/tool", "", "remove acme/tool None");
    assert!(send("PUT", "packages/acme/tool/1.0/yank", b"because").is_err());
}

#[test]
fn owners_are_added_and_removed_by_name() {
    let body = r#"{"users":["ann"]}"#;
    check("GET", "packages/acme/tool/owners", "", "owners acme/tool");
    check("PUT", "packages/acme/tool/owners", body, "owners acme/tool +[\"ann\"]");
    check("DELETE", "packages/acme/tool/owners", body, "owners acme/tool -[\"ann\"]");
    assert!(send("PUT", "packages/acme/tool/owners", br#"{"users":[]}"#).is_err());
}

#[test]
fn a_report_of_installations_counts_what_can_exist() {
    let body = r#"{"downloads":[
        {"name":"acme/tool","version":"1.1.0.0"},
        {"name":"Acme/Tool","version":"dev-main","downloaded":true},
        {"name":"acme/dated","version":"2010.01.02"},
        {"name":"../x","version":"1.0.0.0"},
        {"name":"acme/tool","version":"dev-a/b"},
        {"name":"acme/tool","version":"1.0 || 2.0"}]}"#;
    let expect = r#"installs ["acme/tool 1.1.0.0", "acme/tool dev-main", "acme/dated 2010-01-02"]"#;
    check("POST", "downloads/", body, expect);
    let entry = r#"{"name":"acme/tool","version":"1.0.0.0"}"#;
    let many = format!(r#"{{"downloads":[{}]}}"#, vec![entry; 1500].join(","));
    let Ok((Call::CountInstalls(installs), _)) = send("POST", "downloads/", many.as_bytes()) else {
        panic!("a long report is a report");
    };
    assert_eq!(installs.len(), 1000);
    let too_large = " ".repeat(2 * 1024 * 1024);
    assert!(matches!(
        send("POST", "downloads/", too_large.as_bytes()),
        Err(WireError::TooLarge { .. })
    ));
    assert!(send("POST", "downloads/", b"[]").is_err());
}

#[track_caller]
fn check_refused(method: &str, target: &str, expect: RefusalKind) {
    let error = decode(method, target).map(|_: Decoded| ()).expect_err(target);
    assert_eq!(Refusal::from(error).kind, expect, "{method} {target}");
}

#[test]
fn what_is_no_address_is_not_there() {
    for target in [
        "p2/acme/tool",
        "p2/acme.json",
        "p2/Acme/tool.json",
        "p2/acme/tool~x.json",
        "p2/acme/tool.json/",
        "p2/nul/x.json",
        "dist/acme/tool/x.exe",
        "dist/acme/tool/..zip",
        "dist/acme/x.zip",
        "packages/acme/tool",
        "p/acme/tool.json",
        "packages/acme/tool.json/",
    ] {
        check_refused("GET", target, RefusalKind::NotFound);
    }
}

#[test]
fn wrong_methods_and_missing_parts_are_told_apart() {
    check_refused("POST", "packages.json", RefusalKind::MethodNotAllowed);
    check_refused("GET", "downloads/", RefusalKind::MethodNotAllowed);
    check_refused("POST", "packages/upload/acme/tool/1.0", RefusalKind::MethodNotAllowed);
    check_refused("GET", "packages/acme/tool/1.0", RefusalKind::MethodNotAllowed);
    check_refused("GET", "", RefusalKind::MethodNotAllowed);
    check_refused("POST", "api/security-advisories", RefusalKind::NotImplemented);
    check_refused("GET", "metadata/changes.json", RefusalKind::NotImplemented);
    check_refused("GET", "packages/list.json?type=project", RefusalKind::NotImplemented);
    check_refused("GET", "packages/list.json?filter=%3Cx", RefusalKind::Malformed);
    check_refused("PUT", "packages/upload/Acme/tool/1.0", RefusalKind::Malformed);
    check_refused("PUT", "packages/upload/acme/tool/one", RefusalKind::Malformed);
    check_refused("PUT", "?version=one", RefusalKind::Malformed);
    check_refused("DELETE", "packages/acme/tool/dev-a..b", RefusalKind::Malformed);
}
