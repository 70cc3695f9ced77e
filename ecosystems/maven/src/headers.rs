//! Headers of downloads.

use vouchsafe_domain::{DigestAlgorithm, Digests, Filename};

/// The type of a file, and its digests: clients that find one here do not ask for the file beside.
pub(crate) fn of_artifact(
    filename: &Filename,
    digests: &Digests,
) -> (&'static str, Vec<(&'static str, String)>) {
    let known = [
        (DigestAlgorithm::Md5, "x-checksum-md5"),
        (DigestAlgorithm::Sha1, "x-checksum-sha1"),
        (DigestAlgorithm::Sha256, "x-checksum-sha256"),
        (DigestAlgorithm::Sha512, "x-checksum-sha512"),
    ];
    let headers = known.into_iter().filter_map(|(algorithm, header)| {
        digests.get(algorithm).map(|digest| (header, digest.to_hex()))
    });
    let mut headers: Vec<_> = headers.collect();
    let content_type = content_type(filename.as_str());
    if content_type == XML {
        // A browser would run scripts of an XHTML element inside.
        headers.push(("content-security-policy", "default-src 'none'; sandbox".to_owned()));
    }
    (content_type, headers)
}

/// Without a character set: poms state their own.
const XML: &str = "text/xml";

fn content_type(filename: &str) -> &'static str {
    match filename.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "jar" | "war" | "ear" | "aar" => "application/java-archive",
        "pom" | "xml" => XML,
        "module" | "json" => "application/json",
        "asc" => "text/plain; charset=utf-8",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        _ => "application/octet-stream",
    }
}
