//! What is read out of an accepted archive: crates, npm tarballs, wheels, source distributions.
//!
//! The archive is sound and its manifest is spoiled, so that the manifest's reader is reached.

use http::Method;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::call::Call;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_npm::Npm;
use vouchsafe_ecosystem_pypi::PyPi;
use vouchsafe_testkit::packages;

use crate::accepted::check_inspected;
use crate::engine::target;
use crate::script::Script;
use crate::stage::{Request, artifacts, decoder, feed};
use crate::{samples, words};

/// Publishes a body and inspects what came with it. Says whether it was accepted.
fn publish(adapter: &dyn Ecosystem, request: &Request, body: &[u8]) -> bool {
    let Ok(decoder) = decoder(adapter, request) else { return false };
    let Ok((Call::Publish(draft), files)) = feed(decoder, [body]) else { return false };
    let Ok(inspected) = adapter.inspect(&draft, &mut artifacts(&files)) else { return false };
    check_inspected(adapter, &draft, &files, inspected);
    true
}

fn publish_crate(metadata: &[u8], manifest: &str) -> bool {
    let request = Request::new(&Cargo, &Method::PUT, &["api", "v1", "crates", "new"]);
    publish(&Cargo, &request, &samples::crate_body(metadata, &samples::crate_file(manifest)))
}

fn publish_npm(package_json: &str) -> bool {
    let tarball = samples::npm_tarball(package_json);
    let request = Request::new(&Npm, &Method::PUT, &["@acme/left-pad"]);
    publish(&Npm, &request, samples::npm_body(package_json, &tarball).as_bytes())
}

fn upload(filename: &str, bytes: &[u8]) -> bool {
    let (content_type, body) = packages::pypi_upload("Foo.Bar", "1.0", filename, bytes);
    let request = Request::new(&PyPi, &Method::POST, &["legacy"]).with_slash();
    publish(&PyPi, &request.header("content-type", &content_type), &body)
}

#[test]
fn crate_manifest() {
    let metadata = samples::CRATE_METADATA.as_bytes();
    assert!(publish_crate(metadata, samples::CRATE_MANIFEST), "the sample is accepted unspoiled");
    target!(1000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let manifest = script.spoil_text(samples::CRATE_MANIFEST, words::TOML);
        let metadata = match script.one_in(4) {
            true => script.spoil(metadata, words::JSON),
            false => metadata.to_vec(),
        };
        publish_crate(&metadata, &manifest);
    });
}

#[test]
fn npm_manifest() {
    assert!(publish_npm(samples::PACKAGE_JSON), "the sample is accepted unspoiled");
    target!(1000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        publish_npm(&script.spoil_text(samples::PACKAGE_JSON, words::JSON));
    });
}

#[test]
fn wheel_metadata() {
    let name = "foo_bar-1.0-py3-none-any.whl";
    assert!(upload(name, &samples::wheel(samples::CORE_METADATA)), "accepted unspoiled");
    target!(700).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let metadata = script.spoil_text(samples::CORE_METADATA, words::METADATA);
        upload(name, &samples::wheel(&metadata));
    });
}

#[test]
fn wheel_archive() {
    let wheel = samples::wheel(samples::CORE_METADATA);
    target!(700).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        upload("foo_bar-1.0-py3-none-any.whl", &script.spoil(&wheel, words::ANY));
    });
}

#[test]
fn sdist_metadata() {
    let name = "foo_bar-1.0.tar.gz";
    assert!(upload(name, &samples::sdist(samples::CORE_METADATA)), "accepted unspoiled");
    target!(700).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let metadata = script.spoil_text(samples::CORE_METADATA, words::METADATA);
        upload(name, &samples::sdist(&metadata));
    });
}
