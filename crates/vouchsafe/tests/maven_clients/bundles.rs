//! The publisher API, as tools for Maven Central's portal call it.

use base64::Engine as _;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::packages::{self, maven_checksums};

use crate::deploy::check_invisible;
use crate::stage::Stage;
use crate::wire::Release;

const API: &str = "/maven/api/v1/publisher";

/// The files of releases with their SHA-1 and MD5, laid out as a repository.
pub(crate) fn bundle_of(releases: &[&Release]) -> Vec<u8> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for release in releases {
        for (name, bytes) in &release.files {
            let path = format!("{}/{name}", release.directory());
            for (ending, digest) in &maven_checksums(bytes)[..2] {
                files.push((format!("{path}.{ending}"), digest.clone().into_bytes()));
            }
            files.push((path, bytes.clone()));
        }
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    packages::zip(&files)
}

/// What the portal calls a user token: name and password, encoded.
fn bearer(token: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("ada:{token}"));
    format!("Bearer {pair}")
}

fn call_as(stage: &Stage, token: &str, method: &str, path: &str) -> Answer {
    let authorization = bearer(token);
    let headers = [("authorization", authorization.as_str())];
    http::send(stage.server.address(), method, &format!("{API}/{path}"), &headers, b"")
}

fn call(stage: &Stage, method: &str, path: &str) -> Answer {
    call_as(stage, &stage.token, method, path)
}

/// Uploads a bundle as `ada`.
pub(crate) fn upload(stage: &Stage, bundle: &[u8], publishing: &str) -> Answer {
    let boundary = "a-boundary";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"bundle\"; \
         filename=\"central-bundle.zip\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bundle);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let authorization = bearer(&stage.token);
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let headers =
        [("authorization", authorization.as_str()), ("content-type", content_type.as_str())];
    let target = format!("{API}/upload?name=acme&publishingType={publishing}");
    http::send(stage.server.address(), "POST", &target, &headers, &body)
}

#[track_caller]
fn uploaded(stage: &Stage, releases: &[&Release], publishing: &str) -> String {
    let answer = upload(stage, &bundle_of(releases), publishing);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text()
}

