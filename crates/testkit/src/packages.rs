//! Small packages of each ecosystem, built in memory.

use std::io::{Cursor, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// A gzip-compressed tar of these files.
pub fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(encoder);
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A zip of these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*path, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A [`zip`](fn@zip) with a symbolic link besides, as `(path, target)`.
pub fn zip_with_symlink(files: &[(&str, &[u8])], link: (&str, &str)) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new_append(Cursor::new(zip(files))).unwrap();
    zip.add_symlink(link.0, link.1, zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Lower-case hexadecimal SHA-1.
pub fn sha1_hex(bytes: &[u8]) -> String {
    hex::encode(Sha1::digest(bytes))
}

/// A `.crate` file.
pub fn krate(name: &str, version: &str) -> Vec<u8> {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n\
         description = \"A test crate\"\nlicense = \"MIT\"\n"
    );
    tar_gz(&[
        (&format!("{name}-{version}/Cargo.toml"), manifest.as_bytes()),
        (&format!("{name}-{version}/src/lib.rs"), b"pub fn answer() -> u32 { 42 }\n"),
    ])
}

/// The body of `cargo publish` for [`krate`].
pub fn krate_publish_body(name: &str, version: &str) -> Vec<u8> {
    krate_publish_body_of(name, version, &krate(name, version))
}

/// The body of `cargo publish` for any bytes.
pub fn krate_publish_body_of(name: &str, version: &str, archive: &[u8]) -> Vec<u8> {
    let metadata = serde_json::json!({
        "name": name, "vers": version, "deps": [], "features": {}, "authors": [],
        "description": "A test crate", "documentation": null, "homepage": null, "readme": null,
        "readme_file": null, "keywords": [], "categories": [], "license": "MIT",
        "license_file": null, "repository": null, "badges": {}, "links": null,
    });
    let metadata = serde_json::to_vec(&metadata).unwrap();
    let mut body = u32::try_from(metadata.len()).unwrap().to_le_bytes().to_vec();
    body.extend_from_slice(&metadata);
    body.extend_from_slice(&u32::try_from(archive.len()).unwrap().to_le_bytes());
    body.extend_from_slice(archive);
    body
}

/// An npm tarball.
pub fn npm_tarball(name: &str, version: &str) -> Vec<u8> {
    let manifest = serde_json::json!({
        "name": name, "version": version, "description": "A test package", "main": "index.js",
        "license": "MIT",
    });
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap();
    tar_gz(&[("package/package.json", &manifest), ("package/index.js", b"module.exports = 42;\n")])
}

/// The body of `npm publish` for [`npm_tarball`].
pub fn npm_publish_body(name: &str, version: &str) -> Vec<u8> {
    npm_publish_body_of(name, version, &npm_tarball(name, version))
}

/// The body of `npm publish` for any bytes.
pub fn npm_publish_body_of(name: &str, version: &str, tarball: &[u8]) -> Vec<u8> {
    let unscoped = name.rsplit('/').next().unwrap();
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(tarball)));
    let shasum = hex::encode(Sha1::digest(tarball));
    let document = serde_json::json!({
        "_id": name, "name": name, "description": "A test package",
        "dist-tags": { "latest": version },
        "versions": { version: {
            "name": name, "version": version, "description": "A test package",
            "main": "index.js", "license": "MIT", "_id": format!("{name}@{version}"),
            "dist": {
                "integrity": integrity, "shasum": shasum,
                "tarball": format!("http://127.0.0.1/{name}/-/{unscoped}-{version}.tgz"),
            },
        } },
        "access": null,
        "_attachments": { format!("{name}-{version}.tgz"): {
            "content_type": "application/octet-stream",
            "data": STANDARD.encode(tarball),
            "length": tarball.len(),
        } },
    });
    serde_json::to_vec(&document).unwrap()
}

/// A pure-Python wheel; `name` in normalized form with underscores.
pub fn wheel(name: &str, version: &str) -> Vec<u8> {
    wheel_with(name, version, "")
}

/// Core metadata of a Python project, with further lines such as `Requires-Dist: other>=1`.
pub fn core_metadata(name: &str, version: &str, more: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A test project\n{more}"
    )
}

