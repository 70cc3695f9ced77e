//! Valid samples: what clients really send, and what upstreams really answer.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256, Sha512};
use zip::write::SimpleFileOptions;

/// A file of an archive.
pub(crate) type Entry<'a> = (&'a str, &'a [u8]);

/// What `cargo publish` says beside the archive of [`CRATE_MANIFEST`].
pub(crate) const CRATE_METADATA: &str = r#"{"name":"Demo-Crate","vers":"0.1.0-rc.1+b5","deps":[{"optional":false,"default_features":true,"name":"dep-b","features":[],"version_req":">=1, <2","target":null,"kind":"normal","explicit_name_in_toml":"_alias"},{"optional":true,"default_features":false,"name":"dep-a","features":["x"],"version_req":"^1.2","target":null,"kind":"normal"},{"optional":true,"default_features":true,"name":"winonly","features":[],"version_req":"~1.2.3","target":"cfg(any(windows, target_os = \"macos\"))","kind":"normal"}],"features":{"default":["fast"],"fast":["dep:dep-a"],"weak":["dep-a?/x"]},"authors":[],"description":"x","keywords":["a"],"categories":[],"license":"MIT","badges":{},"links":"demo","rust_version":"1.70"}"#;

/// As `cargo package` normalizes a manifest.
pub(crate) const CRATE_MANIFEST: &str = r#"[package]
edition = "2021"
rust-version = "1.70"
name = "Demo-Crate"
version = "0.1.0-rc.1+b5"
links = "demo"
description = "Shows\n  much."
keywords = ["a"]
license = "MIT"

[features]
default = ["fast"]
fast = ["dep:dep-a"]
weak = ["dep-a?/x"]

[dependencies._alias]
version = ">=1, <2"
registry-index = "sparse+https://registry.example/cargo/index/"
package = "dep-b"

[dependencies.dep-a]
version = "1.2"
registry-index = "sparse+https://registry.example/cargo/index/"
features = ["x"]
optional = true
default-features = false

[target.'cfg(any(windows, target_os = "macos"))'.dependencies.winonly]
version = "~1.2.3"
registry-index = "sparse+https://registry.example/cargo/index/"
optional = true
"#;

/// `package.json` of `@acme/left-pad`.
pub(crate) const PACKAGE_JSON: &str = r#"{"name":"@acme/left-pad","version":"1.0.0","description":"Pads.","keywords":["pad","left"],"license":"MIT","bin":{"pad":"./pad.js"},"dependencies":{"a":"^1.0.0"},"optionalDependencies":{"b":"~1"},"peerDependencies":{"c":">=1 <3"},"engines":{"node":">=18"},"os":["linux"],"scripts":{"postinstall":"node x"},"repository":{"type":"git","url":"https://git.example/acme/left-pad"},"deprecated":"old"}"#;

/// Core metadata of `Foo.Bar`.
pub(crate) const CORE_METADATA: &str = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nSummary: A thing\nKeywords: one, two\nAuthor: Ann\nClassifier: A :: B\nProject-URL: Home, https://foo.example\nRequires-Python: >=3.9\nRequires-Dist: a>=1\nRequires-Dist: b; extra == 'x'\nProvides-Extra: x\nDescription-Content-Type: text/markdown\n\n# Foo\n\ntext\n";

/// Three lines of a sparse index.
pub(crate) const CRATE_LINES: &str = r#"{"name":"Serde","vers":"1.0.0","deps":[{"name":"a","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal","registry":null,"package":null}],"cksum":"1111111111111111111111111111111111111111111111111111111111111111","features":{"f":[]},"yanked":false}
{"name":"Serde","vers":"1.1.0-rc.1+b","deps":[],"cksum":"2222222222222222222222222222222222222222222222222222222222222222","features":{},"features2":{"g":["dep:a"]},"v":2,"yanked":true,"links":"x","rust_version":"1.70","pubtime":"2024-01-02T03:04:05Z"}
{"name":"Serde","vers":"1.1.0","deps":[],"cksum":"3333333333333333333333333333333333333333333333333333333333333333","features":{},"yanked":null}
"#;

/// An upstream's `config.json`.
pub(crate) const CRATE_SETTINGS: &str =
    r#"{"dl":"https://upstream.example/dl/{crate}/{version}","api":"https://upstream.example"}"#;

