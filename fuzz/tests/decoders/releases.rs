//! What is read out of the files of a release that say by themselves what they are: archives of
//! Composer, and poms, jars, modules and bundles of Maven.

use std::collections::BTreeSet;
use std::io::Cursor;

use sha2::Digest as _;
use vouchsafe_adapter::{BundleSink, Ecosystem as _, FormatError};
use vouchsafe_domain::call::UnnamedUpload;
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Filename, PackageName, Version};
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_maven::Maven;

use crate::accepted::{check_draft, check_inspected};
use crate::engine::target;
use crate::script::Script;
use crate::stage::artifacts;
use crate::{samples, words};

/// Identifies an archive and inspects it. Says whether it was accepted.
fn publish_archive(archive: &[u8], version: Option<&str>) -> bool {
    let upload = UnnamedUpload {
        package: None,
        version: version.map(str::to_owned),
        metadata: "{}".to_owned(),
    };
    let files = [archive.to_vec()];
    let mut file = Cursor::new(archive.to_vec());
    let Ok(draft) = Composer.identify(&upload, &mut file) else { return false };
    check_draft(&Composer, &draft, &files);
    let Ok(inspected) = Composer.inspect(&draft, &mut artifacts(&files)) else { return false };
    check_inspected(&Composer, &draft, &files, inspected);
    true
}

#[test]
fn composer_manifest() {
    let sample = samples::composer_archive(samples::COMPOSER_JSON);
    assert!(publish_archive(&sample, None), "the sample is accepted unspoiled");
    target!(1000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let version = *script.pick(&[None, None, Some("1.2.0"), Some("dev-main"), Some("x")]);
        let manifest = script.spoil_text(samples::COMPOSER_JSON, words::JSON);
        publish_archive(&samples::composer_archive(&manifest), version);
    });
}

#[test]
fn composer_archive() {
    let sample = samples::composer_archive(samples::COMPOSER_JSON);
    target!(1000).for_each(|input: &[u8]| {
        publish_archive(&Script::new(input).spoil(&sample, words::ANY), None);
    });
}

/// Assembles files of `com.acme:lib` and inspects them. Says whether they were accepted.
fn deploy(version: &str, files: &[(&str, Vec<u8>)]) -> bool {
    let package = Maven.parse_name("com.acme:lib").unwrap();
    let version = Maven.parse_version(version).unwrap();
    let staged = files.iter().filter_map(|(filename, bytes)| {
        let sha256 = sha2::Sha256::digest(bytes);
        let sha256 = Digest::from_bytes(DigestAlgorithm::Sha256, &sha256).unwrap();
        Some(StagedFile {
            filename: filename.parse().ok()?,
            size_bytes: bytes.len() as u64,
            digests: Digests::from_iter([sha256]),
        })
    });
    let staged: Vec<StagedFile> = staged.collect();
    let Ok(draft) = Maven.assemble(&package, &version, &staged) else { return false };
    let bytes_of = |filename: &Filename| {
        let found = files.iter().find(|(name, _)| *name == filename.as_str());
        found.map(|(_, bytes)| bytes.clone()).expect("a draft is made of what was staged")
    };
    let bytes: Vec<_> = draft.files.iter().map(|file| bytes_of(&file.filename)).collect();
    assert!(draft.files[0].filename.as_str().ends_with(".pom"), "the pom comes first");
    check_draft(&Maven, &draft, &bytes);
    let Ok(inspected) = Maven.inspect(&draft, &mut artifacts(&bytes)) else { return false };
    check_inspected(&Maven, &draft, &bytes, inspected);
    true
}

fn release(pom: &str, jar: Vec<u8>, module: &str) -> bool {
    deploy(
        "1.0",
        &[
            ("lib-1.0.jar", jar),
            ("lib-1.0.pom", pom.as_bytes().to_vec()),
            ("lib-1.0.module", module.as_bytes().to_vec()),
        ],
    )
}

#[test]
fn maven_release() {
    let jar = || samples::jar(samples::POM);
    assert!(release(samples::POM, jar(), samples::GRADLE_MODULE), "accepted unspoiled");
    target!(2000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        match script.below(4) {
            0 => {
                let pom = script.spoil_text(samples::POM, words::XML);
                release(&pom, samples::jar(&pom), samples::GRADLE_MODULE);
            }
            1 => {
                let pom = script.spoil_text(samples::POM, words::XML);
                release(samples::POM, samples::jar(&pom), samples::GRADLE_MODULE);
            }
            2 => {
                let jar = script.spoil(&jar(), words::ANY);
                release(samples::POM, jar, samples::GRADLE_MODULE);
            }
            _ => {
                let module = script.spoil_text(samples::GRADLE_MODULE, words::JSON);
                release(samples::POM, jar(), &module);
            }
        }
    });
}

#[test]
fn maven_file_names() {
    let names = ["lib-1.0", "lib-1.0-SNAPSHOT", "lib-1.0-20240102.030405-7", ".pom", ".jar", "-"];
    target!(2000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let filename = script.text(&[&names[..], words::VERSIONS].concat(), 4);
        let version = *script.pick(&["1.0", "1.0-SNAPSHOT"]);
        let pom = samples::POM
            .replace("<version>1.0</version><p", &format!("<version>{version}</version><p"));
        let stem = if version == "1.0" { "lib-1.0.pom" } else { "lib-1.0-20240102.030405-7.pom" };
        deploy(version, &[(stem, pom.into_bytes()), (&filename, b"x".to_vec())]);
    });
}

/// What a bundle turned out to hold.
#[derive(Default)]
struct Unpacked {
    files: BTreeSet<String>,
    bytes: usize,
}

impl BundleSink for Unpacked {
    fn begin(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Result<(), FormatError> {
        crate::accepted::check_name(&Maven, package);
        crate::accepted::check_version(&Maven, version);
        let file = format!("{package}/{version}/{filename}");
        assert!(self.files.insert(file), "{filename} came twice");
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        assert!(!self.files.is_empty(), "bytes came before a file began");
        self.bytes += bytes.len();
        Ok(())
    }

    fn state(&mut self, package: &PackageName, _: &Version, _: &Filename, digest: Digest) {
        crate::accepted::check_name(&Maven, package);
        assert!(!digest.to_hex().is_empty());
    }
}

#[test]
fn maven_bundle() {
    let sha1 = "1111111111111111111111111111111111111111";
    let files: [samples::Entry<'_>; 4] = [
        ("com/acme/lib/1.0/lib-1.0.pom", samples::POM.as_bytes()),
        ("com/acme/lib/1.0/lib-1.0.jar", b"PK"),
        ("com/acme/lib/1.0/lib-1.0.jar.sha1", sha1.as_bytes()),
        ("com/acme/lib/maven-metadata.xml", samples::MAVEN_METADATA.as_bytes()),
    ];
    let bundles =
        [samples::zip_of(&files, true), samples::zip_of(&files, false), samples::tar_gz(&files)];
    let unpack = |bytes: Vec<u8>| {
        let mut unpacked = Unpacked::default();
        Maven.unpack(&mut Cursor::new(bytes), &mut unpacked).map(|()| unpacked)
    };
    for bundle in &bundles {
        let unpacked = unpack(bundle.clone()).expect("a sample is accepted unspoiled");
        assert_eq!((unpacked.files.len(), unpacked.bytes), (2, samples::POM.len() + 2));
    }
    target!(1500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let bundle = script.pick(&bundles);
        let _ = unpack(script.spoil(bundle, words::ANY));
    });
}
