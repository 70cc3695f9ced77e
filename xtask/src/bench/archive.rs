//! The smallest archives that each ecosystem's servers accept, plus incompressible filling.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::random::Random;
use super::wire::Ecosystem;

/// Builds the one file of a release: its name and its bytes.
pub(crate) fn build(
    ecosystem: Ecosystem,
    package: &str,
    version: &str,
    dependencies: &Vec<String>,
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
        Ecosystem::Pypi => {
            let module = package.replace('-', "_");
            let info = format!("{module}-{version}.dist-info");
            let files = [
                (format!("{module}/__init__.py"), Vec::new()),
                (format!("{module}/filling.bin"), filling),
                (format!("{info}/METADATA"), metadata(package, version, dependencies).into_bytes()),
                (
                    format!("{info}/WHEEL"),
                    b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\n\
                      Tag: py3-none-any\n"
                        .to_vec(),
                ),
                (format!("{info}/RECORD"), Vec::new()),
            ];
            (format!("{module}-{version}-py3-none-any.whl"), zipped(&files))
        }
    }
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