/// A packument of two versions.
pub(crate) const PACKUMENT: &str = r#"{"_id":"@acme/left-pad","_rev":"7-x","name":"@acme/left-pad","description":"Pads.","dist-tags":{"latest":"1.0.0","next":"2.0.0-rc.1"},"versions":{"1.0.0":{"name":"@acme/left-pad","version":"1.0.0","dependencies":{"a":"^1"},"deprecated":"old","hasInstallScript":true,"dist":{"shasum":"1111111111111111111111111111111111111111","integrity":"sha512-MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMQ==","tarball":"https://upstream.example/@acme/left-pad/-/left-pad-1.0.0.tgz","fileCount":2,"unpackedSize":9,"signatures":[{"keyid":"k","sig":"s"}]},"_npmUser":{"name":"ann"}},"2.0.0-rc.1":{"name":"@acme/left-pad","version":"2.0.0-rc.1","bin":{"x":"x.js"},"dist":{"shasum":"2222222222222222222222222222222222222222","tarball":"left-pad-2.tgz"}}},"time":{"created":"2020-01-02T03:04:05.678Z","modified":"2021-01-02T03:04:05.678Z","1.0.0":"2020-01-02T03:04:05.678Z","2.0.0-rc.1":"2021-01-02T03:04:05.678Z"},"maintainers":[{"name":"ann","email":"ann@registry.example"}],"readme":"text","license":"MIT","keywords":["pad"]}"#;

/// A project page in JSON.
pub(crate) const SIMPLE_JSON: &str = r#"{"meta":{"api-version":"1.1","_last-serial":7},"name":"foo-bar","project-status":{"status":"archived","reason":"old"},"versions":["1.0","1.1"],"files":[{"filename":"foo_bar-1.0-py3-none-any.whl","url":"https://upstream.example/f/foo_bar-1.0-py3-none-any.whl","hashes":{"sha256":"1111111111111111111111111111111111111111111111111111111111111111"},"requires-python":">=3.8","core-metadata":{"sha256":"2222222222222222222222222222222222222222222222222222222222222222"},"size":9,"upload-time":"2024-01-02T03:04:05.678901Z","yanked":false},{"filename":"Foo.Bar-1.1.tar.gz","url":"../f/Foo.Bar-1.1.tar.gz","hashes":{},"yanked":"broken"},{"filename":"foo_bar-1.1-1-cp312-abi3-manylinux_2_17_x86_64.whl","url":"x.whl","hashes":{"md5":"11111111111111111111111111111111"},"dist-info-metadata":true,"yanked":true}]}"#;

/// The same project's page in HTML.
pub(crate) const SIMPLE_HTML: &str = r#"<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"><meta name="pypi:project-status" content="archived"><base href="/f/"><title>foo-bar</title></head><body><h1>foo-bar</h1>
<a href="foo_bar-1.0-py3-none-any.whl#sha256=1111111111111111111111111111111111111111111111111111111111111111" data-requires-python="&gt;=3.8" data-core-metadata="sha256=2222222222222222222222222222222222222222222222222222222222222222">foo_bar-1.0-py3-none-any.whl</a><br/>
<A HREF='https://upstream.example/g/Foo.Bar-1.1.tar.gz' data-yanked="broken &quot;x&quot;">Foo.Bar-1.1.tar.gz</A><!-- <a href=no> -->
<a href=foo_bar-1.2%2Bcpu-1-cp312-abi3-manylinux_2_17_x86_64.whl data-dist-info-metadata=true data-yanked>x</a></body></html>"#;

/// `composer.json` of `acme/tool`.
pub(crate) const COMPOSER_JSON: &str = r#"{"name":"acme/tool","version":"1.2.0","type":"library","description":"A\n tool.","keywords":["a"],"homepage":"https://tool.example","license":["MIT"],"authors":[{"name":"Ann"}],"require":{"php":"^8.1 || ~7.4.0","acme/base":">=1.0 <2.0, !=1.5 | dev-main as 1.9.x-dev"},"require-dev":[],"conflict":{"acme/old":"*"},"replace":{"acme/part":"self.version"},"autoload":{"psr-4":{"Acme\\Tool\\":"src/"},"files":["f.php"]},"bin":["bin/tool"],"extra":{},"abandoned":"acme/new","source":{"type":"git","url":"https://git.example/x"}}"#;

