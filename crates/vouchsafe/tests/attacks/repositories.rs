//! Attacks on the mounts of Composer, Maven and Go: paths, archives that browsers or version
//! control would act on, and uploads that come in several requests.

use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{FakeUpstream, Reply, Server, packages};

use crate::stage::{PRIVATE, ask, count_events, start};

const GROUP: &str = "org.example";
const FOLDER: &str = "/maven/org/example/gadget";

fn put(server: &Server, token: &str, target: &str, body: &[u8]) -> Answer {
    ask(server, "PUT", target, Some(&format!("Bearer {token}")), body)
}

/// Sends the files of a release of `gadget`, and not yet the end of it.
fn stage_gadget(server: &Server, token: &str, version: &str) {
    let files = [
        ("pom", packages::pom(GROUP, "gadget", version)),
        ("jar", packages::jar(GROUP, "gadget", version)),
    ];
    for (ending, bytes) in files {
        let target = format!("{FOLDER}/{version}/gadget-{version}.{ending}");
        let answer = put(server, token, &target, &bytes);
        assert_eq!(answer.status, 201, "{target}: {}", answer.text());
    }
}

fn finish_gadget(server: &Server, token: &str, version: &str) -> Answer {
    let metadata = packages::maven_metadata(GROUP, "gadget", version);
    put(server, token, &format!("{FOLDER}/maven-metadata.xml"), &metadata)
}

/// A server with a release in each of two repositories, and its owner's token.
fn with_gadgets(config: &str) -> (Server, String) {
    let server = start(config);
    let token = server.user_and_token("owner");
    let archive = packages::composer_zip("acme/gadget", "1.0.0");
    let upload = put(&server, &token, "/composer/packages/upload/acme/gadget/1.0.0", &archive);
    assert!(upload.status < 300, "{}", upload.text());
    stage_gadget(&server, &token, "1.0.0");
    assert_eq!(finish_gadget(&server, &token, "1.0.0").status, 201);
    (server, token)
}

/// Everything that is there to read.
const READABLE: &[&str] = &[
    "/composer/packages.json",
    "/composer/packages/list.json",
    "/composer/p2/acme/gadget.json",
    "/composer/p2/acme/gadget~dev.json",
    "/composer/packages/acme/gadget.json",
    "/composer/dist/acme/gadget/acme-gadget-1.0.0.zip",
    "/composer/search.json?q=gadget",
    "/composer/packages/acme/gadget/owners",
    "/maven/org/example/gadget/maven-metadata.xml",
    "/maven/org/example/gadget/maven-metadata.xml.sha1",
    "/maven/org/example/gadget/1.0.0/gadget-1.0.0.pom",
    "/maven/org/example/gadget/1.0.0/gadget-1.0.0.jar",
    "/maven/org/example/gadget/1.0.0/gadget-1.0.0.jar.sha256",
    "/maven/org/example/gadget/",
    "/maven/org/example/gadget/1.0.0/",
    "/maven/.meta/prefixes.txt",
    "/maven/api/v1/publisher/published?namespace=org.example&name=gadget&version=1.0.0",
    "/golang/corp.example/lib/@v/list",
    "/golang/corp.example/lib/@v/v1.0.0.zip",
    "/golang/corp.example/lib/@latest",
];

/// Without a credential a private registry says the same of what is there and of what is not.
#[test]
fn gitea_cve_2026_27771_nothing_is_read_without_a_credential() {
    let (server, token) = with_gadgets(PRIVATE);
    let bearer = format!("Bearer {token}");
    for target in READABLE {
        let refused = http::get(server.address(), target);
        assert_eq!(refused.status, 401, "{target}: {}", refused.text());
        assert!(refused.header("www-authenticate").is_some(), "{target}");
        let absent = http::get(server.address(), &target.replace("gadget", "nothing"));
        assert_eq!(absent.status, 401, "{target}");
        let answer = ask(&server, "GET", target, Some(&bearer), b"");
        let is_there = !target.starts_with("/golang/");
        assert_eq!(answer.status == 200, is_there, "{target}: {}", answer.text());
    }
    for target in [
        "/%63omposer/packages.json",
        "/compose%72/p2/acme/gadget.json",
        "/m%61ven/org/example/gadget/maven-metadata.xml",
        "/golan%67/corp.example/lib/@v/list",
        "/Maven/org/example/gadget/maven-metadata.xml",
        "//maven/org/example/gadget/maven-metadata.xml",
        "/maven;x/org/example/gadget/maven-metadata.xml",
    ] {
        assert_eq!(ask(&server, "GET", target, Some(&bearer), b"").status, 404, "{target}");
    }
}

