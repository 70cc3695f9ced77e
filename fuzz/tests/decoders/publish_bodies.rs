//! The bodies of `cargo publish`, `npm publish`, `twine upload`, of Composer archives and of deploys.

use http::Method;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::call::Call;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_maven::Maven;
use vouchsafe_ecosystem_npm::Npm;
use vouchsafe_ecosystem_pypi::PyPi;
use vouchsafe_testkit::packages;

use crate::accepted::check_draft;
use crate::engine::target;
use crate::script::Script;
use crate::stage::{Request, decoder, feed};
use crate::{samples, words};

/// Where a body is cut means nothing; what is accepted is consistent; what comes out was in it.
fn check_body(adapter: &dyn Ecosystem, request: &Request, body: &[u8], script: &mut Script<'_>) {
    let Ok(whole) = decoder(adapter, request) else { return };
    let whole = feed(whole, [body]);
    let pieces = if script.one_in(4) { body.chunks(1).collect() } else { script.cut(body) };
    let cut = feed(decoder(adapter, request).unwrap(), pieces);
    match (whole, cut) {
        (Ok((call, files)), Ok((cut_call, cut_files))) => {
            assert_eq!(format!("{call:?}"), format!("{cut_call:?}"));
            assert!(files == cut_files, "the files depend on where the body is cut");
            let out: usize = files.iter().map(Vec::len).sum();
            assert!(out <= body.len(), "{out} bytes came out of {}", body.len());
            if let Call::Publish(draft) = call {
                check_draft(adapter, &draft, &files);
            }
        }
        (Err(error), Err(cut_error)) => {
            let kind = std::mem::discriminant(&error);
            let cut_kind = std::mem::discriminant(&cut_error);
            assert!(kind == cut_kind, "whole: {error}; in pieces: {cut_error}");
        }
        (whole, cut) => {
            let show = |outcome: Result<_, vouchsafe_adapter::WireError>| match outcome {
                Ok(_) => "accepted".to_owned(),
                Err(error) => error.to_string(),
            };
            panic!("whole: {}; in pieces: {}", show(whole), show(cut));
        }
    }
}

#[test]
fn cargo_publish_body() {
    let archive = samples::crate_file(samples::CRATE_MANIFEST);
    target!(2000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let request = Request::new(&Cargo, &Method::PUT, &["api", "v1", "crates", "new"]);
        let body = if script.one_in(2) {
            // Lengths that are right around metadata that is not.
            let metadata = script.spoil(samples::CRATE_METADATA.as_bytes(), words::JSON);
            samples::crate_body(&metadata, &archive)
        } else {
            let body = samples::crate_body(samples::CRATE_METADATA.as_bytes(), &archive);
            script.spoil(&body, words::ANY)
        };
        check_body(&Cargo, &request, &body, &mut script);
    });
}

#[test]
fn npm_publish_body() {
    let tarball = samples::npm_tarball(samples::PACKAGE_JSON);
    let publish = samples::npm_body(samples::PACKAGE_JSON, &tarball);
    let deprecate = r#"{"_id":"@acme/left-pad","_rev":"1-0","name":"@acme/left-pad","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"@acme/left-pad","version":"1.0.0","deprecated":"old"},"1.1.0":{"version":"1.1.0","deprecated":""}}}"#;
    let owners = r#"{"_id":"@acme/left-pad","_rev":"1-0","maintainers":[{"name":"ann","email":"a@registry.example"}]}"#;
    let bodies = [publish.as_str(), deprecate, owners];
    target!(1500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let body = script.pick(&bodies).as_bytes();
        let body = script.spoil(body, words::JSON);
        let segments: &[&str] = match script.one_in(3) {
            true => &["@acme/left-pad", "-rev", "1-0"],
            false => &["@acme/left-pad"],
        };
        let request = Request::new(&Npm, &Method::PUT, segments);
        check_body(&Npm, &request, &body, &mut script);
    });
}

#[test]
fn pypi_upload_form() {
    let wheel = samples::wheel(samples::CORE_METADATA);
    let sdist = samples::sdist(samples::CORE_METADATA);
    let forms = [
        packages::pypi_upload("Foo.Bar", "1.0", "foo_bar-1.0-py3-none-any.whl", &wheel),
        packages::pypi_upload("foo-bar", "1.0", "foo_bar-1.0.tar.gz", &sdist),
        packages::pypi_upload("foo-bar", "1.0", "foo_bar-1.0.tar.gz", b""),
    ];
    target!(600).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let (content_type, form) = script.pick(&forms);
        let body = script.spoil(form, words::FORM);
        let content_type = match script.one_in(16) {
            true => script.spoil_text(content_type, words::FORM),
            false => content_type.clone(),
        };
        let Ok(value) = http::HeaderValue::from_str(&content_type) else { return };
        let mut request = Request::new(&PyPi, &Method::POST, &["legacy"]).with_slash();
        request.headers.insert("content-type", value);
        check_body(&PyPi, &request, &body, &mut script);
    });
}

#[test]
fn composer_archive_body() {
    let archive = samples::composer_archive(samples::COMPOSER_JSON);
    target!(500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let segments = ["packages", "upload", "acme", "tool", "1.2.0"];
        let request = Request::new(&Composer, &Method::PUT, &segments);
        check_body(&Composer, &request, &script.spoil(&archive, words::ANY), &mut script);
    });
}

#[test]
fn maven_deploy_bodies() {
    let jar = samples::jar(samples::POM);
    let sha1 = b"1111111111111111111111111111111111111111  lib-1.0.jar\n";
    let files: [(&str, &[u8]); 3] = [
        ("com/acme/lib/1.0/lib-1.0.jar", &jar),
        ("com/acme/lib/1.0/lib-1.0.jar.sha1", sha1),
        ("com/acme/lib/maven-metadata.xml", samples::MAVEN_METADATA.as_bytes()),
    ];
    target!(1500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let (path, body) = *script.pick(&files);
        let segments: Vec<&str> = path.split('/').collect();
        let request = Request::new(&Maven, &Method::PUT, &segments);
        check_body(&Maven, &request, &script.spoil(body, words::XML), &mut script);
    });
}

#[test]
fn maven_bundle_form() {
    let boundary = "----vouchsafe-testkit";
    let body = [
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx\r\n"),
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"b.zip\"\r\n\r\nPK\r\n"),
        format!("--{boundary}--\r\n"),
    ]
    .concat();
    target!(1000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let request = Request::new(&Maven, &Method::POST, &["api", "v1", "publisher", "upload"]);
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let request = request.header("content-type", &content_type);
        check_body(&Maven, &request, &script.spoil(body.as_bytes(), words::FORM), &mut script);
    });
}