/// A [`wheel`] with further lines of metadata.
pub fn wheel_with(name: &str, version: &str, more: &str) -> Vec<u8> {
    let dist_info = format!("{name}-{version}.dist-info");
    let metadata = core_metadata(name, version, more);
    let wheel =
        "Wheel-Version: 1.0\nGenerator: testkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let module = "ANSWER = 42\n";
    let encode = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let record = |path: &str, bytes: &str| {
        let digest = encode.encode(Sha256::digest(bytes.as_bytes()));
        format!("{path},sha256={digest},{}\n", bytes.len())
    };
    let record = format!(
        "{}{}{}{dist_info}/RECORD,,\n",
        record(&format!("{name}/__init__.py"), module),
        record(&format!("{dist_info}/METADATA"), &metadata),
        record(&format!("{dist_info}/WHEEL"), wheel),
    );
    zip(&[
        (&format!("{name}/__init__.py"), module.as_bytes()),
        (&format!("{dist_info}/METADATA"), metadata.as_bytes()),
        (&format!("{dist_info}/WHEEL"), wheel.as_bytes()),
        (&format!("{dist_info}/RECORD"), record.as_bytes()),
    ])
}

/// A source distribution that setuptools can build.
pub fn sdist(name: &str, version: &str) -> Vec<u8> {
    let top = format!("{name}-{version}");
    let metadata = core_metadata(name, version, "");
    let project = format!(
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
         [project]\nname = \"{name}\"\nversion = \"{version}\"\n\
         [tool.setuptools]\npy-modules = [\"{name}\"]\n"
    );
    tar_gz(&[
        (&format!("{top}/PKG-INFO"), metadata.as_bytes()),
        (&format!("{top}/pyproject.toml"), project.as_bytes()),
        (&format!("{top}/{name}.py"), b"ANSWER = 42\n"),
    ])
}

/// Content type and body of an upload to PyPI's legacy API.
pub fn pypi_upload(name: &str, version: &str, filename: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let is_wheel = filename.ends_with(".whl");
    let sha256 = sha256_hex(bytes);
    let fields = [
        (":action", "file_upload"),
        ("protocol_version", "1"),
        ("metadata_version", "2.1"),
        ("name", name),
        ("version", version),
        ("filetype", if is_wheel { "bdist_wheel" } else { "sdist" }),
        ("pyversion", if is_wheel { "py3" } else { "source" }),
        ("sha256_digest", sha256.as_str()),
    ];
    let boundary = "----vouchsafe-testkit";
    let mut body = Vec::new();
    for (field, value) in fields {
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; \
         filename=\"{filename}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// Lower-case hexadecimal digests of bytes: the endings of the files that a Maven client sends
/// beside a file, and what is in them.
pub fn maven_checksums(bytes: &[u8]) -> [(&'static str, String); 4] {
    [
        ("md5", hex::encode(md5::Md5::digest(bytes))),
        ("sha1", hex::encode(Sha1::digest(bytes))),
        ("sha256", sha256_hex(bytes)),
        ("sha512", hex::encode(Sha512::digest(bytes))),
    ]
}

/// A zip archive of a Composer package; `name` with its vendor.
pub fn composer_zip(name: &str, version: &str) -> Vec<u8> {
    let manifest = serde_json::json!({
        "name": name, "version": version, "description": "A test package", "license": "MIT",
        "autoload": { "psr-4": { "Test\\": "src/" } },
    });
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap();
    zip(&[
        ("composer.json", &manifest),
        ("src/Answer.php", b"<?php namespace Test; final class Answer { const IT = 42; }\n"),
    ])
}

/// A pom of a Maven package.
pub fn pom(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>{group}</groupId>\
         <artifactId>{artifact}</artifactId><version>{version}</version>\
         <description>A test package</description></project>\n"
    );
    pom.into_bytes()
}

/// A jar that goes with [`pom`].
pub fn jar(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let properties = format!("groupId={group}\nartifactId={artifact}\nversion={version}\n");
    zip(&[
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
        (&format!("META-INF/maven/{group}/{artifact}/pom.properties"), properties.as_bytes()),
    ])
}

/// The document with which a deploy of [`pom`] and [`jar`] ends.
pub fn maven_metadata(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let metadata = format!(
        "<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>\
         <release>{version}</release><versions><version>{version}</version></versions>\
         </versioning></metadata>\n"
    );
    metadata.into_bytes()
}