/// Files are put where their names say, so a name that says another place is refused.
#[test]
fn reposilite_cve_2024_36116_nothing_is_written_to_another_place() {
    let (server, token) = with_gadgets("");
    let before = count_events(&server, "", "");
    for target in [
        "/maven/../etc/gadget/1.0.0/gadget-1.0.0.jar",
        "/maven/org/example/gadget/1.0.0/../../../../gadget-1.0.0.jar",
        "/maven/org/example/gadget/1.0.0/..%2f..%2fgadget-1.0.0.jar",
        "/maven/org/example/gadget/1.0.0/gadget-1.0.0-..%5c..%5cx.jar",
        "/maven/org%2fexample/gadget/1.0.0/gadget-1.0.0.jar",
        "/maven/org/example/gadget/..%2f2.0.0/gadget-2.0.0.jar",
        "/maven/org/example/gadget/%2e%2e/gadget-...jar",
        "/maven/org/example/gadget/1.0.0/gadget-1.0.0.jar%00.pom",
        "/maven/org/example/gadget/1.0.0/other-1.0.0.jar",
        "/maven/org/example/gadget/2.0.0/gadget-1.0.0.jar",
        "/maven//org/example/gadget/2.0.0/gadget-2.0.0.jar",
        "/maven/org/example/gadget/2.0.0/maven-metadata.xml/",
        "/maven/.meta/prefixes.txt",
        "/composer/packages/upload/../gadget/2.0.0",
        "/composer/packages/upload/acme/..%2fgadget/2.0.0",
        "/composer/packages/upload/acme/gadget/..%2f2.0.0",
        "/composer/packages/upload/acme/gadget/2.0.0%00",
    ] {
        let answer = put(&server, &token, target, &packages::composer_zip("acme/gadget", "2.0.0"));
        assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
    }
    let changed = count_events(&server, "release.published", "") - 2;
    assert_eq!(changed, 0, "{} events before", before);
    // An archive is looked at and never unpacked.
    let evil = packages::zip(&[
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
        ("../../../../evil.html", b"<script>alert(1)</script>"),
    ]);
    stage_gadget(&server, &token, "3.0.0");
    put(&server, &token, &format!("{FOLDER}/3.0.0/gadget-3.0.0-javadoc.jar"), &evil);
    finish_gadget(&server, &token, "3.0.0");
    assert_eq!(find_files(server.scratch(), "evil"), Vec::<std::path::PathBuf>::new());
    for inside in ["javadoc.jar/evil.html", "javadoc.jar%2fevil.html", "javadoc.jar!/evil.html"] {
        let target = format!("{FOLDER}/3.0.0/gadget-3.0.0-{inside}");
        assert_eq!(http::get(server.address(), &target).status, 404, "{target}");
    }
}

fn find_files(folder: &std::path::Path, part: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(find_files(&path, part));
        } else if entry.file_name().to_string_lossy().contains(part) {
            found.push(path);
        }
    }
    found
}

