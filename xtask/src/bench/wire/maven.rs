//! Maven: the files of a repository, and a deploy as the sum of its uploads.

use sha1::Digest as _;

use crate::bench::data_set::Release;
use crate::bench::http::Request;

/// Whose artifacts all are.
pub(crate) const GROUP: &str = "example.bench";

fn folder(package: &str) -> String {
    format!("/{}/{package}", GROUP.replace('.', "/"))
}

pub(super) fn index(package: &str) -> (String, &'static str) {
    (format!("{}/maven-metadata.xml", folder(package)), "*/*")
}

/// Where a file is follows from its name.
pub(super) fn artifact(prefix: &str, release: &Release) -> String {
    let Release { package, version, filename, .. } = release;
    format!("{prefix}{}/{version}/{filename}", folder(package))
}

/// Pom and jar with a digest beside each, and the document that ends a deploy.
pub(super) fn publish(prefix: &str, release: &Release) -> Vec<Request> {
    let Release { package, version, archive, .. } = release;
    let folder = format!("{prefix}{}", folder(package));
    let put = |path: String, body: Vec<u8>| {
        Request::with_body("PUT", path, "application/octet-stream", body)
    };
    let mut requests = Vec::new();
    for (ending, bytes) in [("pom", pom(release).into_bytes()), ("jar", archive.clone())] {
        let file = format!("{folder}/{version}/{package}-{version}.{ending}");
        let digest = hex::encode(sha1::Sha1::digest(&bytes));
        requests.push(put(file.clone(), bytes));
        requests.push(put(format!("{file}.sha1"), digest.into_bytes()));
    }
    let metadata = format!(
        "<metadata><groupId>{GROUP}</groupId><artifactId>{package}</artifactId><versioning>\
         <release>{version}</release><versions><version>{version}</version></versions>\
         </versioning></metadata>\n"
    );
    requests.push(put(format!("{folder}/maven-metadata.xml"), metadata.into_bytes()));
    requests
}

fn pom(release: &Release) -> String {
    let Release { package, version, dependencies, .. } = release;
    let dependencies: String = dependencies
        .iter()
        .map(|name| {
            format!(
                "<dependency><groupId>{GROUP}</groupId><artifactId>{name}</artifactId>\
                 <version>1.0.0</version></dependency>"
            )
        })
        .collect();
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>{GROUP}</groupId>\
         <artifactId>{package}</artifactId><version>{version}</version>\
         <description>benchmark data</description>\
         <dependencies>{dependencies}</dependencies></project>\n"
    )
}