/// A short (minified) list of versions.
pub(crate) const P2: &str = r#"{"minified":"composer/2.0","packages":{"acme/tool":[{"name":"acme/tool","version":"2.0.0","version_normalized":"2.0.0.0","description":"A tool.","license":["MIT"],"source":{"type":"git","url":"https://git.example/x","reference":"abc"},"dist":{"type":"zip","url":"https://upstream.example/d/2.zip","reference":"1111111111111111111111111111111111111111","shasum":""},"time":"2024-01-02T03:04:05+00:00","require":{"php":">=8"}},{"version":"1.1.0-RC1","version_normalized":"1.1.0.0-RC1","dist":{"type":"tar","url":"../d/1.1.tar","reference":"2222222222222222222222222222222222222222","shasum":"3333333333333333333333333333333333333333"},"require":"__unset","abandoned":"acme/new","published-time":"2024-02-02T03:04:05+00:00"},{"version":"dev-main","version_normalized":"dev-main","dist":{"type":"zip","url":"https://upstream.example/d/m.zip","reference":null,"shasum":"4444444444444444444444444444444444444444"},"abandoned":"__unset"},{"version":"1.0.0","version_normalized":"1.0.0.0","type":"metapackage","dist":"__unset"}]},"security-advisories":[]}"#;

/// An upstream's `packages.json`.
pub(crate) const COMPOSER_ROOT: &str = r#"{"packages":[],"metadata-url":"/p2/%package%.json","available-packages":["acme/tool"],"notify-batch":"https://upstream.example/downloads/"}"#;

/// The pom of `com.acme:lib`.
pub(crate) const POM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<parent><groupId>com.acme</groupId><artifactId>parent</artifactId><version>1.0</version></parent>
<artifactId>lib</artifactId><version>1.0</version><packaging>jar</packaging><name>Lib</name>
<description>Some &amp; more.</description><url>https://lib.example</url>
<licenses><license><name>MIT</name><url>https://mit.example</url></license></licenses>
<developers><developer><id>ann</id></developer></developers><scm><url>https://git.example/lib</url></scm>
<properties><x>1</x></properties>
<dependencies><dependency><groupId>org.base</groupId><artifactId>base</artifactId><version>${x}</version><scope>test</scope></dependency></dependencies>
</project>
"#;

/// The document of a package's versions.
pub(crate) const MAVEN_METADATA: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<metadata modelVersion="1.1.0"><groupId>com.acme</groupId><artifactId>lib</artifactId><versioning>
<latest>1.1-SNAPSHOT</latest><release>1.0</release><versions><version>0.9-alpha-1</version><version>1.0</version>
<version>1.0.1</version><version>1.1-SNAPSHOT</version></versions><lastUpdated>20240102030405</lastUpdated></versioning>
<plugins><plugin><name>Lib</name><prefix>lib</prefix><artifactId>lib-maven-plugin</artifactId></plugin></plugins></metadata>
"#;

/// The document of a snapshot's builds.
pub(crate) const SNAPSHOT_METADATA: &str = r#"<metadata><groupId>com.acme</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning>
<snapshot><timestamp>20240102.030405</timestamp><buildNumber>7</buildNumber></snapshot><lastUpdated>20240102030405</lastUpdated>
<snapshotVersions><snapshotVersion><extension>pom</extension><value>1.1-20240102.030405-7</value><updated>20240102030405</updated></snapshotVersion>
<snapshotVersion><classifier>sources</classifier><extension>jar</extension><value>1.1-20240102.030405-7</value></snapshotVersion></snapshotVersions></versioning></metadata>
"#;

/// What Gradle reads instead of [`POM`].
pub(crate) const GRADLE_MODULE: &str = r#"{"formatVersion":"1.1","component":{"group":"com.acme","module":"lib","version":"1.0","attributes":{"org.gradle.status":"release"}},"createdBy":{"gradle":{"version":"8.0"}},"variants":[{"name":"apiElements","attributes":{},"dependencies":[{"group":"org.base","module":"base","version":{"requires":"1"}}],"files":[{"name":"lib-1.0.jar","url":"lib-1.0.jar"}]},{"name":"other","available-at":{"url":"../../lib-jvm/1.0/lib-jvm-1.0.module","group":"com.acme","module":"lib-jvm","version":"1.0"}}]}"#;

/// Versions of a Go module, and one that is no list of a canonical version.
pub(crate) const GO_LIST: &str = "v1.0.0\nv1.1.0-RC.1 2024-01-02T03:04:05Z\nv2.0.0+incompatible\nv0.0.0-20240102030405-0123456789ab\nlatest\n";

/// One version of it.
pub(crate) const GO_INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z","Origin":{"VCS":"git","Hash":"0123456789ab"}}"#;