/// What people upload is shown by no browser as a page of this server.
#[test]
fn reposilite_cve_2024_36115_a_file_is_no_page() {
    let (server, token) = with_gadgets("");
    let script = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>";
    stage_gadget(&server, &token, "2.0.0");
    let mut accepted = 0;
    for file in ["page.html", "page.xhtml", "image.svg", "page.xml", "app.js", "page.shtml"] {
        let target = format!("{FOLDER}/2.0.0/gadget-2.0.0-{file}");
        if put(&server, &token, &target, script).status == 201 {
            accepted += 1;
        }
    }
    assert_eq!(finish_gadget(&server, &token, "2.0.0").status, 201);
    let mut served = 0;
    for file in ["page.html", "page.xhtml", "image.svg", "page.xml", "app.js", "page.shtml"] {
        let answer = http::get(server.address(), &format!("{FOLDER}/2.0.0/gadget-2.0.0-{file}"));
        served += usize::from(answer.status == 200);
        let kind = answer.header("content-type").unwrap_or_default();
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{file}");
        let is_shown = ["html", "svg", "javascript"].iter().any(|shown| kind.contains(shown));
        assert!(!is_shown, "{file} is served as {kind}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(!kind.contains("xml") || policy.contains("sandbox"), "{file}: {kind}, {policy}");
    }
    assert!(accepted > 0 && served == accepted, "{accepted} were accepted, {served} are served");
    // Pages about it show names as text.
    let listing = http::get(server.address(), &format!("{FOLDER}/2.0.0/"));
    assert!(!listing.text().contains("<script"), "{}", listing.text());
}

/// `org.example:gadget` and `org:example.gadget` are two packages, and each has its own owner.
#[test]
fn rubygems_cve_2022_29176_a_group_and_an_artifact_are_never_glued() {
    let (server, _) = with_gadgets("[access]\nunpublish = \"owners\"\n");
    let attacker = server.user_and_token("attacker");
    let pom = packages::pom("org", "example.gadget", "1.0.0");
    for target in [
        "/maven/org/example.gadget/1.0.0/example.gadget-1.0.0.pom",
        "/maven/org.example/gadget/1.0.0/gadget-1.0.0.pom",
        "/maven/org/example/gadget/1.0.1/gadget-1.0.1.pom",
        "/maven/ORG/example/gadget/1.0.1/gadget-1.0.1.pom",
    ] {
        put(&server, &attacker, target, &pom);
    }
    let bearer = format!("Bearer {attacker}");
    let yank = |target: &str| ask(&server, "PUT", target, Some(&bearer), b"{}").status;
    for target in [
        "/composer/packages/acme/gadget/1.0.0/yank",
        "/composer/packages/ACME/gadget/1.0.0/yank",
        "/composer/packages/acme%2fgadget/x/1.0.0/yank",
        "/composer/packages/acme/gadget/v1.0.0/yank",
    ] {
        assert!((400..500).contains(&yank(target)), "{target}");
    }
    for target in ["/composer/packages/acme/gadget", "/composer/packages/acme/gadget/1.0.0"] {
        assert_eq!(ask(&server, "DELETE", target, Some(&bearer), b"").status, 403, "{target}");
    }
    assert!(finish_gadget(&server, &attacker, "1.0.1").status < 500);
    let versions = http::get(server.address(), &format!("{FOLDER}/maven-metadata.xml")).text();
    assert!(!versions.contains("1.0.1"), "{versions}");
    for target in ["/composer/p2/acme/gadget.json", &format!("{FOLDER}/1.0.0/gadget-1.0.0.jar")] {
        assert_eq!(http::get(server.address(), target).status, 200, "{target}");
    }
}

/// Files that were sent and not published yet belong to their sender.
#[test]
fn artifact_keeper_1317_an_upload_session_is_its_senders() {
    let (server, owner) = with_gadgets("");
    let attacker = server.user_and_token("attacker");
    stage_gadget(&server, &owner, "2.0.0");
    let staged = format!("{FOLDER}/2.0.0/gadget-2.0.0.jar");
    for target in [staged.clone(), format!("{staged}.sha1"), format!("{FOLDER}/2.0.0/")] {
        for token in [&attacker, &owner] {
            let answer = ask(&server, "GET", &target, Some(&format!("Bearer {token}")), b"");
            assert_eq!(answer.status, 404, "{target} is there before it is published");
        }
    }
    let download = "/maven/api/v1/publisher/deployments/download/org/example/gadget/2.0.0/\
                    gadget-2.0.0.jar";
    assert_eq!(ask(&server, "GET", download, Some(&format!("Bearer {attacker}")), b"").status, 404);
    let ended = finish_gadget(&server, &attacker, "2.0.0");
    assert!(ended.status == 201 || ended.status == 403, "{}", ended.status);
    let other = put(&server, &attacker, &staged, &packages::jar(GROUP, "gadget", "6.6.6"));
    assert_eq!(other.status, 403, "{}", other.text());
    assert_eq!(http::get(server.address(), &staged).status, 404, "somebody else published it");
    assert_eq!(finish_gadget(&server, &owner, "2.0.0").status, 201);
    let served = http::get(server.address(), &staged);
    assert_eq!(served.body, packages::jar(GROUP, "gadget", "2.0.0"));
}

#[test]
fn artifact_keeper_507_a_file_with_a_wrong_digest_beside_it_is_not_published() {
    let (server, token) = with_gadgets("");
    stage_gadget(&server, &token, "2.0.0");
    let stated = format!("{FOLDER}/2.0.0/gadget-2.0.0.pom.sha1");
    let answer = put(&server, &token, &stated, "0".repeat(40).as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some("publish.digest-mismatch"));
    // The file is forgotten, and a release without its pom is none.
    assert!((400..500).contains(&finish_gadget(&server, &token, "2.0.0").status));
    assert_eq!(
        http::get(server.address(), &format!("{FOLDER}/2.0.0/gadget-2.0.0.jar")).status,
        404
    );
}

/// Names and addresses that version control would take for options lead nowhere: what clients are
/// told of a package has this server's addresses in it and no others.
#[test]
fn composer_cve_2021_29472_no_address_of_a_stranger_reaches_version_control() {
    let server = start("");
    let token = server.user_and_token("owner");
    let url = "--config=alias.x=!touch /tmp/owned";
    let manifest = serde_json::json!({
        "name": "acme/gadget", "version": "1.0.0", "description": "x",
        "source": { "type": "hg", "url": url, "reference": "--config" },
        "dist": { "type": "zip", "url": "https://elsewhere.example/x.zip" },
        "repositories": [{ "type": "vcs", "url": url }],
        "notification-url": "https://elsewhere.example/", "transport-options": { "ssl": {} },
        "homepage": "javascript:alert(1)", "support": { "source": "javascript:alert(2)" },
    });
    let archive = packages::zip(&[("composer.json", manifest.to_string().as_bytes())]);
    let upload = put(&server, &token, "/composer/packages/upload/acme/gadget/1.0.0", &archive);
    assert!(upload.status < 300, "{}", upload.text());
    let served = http::get(server.address(), "/composer/p2/acme/gadget.json").text();
    for part in ["--config", "elsewhere.example", "repositories", "transport-options", "\"hg\""] {
        assert!(!served.contains(part), "{part} is in {served}");
    }
    let page = http::get(server.address(), "/packages/composer/acme%2Fgadget").text();
    assert!(!page.contains("href=\"javascript:"), "{page}");
    for (name, version) in [
        ("--config/gadget", "1.0.0"),
        ("acme/--upload-pack", "1.0.0"),
        ("acme/gadget", "--version"),
        ("acme/gadget", "-1.0.0"),
        ("acme/gadget;id", "1.0.0"),
        ("acme/$(id)", "1.0.0"),
    ] {
        let target = format!("/composer/packages/upload/{name}/{version}");
        let answer = put(&server, &token, &target, &packages::composer_zip(name, version));
        assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
    }
}

#[test]
fn artifactory_cve_2024_6915_what_a_request_says_about_itself_reaches_no_cache() {
    let upstream = FakeUpstream::start();
    let jar = packages::jar(GROUP, "base", "1.0.0");
    let metadata = packages::maven_metadata(GROUP, "base", "1.0.0");
    let pom = packages::pom(GROUP, "base", "1.0.0");
    let on = |path: &str, kind: &str, body: Vec<u8>| upstream.on(path, Reply::ok(kind, body));
    on("/maven/org/example/base/maven-metadata.xml", "text/xml", metadata);
    on("/maven/org/example/base/1.0.0/base-1.0.0.pom", "text/xml", pom);
    on("/maven/org/example/base/1.0.0/base-1.0.0.jar", "application/java-archive", jar);
    on("/golang/corp.example/lib/@v/list", "text/plain", b"v1.0.0\n".to_vec());
    let info = b"{\"Version\":\"v1.0.0\",\"Time\":\"2020-01-01T00:00:00Z\"}".to_vec();
    on("/golang/corp.example/lib/@v/v1.0.0.info", "application/json", info);
    let sections = ["maven", "golang"].map(|id| {
        let url = upstream.url();
        format!("[upstreams.{id}]\nurl = \"{url}/{id}/\"\nallow_private_network = true\n")
    });
    let (server, _) = with_gadgets(&sections.concat());
    let odd = [
        ("host", "elsewhere.example"),
        ("x-forwarded-host", "elsewhere.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-original-url", "/maven/other"),
        ("x-http-method-override", "DELETE"),
        ("forwarded", "host=elsewhere.example;proto=gopher"),
        ("accept", "application/problem+json"),
        ("range", "bytes=0-3"),
    ];
    for target in [
        "/composer/packages.json",
        "/composer/p2/acme/gadget.json",
        "/maven/org/example/base/maven-metadata.xml",
        "/maven/org/example/base/1.0.0/base-1.0.0.jar",
        "/golang/corp.example/lib/@v/list",
        "/golang/corp.example/lib/@v/v1.0.0.info",
    ] {
        let queried = format!("{target}?x=elsewhere.example");
        let first = http::send(server.address(), "GET", &queried, &odd, b"");
        assert!(!first.text().contains("elsewhere"), "{target}: {}", first.text());
        let plain = http::get(server.address(), target);
        assert_eq!(plain.status, 200, "{target}: {}", plain.text());
        assert!(!plain.text().contains("elsewhere"), "{target}: {}", plain.text());
        let without = http::send(server.address(), "GET", &queried, &[], b"");
        assert_eq!(without.body, plain.body, "{target}");
    }
    for (_, headers) in upstream.requests() {
        assert!(headers.iter().all(|(_, value)| !value.contains("elsewhere")), "{headers:?}");
    }
}

/// What policy withholds is in no index and cannot be downloaded, by no spelling of its address.
#[test]
fn nora_583_what_is_withheld_cannot_be_downloaded() {
    let (server, _) = with_gadgets("");
    for purl in ["pkg:composer/acme/gadget@1.0.0", "pkg:maven/org.example/gadget@1.0.0"] {
        server.cli(&["policy", "deny", purl, "--reason", "it steals tokens"]).ok();
    }
    let jar = format!("{FOLDER}/1.0.0/gadget-1.0.0.jar");
    let dist = "/composer/dist/acme/gadget/acme-gadget-1.0.0.zip";
    for target in [dist, &jar] {
        // Another process denied it: the server learns of it from the event log.
        let withheld =
            (0..20_000).map(|_| http::get(server.address(), target)).find(|a| a.status != 200);
        let answer = withheld.expect("it is still served");
        assert_eq!(answer.header("x-vouchsafe-code"), Some("policy.denied"), "{target}");
        assert!(answer.text().contains("it steals tokens"), "{}", answer.text());
    }
    for target in [
        dist.replace("gadget", "%67adget"),
        jar.replace("gadget", "%67adget"),
        jar.replace(".jar", ".pom"),
        jar.replace(".jar", ".pom.sha1"),
        format!("{jar}.sha1"),
        format!("{jar}.sha512"),
    ] {
        for method in ["GET", "HEAD"] {
            let headers = [("range", "bytes=0-10"), ("if-none-match", "*")];
            let answer = http::send(server.address(), method, &target, &headers, b"");
            assert!((400..500).contains(&answer.status), "{method} {target}: {}", answer.status);
        }
    }
    let listed = http::get(server.address(), "/composer/p2/acme/gadget.json");
    assert!(!listed.text().contains("dist/acme"), "{}", listed.text());
    let versions = http::get(server.address(), &format!("{FOLDER}/maven-metadata.xml"));
    assert!(!versions.text().contains("1.0.0"), "{}", versions.text());
}

#[test]
fn verdaccio_873_a_package_may_be_called_like_a_program() {
    let server = start("");
    let token = server.user_and_token("owner");
    for name in ["perl", "admin", "index", "packages", "dist", "upload", "search", "p2", "list"] {
        let package = format!("acme/{name}");
        let archive = packages::composer_zip(&package, "1.0.0");
        let target = format!("/composer/packages/upload/{package}/1.0.0");
        let upload = put(&server, &token, &target, &archive);
        assert!(upload.status < 300, "{package}: {}", upload.text());
        let dist = format!("/composer/dist/{package}/acme-{name}-1.0.0.zip");
        assert_eq!(http::get(server.address(), &dist).body, archive, "{package}");
        let (folder, stem) = (format!("/maven/org/example/{name}"), format!("{name}-1.0.0"));
        let pom = packages::pom(GROUP, name, "1.0.0");
        assert_eq!(put(&server, &token, &format!("{folder}/1.0.0/{stem}.pom"), &pom).status, 201);
        let metadata = packages::maven_metadata(GROUP, name, "1.0.0");
        let ended = put(&server, &token, &format!("{folder}/maven-metadata.xml"), &metadata);
        assert_eq!(ended.status, 201, "{name}: {}", ended.text());
        let served = http::get(server.address(), &format!("{folder}/1.0.0/{stem}.pom"));
        assert_eq!(served.body, pom, "{name}");
    }
}