fn status(stage: &Stage, id: &str) -> serde_json::Value {
    let answer = call(stage, "POST", &format!("status?id={id}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn releases() -> [Release; 2] {
    [Release::jar("com.acme", "one", "1.0"), Release::jar("com.acme", "two", "1.0")]
}

#[test]
fn a_bundle_waits_for_its_sender_and_its_releases_appear_together() {
    let stage = Stage::new("");
    let [one, two] = releases();
    let id = uploaded(&stage, &[&one, &two], "USER_MANAGED");
    let told = status(&stage, &id);
    assert_eq!(told["deploymentState"], "VALIDATED");
    assert_eq!(told["deploymentName"], "acme");
    assert_eq!(
        told["purls"],
        serde_json::json!(["pkg:maven/com.acme/one@1.0", "pkg:maven/com.acme/two@1.0"])
    );
    for release in [&one, &two] {
        check_invisible(release, &[&stage.ada(), &stage.anybody()]);
        let path = format!("deployment/{id}/download/{}", release.path("jar"));
        assert_eq!(call(&stage, "GET", &path).body, release.files[0].1);
        let path = format!("deployments/download/{}", release.path("pom"));
        assert_eq!(call(&stage, "GET", &path).body, release.files[1].1);
    }
    assert_eq!(call(&stage, "POST", &format!("deployment/{id}")).status, 204);
    assert_eq!(status(&stage, &id)["deploymentState"], "PUBLISHED");
    for release in [&one, &two] {
        assert_eq!(stage.anybody().get(&release.path("jar")).status, 200);
    }
    let published = |version: &str| {
        let path = format!("published?namespace=com.acme&name=one&version={version}");
        call(&stage, "GET", &path).json()["published"].clone()
    };
    assert_eq!(published("1.0"), true);
    assert_eq!(published("1.1"), false);
}

#[test]
fn an_automatic_bundle_is_published_when_it_is_good() {
    let stage = Stage::new("");
    let [one, two] = releases();
    let id = uploaded(&stage, &[&one, &two], "AUTOMATIC");
    assert_eq!(status(&stage, &id)["deploymentState"], "PUBLISHED");
    assert_eq!(stage.anybody().get(&two.path("jar")).status, 200);
}

#[test]
fn one_bad_release_keeps_all_of_a_bundle_back_and_every_error_is_told() {
    let stage = Stage::new("");
    let [one, two] = releases();
    let two = two.file("two-1.0.pom", crate::wire::pom("com.evil", "two", "1.0", ""));
    let three = Release::jar("com.acme", "three", "1.0");
    let mut broken = bundle_of(&[&one, &two]);
    let id = uploaded(&stage, &[&one, &two], "AUTOMATIC");
    let told = status(&stage, &id);
    assert_eq!(told["deploymentState"], "FAILED");
    let errors = told["errors"]["pkg:maven/com.acme/two@1.0"][0].as_str().unwrap();
    assert!(errors.contains("`com.evil`"), "{errors}");
    check_invisible(&one, &[&stage.anybody()]);
    assert_eq!(call(&stage, "POST", &format!("deployment/{id}")).status, 409);
    assert_eq!(call(&stage, "DELETE", &format!("deployment/{id}")).status, 204);
    assert_eq!(call(&stage, "POST", &format!("status?id={id}")).status, 404);
    // A checksum that is not that of its file.
    let files = [
        (three.path("jar"), three.files[0].1.clone()),
        (three.path("pom"), three.files[1].1.clone()),
        (format!("{}.sha1", three.path("jar")), b"0".repeat(40)),
    ];
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let id = upload(&stage, &packages::zip(&files), "USER_MANAGED").text();
    let told = status(&stage, &id);
    assert_eq!(told["deploymentState"], "FAILED", "{told}");
    assert!(told["errors"].to_string().contains("the sha1 of `three-1.0.jar` is wrong"), "{told}");
    broken.truncate(100);
    assert_eq!(upload(&stage, &broken, "AUTOMATIC").status, 422);
}

#[test]
fn a_deployment_is_its_senders_alone() {
    let stage = Stage::new("");
    let [one, two] = releases();
    let id = uploaded(&stage, &[&one, &two], "USER_MANAGED");
    let other = stage.server.user_and_token("bob");
    for (method, path) in [
        ("POST", format!("status?id={id}")),
        ("POST", format!("deployment/{id}")),
        ("DELETE", format!("deployment/{id}")),
        ("GET", format!("deployment/{id}/download/{}", one.path("jar"))),
        ("GET", format!("deployments/download/{}", one.path("jar"))),
    ] {
        assert_eq!(call_as(&stage, &other, method, &path).status, 404, "{method} {path}");
        let target = format!("{API}/{path}");
        let nobody = http::send(stage.server.address(), method, &target, &[], b"");
        assert_eq!(nobody.status, 401, "{method} {path}");
        assert_eq!(call_as(&stage, "vsf_nothing", method, &path).status, 401, "{method} {path}");
    }
    assert_eq!(call(&stage, "DELETE", &format!("deployment/{id}")).status, 204);
    check_invisible(&one, &[&stage.ada()]);
}

#[test]
fn a_published_release_in_a_bundle_is_a_readable_error() {
    let stage = Stage::new("");
    let [one, two] = releases();
    stage.ada().deploy(&one);
    let id = uploaded(&stage, &[&one.clone().pom("<name>other</name>"), &two], "AUTOMATIC");
    let told = status(&stage, &id);
    assert_eq!(told["deploymentState"], "FAILED");
    assert!(told["errors"].to_string().contains("com.acme/one@1.0"), "{told}");
    check_invisible_package(&stage, &two);
}

#[track_caller]
fn check_invisible_package(stage: &Stage, release: &Release) {
    assert_eq!(stage.anybody().get(&release.path("jar")).status, 404);
}

#[test]
fn what_is_no_file_of_a_release_is_refused_by_name() {
    let stage = Stage::new("");
    let [one, _] = releases();
    let bundle = |extra: &str| {
        let files = [
            (one.path("jar"), one.files[0].1.clone()),
            (one.path("pom"), one.files[1].1.clone()),
            (extra.to_owned(), b"bytes".to_vec()),
        ];
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        packages::zip(&files)
    };
    for extra in ["README.md", "../../etc/passwd", "com/acme/one/1.0/other-1.0.jar", "/etc/passwd"]
    {
        let refused = upload(&stage, &bundle(extra), "AUTOMATIC");
        assert_eq!(refused.status, 422, "{extra}: {}", refused.text());
        check_invisible(&one, &[&stage.anybody()]);
    }
    let refused = upload(&stage, &bundle("README.md"), "AUTOMATIC");
    assert!(refused.text().contains("README.md"), "{}", refused.text());
}
