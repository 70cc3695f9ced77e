//! The smallest archives that each ecosystem's servers accept, plus incompressible filling.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::Digest as _;

use super::random::Random;
use super::wire::{Ecosystem, composer, maven};

/// Builds the one file of a release: its name and its bytes.
pub(crate) fn build(
    ecosystem: Ecosystem,
    package: &str,
    version: &str,
    dependencies: &[String],
    filling_bytes: usize,
) -> (String, Vec<u8>) {
    let filling = Random::seeded(&format!("{package}@{version}")).bytes(filling_bytes);
    match ecosystem {
        Ecosystem::Npm => {
            let manifest = serde_json::json!({
                "name": package,
                "version": version,
                "description": "benchmark data",
                "license": "MIT",
                "dependencies": dependency_ranges(dependencies),
            });
            let files = [
                ("package/package.json".to_owned(), manifest.to_string().into_bytes()),
                ("package/filling.bin".to_owned(), filling),
            ];
            (format!("{package}-{version}.tgz"), tar_gz(&files))
        }
        Ecosystem::Cargo => {
            let mut manifest = format!(
                "[package]\nname = \"{package}\"\nversion = \"{version}\"\nedition = \"2021\"\n\
                 description = \"benchmark data\"\nlicense = \"MIT\"\n\n[dependencies]\n"
            );
            for name in dependencies {
                manifest.push_str(&format!("{name} = \"1\"\n"));
            }
            let root = format!("{package}-{version}");
            let files = [
                (format!("{root}/Cargo.toml"), manifest.into_bytes()),
                (format!("{root}/src/lib.rs"), Vec::new()),
                (format!("{root}/filling.bin"), filling),
            ];
            (format!("{root}.crate"), tar_gz(&files))
        }
        Ecosystem::Composer => {
            let require = dependencies
                .iter()
                .map(|name| (format!("{}/{name}", composer::VENDOR), serde_json::json!("^1.0")));
            let manifest = serde_json::json!({
                "name": format!("{}/{package}", composer::VENDOR),
                "version": version,
                "description": "benchmark data",
                "license": "MIT",
                "require": serde_json::Value::Object(require.collect()),
            });
            let files = [
                ("composer.json".to_owned(), manifest.to_string().into_bytes()),
                ("filling.bin".to_owned(), filling),
            ];
            (format!("{}-{package}-{version}.zip", composer::VENDOR), zipped(&files))
        }
        Ecosystem::Maven => {
            let about =
                format!("groupId={}\nartifactId={package}\nversion={version}\n", maven::GROUP);
            let folder = format!("META-INF/maven/{}/{package}", maven::GROUP);
            let files = [
                ("META-INF/MANIFEST.MF".to_owned(), b"Manifest-Version: 1.0\r\n\r\n".to_vec()),
                (format!("{folder}/pom.properties"), about.into_bytes()),
                ("filling.bin".to_owned(), filling),
            ];
            (format!("{package}-{version}.jar"), zipped(&files))
        }
        Ecosystem::Pypi => {
            let mut files = wheel_files(package, version, dependencies, filling);
            let record: String =
                files.iter().map(|(path, bytes)| record_line(path, bytes)).collect();
            files.push(record_file(package, version, &record));
            (format!("{}-{version}-py3-none-any.whl", package.replace('-', "_")), zipped(&files))
        }
    }
}

/// The files of a wheel, without `RECORD`.
pub(crate) fn wheel_files(
    package: &str,
    version: &str,
    dependencies: &[String],
    filling: Vec<u8>,
) -> Vec<(String, Vec<u8>)> {
    let module = package.replace('-', "_");
    let info = format!("{module}-{version}.dist-info");
    let about = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    vec![
        (format!("{module}/__init__.py"), Vec::new()),
        (format!("{module}/filling.bin"), filling),
        (format!("{info}/METADATA"), metadata(package, version, dependencies).into_bytes()),
        (format!("{info}/WHEEL"), about.as_bytes().to_vec()),
    ]
}

/// The line of `RECORD` about a file.
pub(crate) fn record_line(path: &str, bytes: &[u8]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(bytes));
    format!("{path},sha256={digest},{}\n", bytes.len())
}

/// `RECORD` itself.
pub(crate) fn record_file(package: &str, version: &str, lines: &str) -> (String, Vec<u8>) {
    let path = format!("{}-{version}.dist-info/RECORD", package.replace('-', "_"));
    let record = format!("{lines}{path},,\n");
    (path, record.into_bytes())
}

/// Dependencies as npm writes them.
pub(crate) fn dependency_ranges(dependencies: &[String]) -> serde_json::Value {
    let ranges = dependencies.iter().map(|name| (name.clone(), serde_json::json!("^1.0.0")));
    serde_json::Value::Object(ranges.collect())
}

fn metadata(package: &str, version: &str, dependencies: &[String]) -> String {
    let mut text = format!(
        "Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nSummary: benchmark data\n\
         Requires-Python: >=3.8\n"
    );
    for name in dependencies {
        text.push_str(&format!("Requires-Dist: {name}>=1\n"));
    }
    text
}

/// Writing to memory fails only when memory ends, which ends the program anyway; the fallback is
/// an empty archive, which every server refuses loudly.
fn tar_gz(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        if builder.append_data(&mut header, path, bytes.as_slice()).is_err() {
            return Vec::new();
        }
    }
    builder.into_inner().and_then(GzEncoder::finish).unwrap_or_default()
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (path, bytes) in files {
        if writer.start_file(path.as_str(), options).is_err() || writer.write_all(bytes).is_err() {
            return Vec::new();
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}
