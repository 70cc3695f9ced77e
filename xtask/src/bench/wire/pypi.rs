//! PyPI: simple pages and the upload form that twine sends.

use anyhow::{Context as _, Result};
use sha2::Digest as _;

use super::Form;
use crate::bench::data_set::Release;
use crate::bench::http::Request;

/// Separates the fields of the form. It does not occur in the data, which is made from a seed.
const BOUNDARY: &str = "vouchsafe-bench-6f1c8d0b5a7e";

pub(super) fn index(package: &str, form: Form) -> (String, &'static str) {
    let accept = match form {
        Form::Full => "text/html",
        Form::Modern => "application/vnd.pypi.simple.v1+json",
    };
    (format!("/{package}/"), accept)
}

pub(super) fn artifact(page: &[u8], release: &Release) -> Result<String> {
    let page = String::from_utf8_lossy(page);
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .find(|link| link.contains(&release.filename))
        .map(str::to_owned)
        .with_context(|| format!("the page does not name {}", release.filename))
}

pub(super) fn publish(upload_path: &str, release: &Release) -> Request {
    let digest = hex::encode(sha2::Sha256::digest(&release.archive));
    let form = UploadForm::new(
        (&release.package, &release.version),
        &release.dependencies,
        &release.filename,
        &digest,
    );
    let mut body = form.before;
    body.extend(&release.archive);
    body.extend(form.after);
    Request::with_body("POST", upload_path, &form.content_type, body)
}

/// The upload form, without the file that stands in it.
#[derive(Debug)]
pub(crate) struct UploadForm {
    /// The `Content-Type` of the request.
    pub(crate) content_type: String,
    /// What stands before the file.
    pub(crate) before: Vec<u8>,
    /// What stands behind it.
    pub(crate) after: Vec<u8>,
}

impl UploadForm {
    /// * `release`: its package and version.
    /// * `sha256`: of the file, in hexadecimal.
    pub(crate) fn new(
        (package, version): (&str, &str),
        dependencies: &[String],
        filename: &str,
        sha256: &str,
    ) -> Self {
        let mut fields = vec![
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("metadata_version", "2.1"),
            ("name", package),
            ("version", version),
            ("summary", "benchmark data"),
            ("requires_python", ">=3.8"),
            ("filetype", "bdist_wheel"),
            ("pyversion", "py3"),
            ("sha256_digest", sha256),
        ];
        let requirements: Vec<String> =
            dependencies.iter().map(|name| format!("{name}>=1")).collect();
        fields
            .extend(requirements.iter().map(|requirement| ("requires_dist", requirement.as_str())));
        let mut before = String::new();
        for (name, value) in fields {
            before.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        before.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"content\"; \
             filename=\"{filename}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        ));
        Self {
            content_type: format!("multipart/form-data; boundary={BOUNDARY}"),
            before: before.into_bytes(),
            after: format!("\r\n--{BOUNDARY}--\r\n").into_bytes(),
        }
    }
}