/// A Composer archive with this `composer.json`, in the only directory.
pub(crate) fn composer_archive(composer_json: &str) -> Vec<u8> {
    zip_of(
        &[("tool/composer.json", composer_json.as_bytes()), ("tool/src/Tool.php", b"<?php\n")],
        true,
    )
}

/// A jar with this pom packed into it.
pub(crate) fn jar(pom: &str) -> Vec<u8> {
    zip_of(
        &[
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n"),
            ("META-INF/maven/com.acme/lib/pom.xml", pom.as_bytes()),
            (
                "META-INF/maven/com.acme/lib/pom.properties",
                b"groupId=com.acme\nartifactId=lib\nversion=1.0\n",
            ),
            ("META-INF/maven/plugin.xml", b"<plugin><goalPrefix>lib</goalPrefix></plugin>"),
        ],
        true,
    )
}

/// The body of `cargo publish`.
pub(crate) fn crate_body(metadata: &[u8], archive: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [&length(metadata)[..], metadata, &length(archive), archive].concat()
}

/// A `.crate` with this manifest.
pub(crate) fn crate_file(manifest: &str) -> Vec<u8> {
    let root = "Demo-Crate-0.1.0-rc.1+b5";
    tar_gz(&[
        (&format!("{root}/Cargo.toml"), manifest.as_bytes()),
        (&format!("{root}/src/lib.rs"), b"//! Nothing.\n"),
    ])
}

/// The body of `npm publish` for a tarball of `@acme/left-pad`.
pub(crate) fn npm_body(manifest: &str, tarball: &[u8]) -> String {
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(tarball)));
    let (data, length) = (STANDARD.encode(tarball), tarball.len());
    let mut version: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    if let Some(version) = version.as_object_mut() {
        let tarball = "http://127.0.0.1/@acme/left-pad/-/@acme/left-pad-1.0.0.tgz";
        let dist = serde_json::json!({ "integrity": integrity, "tarball": tarball });
        version.insert("dist".to_owned(), dist);
    }
    serde_json::json!({
        "_id": "@acme/left-pad", "name": "@acme/left-pad", "description": "Pads.",
        "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": version }, "access": null,
        "_attachments": { "@acme/left-pad-1.0.0.tgz": {
            "content_type": "application/octet-stream", "data": data, "length": length,
        } },
    })
    .to_string()
}

/// An npm tarball with this `package.json`.
pub(crate) fn npm_tarball(package_json: &str) -> Vec<u8> {
    tar_gz(&[
        ("package/package.json", package_json.as_bytes()),
        ("package/README.md", b"# Pads\n"),
        ("package/index.js", b"module.exports = 1;\n"),
    ])
}

/// A wheel with this metadata and a true `RECORD`.
pub(crate) fn wheel(metadata: &str) -> Vec<u8> {
    let about = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let files = [
        ("foo_bar/__init__.py", "x = 1\n"),
        ("foo_bar-1.0.dist-info/METADATA", metadata),
        ("foo_bar-1.0.dist-info/WHEEL", about),
    ];
    let lines = files.iter().map(|(path, text)| {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
        format!("{path},sha256={hash},{}\n", text.len())
    });
    let record: String = lines.chain(["foo_bar-1.0.dist-info/RECORD,,\n".to_owned()]).collect();
    let record = ("foo_bar-1.0.dist-info/RECORD", record.as_str());
    let entries: Vec<Entry<'_>> =
        files.iter().chain([&record]).map(|(path, text)| (*path, text.as_bytes())).collect();
    zip_of(&entries, true)
}

/// A source distribution with this metadata.
pub(crate) fn sdist(metadata: &str) -> Vec<u8> {
    tar_gz(&[
        ("foo_bar-1.0/PKG-INFO", metadata.as_bytes()),
        ("foo_bar-1.0/pyproject.toml", b"[build-system]\nrequires = []\n"),
        ("foo_bar-1.0/foo_bar/__init__.py", b""),
    ])
}

/// A tar archive of these files, not compressed, with a long name in front.
pub(crate) fn tar_of(files: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn tar_gz(files: &[Entry<'_>]) -> Vec<u8> {
    gzip(&tar_of(files))
}

/// A zip archive of these files.
pub(crate) fn zip_of(files: &[Entry<'_>], is_deflated: bool) -> Vec<u8> {
    let method = match is_deflated {
        true => zip::CompressionMethod::Deflated,
        false => zip::CompressionMethod::Stored,
    };
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*path, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
