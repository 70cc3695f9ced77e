//! What must hold of whatever a decoder accepted: it can be named, asked for, rendered and read
//! again.

use http::{HeaderValue, Method};
use serde::de::IgnoredAny;
use vouchsafe_adapter::{Decoded, Ecosystem};
use vouchsafe_domain::call::{Call, Inspected, PublishDraft};
use vouchsafe_domain::index::{
    ArtifactView, Document, DocumentKey, PackageView, ReleaseView, UpstreamIndex,
};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, PackageName, Timestamp, Version};

use crate::stage::Request;

/// A draft is about a package and version that parse to themselves, and has a file per file.
pub(crate) fn check_draft(adapter: &dyn Ecosystem, draft: &PublishDraft, files: &[Vec<u8>]) {
    assert_eq!(draft.files.len(), files.len(), "{draft:?}");
    check_name(adapter, &draft.package);
    check_version(adapter, &draft.version);
    assert!(is_json(&draft.metadata), "the draft carries no JSON: {draft:?}");
    for file in &draft.files {
        check_file_address(adapter, &draft.package, &draft.version, file.filename.as_str());
    }
}

/// What was read out of the archives can be served: by every document, at every address.
pub(crate) fn check_inspected(
    adapter: &dyn Ecosystem,
    draft: &PublishDraft,
    files: &[Vec<u8>],
    inspected: Inspected,
) {
    assert_eq!(inspected.file_extras.len(), files.len());
    let artifact = |filename: &vouchsafe_domain::Filename, bytes: &[u8], extras: Option<String>| {
        ArtifactView {
            filename: filename.clone(),
            size_bytes: Some(bytes.len() as u64),
            digests: all_digests(),
            published_at: Some(Timestamp::from_secs(1_700_000_000)),
            upstream_url: None,
            extras: extras.map(Into::into),
        }
    };
    let mut artifacts = Vec::new();
    for ((file, bytes), extras) in draft.files.iter().zip(files).zip(inspected.file_extras) {
        artifacts.push(artifact(&file.filename, bytes, extras));
    }
    for derived in &inspected.derived {
        check_file_address(adapter, &draft.package, &draft.version, derived.filename.as_str());
        artifacts.push(artifact(&derived.filename, &derived.bytes, None));
    }
    let release = ReleaseView {
        version: draft.version.clone(),
        manifest: inspected.manifest.into(),
        artifacts,
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        yanked: None,
        deprecated: None,
    };
    let extras = inspected.package_extras.map(Into::into);
    let tags = draft.tags.iter().map(|tag| (tag.clone(), draft.version.display().to_owned()));
    let view = PackageView {
        tags: tags.collect(),
        extras,
        is_hosted: true,
        ..empty_view(adapter, draft.package.clone(), vec![release])
    };
    check_rendered(adapter, &view);
}

/// A document is legal HTTP, and JSON where it says so. Returns the documents with their keys.
pub(crate) fn check_rendered(
    adapter: &dyn Ecosystem,
    view: &PackageView,
) -> Vec<(DocumentKey, Document)> {
    let version = view.releases.first().map(|release| &release.version);
    let keys = document_keys(adapter, &view.name, version);
    keys.into_iter()
        .map(|key| {
            let document = adapter.render(view, &key);
            let document = document.unwrap_or_else(|| panic!("{key:?} is not there: {view:?}"));
            let text = std::str::from_utf8(&document.body).expect("a document is UTF-8");
            if document.content_type.contains("json") {
                assert!(is_json(text), "{key:?} is not JSON: {text}");
            } else if key.as_str() == "index" {
                for line in text.lines() {
                    assert!(
                        is_json(line) && line.starts_with('{'),
                        "not a line of an index: {line}"
                    );
                }
                assert_eq!(text.lines().count(), view.releases.len(), "{text}");
            }
            for (name, value) in &document.headers {
                assert!(HeaderValue::from_str(value).is_ok(), "{name}: {value:?}");
            }
            (key, document)
        })
        .collect()
}

/// Whether it follows JSON's grammar. Half a surrogate pair does, and upstreams may send one.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A canonical form is its own canonical form.
pub(crate) fn check_name(adapter: &dyn Ecosystem, name: &PackageName) {
    let again = adapter.parse_name(name.display()).expect("a display name parses");
    assert_eq!(again.canonical(), name.canonical());
    let again = adapter.parse_name(name.canonical()).expect("a canonical name parses");
    assert_eq!(again.canonical(), name.canonical());
    assert_eq!(again.collision_key(), name.collision_key());
}

/// A canonical form is its own canonical form.
pub(crate) fn check_version(adapter: &dyn Ecosystem, version: &Version) {
    let again = adapter.parse_version(version.display()).expect("a displayed version parses");
    assert_eq!(again.canonical(), version.canonical());
    let again = adapter.parse_version(version.canonical()).expect("a canonical version parses");
    assert_eq!(again.canonical(), version.canonical());
    assert_eq!(adapter.compare_versions(&again, version), std::cmp::Ordering::Equal);
}

/// A file can be asked for by its name.
fn check_file_address(
    adapter: &dyn Ecosystem,
    package: &PackageName,
    version: &Version,
    filename: &str,
) {
    let name = package.canonical();
    let place = adapter.upstream_index(package).path;
    let segments = match adapter.id().as_str() {
        "cargo" => vec!["api", "v1", "crates", name, version.display(), "download"],
        "npm" => vec![name, "-", filename],
        "composer" => ["dist"].into_iter().chain(name.split('/')).chain([filename]).collect(),
        "maven" => {
            let parts = place_segments(&place);
            parts.chain([version.canonical(), filename]).collect()
        }
        _ => vec!["files", name, filename],
    };
    let request = Request::new(adapter, &Method::GET, &segments);
    match adapter.decode(&request.as_wire()) {
        Ok(Decoded::Call(Call::ReadArtifact { package: asked, filename: found, .. })) => {
            assert_eq!(asked, *package);
            assert_eq!(found.as_str(), filename);
        }
        Ok(_) => panic!("{segments:?} is something else than a file"),
        Err(error) => panic!("{segments:?} cannot be asked for: {error}"),
    }
}

/// The folder that the index of a package lies in.
fn place_segments(place: &str) -> impl Iterator<Item = &str> {
    place.rsplit_once('/').map_or("", |(folder, _)| folder).split('/')
}

/// All documents of a package, as its clients ask for them.
fn document_keys(
    adapter: &dyn Ecosystem,
    package: &PackageName,
    version: Option<&Version>,
) -> Vec<DocumentKey> {
    let name = package.canonical();
    let get = |segments: &[&str]| Request::new(adapter, &Method::GET, segments);
    let place = adapter.upstream_index(package).path;
    let mut requests = match adapter.id().as_str() {
        "cargo" => {
            let segments: Vec<&str> = ["index"].into_iter().chain(place.split('/')).collect();
            vec![get(&segments)]
        }
        "npm" => {
            vec![get(&[name]), get(&[name]).header("accept", "application/vnd.npm.install-v1+json")]
        }
        "composer" => {
            let (vendor, short) = name.split_once('/').expect("a name has a vendor");
            let (tagged, moving) = (format!("{short}.json"), format!("{short}~dev.json"));
            vec![
                get(&["p2", vendor, &tagged]),
                get(&["p2", vendor, &moving]),
                get(&["packages", vendor, &tagged]),
            ]
        }
        "maven" => {
            let metadata: Vec<&str> = place.split('/').collect();
            let sha1 = format!("{place}.sha1");
            let folder: Vec<&str> = place_segments(&place).collect();
            let sha1: Vec<&str> = sha1.split('/').collect();
            vec![get(&metadata), get(&sha1), get(&folder).with_slash()]
        }
        "golang" => vec![get(&place.split('/').collect::<Vec<_>>())],
        _ => vec![
            get(&["simple", name]).with_slash().header("accept", "text/html"),
            get(&["simple", name])
                .with_slash()
                .header("accept", "application/vnd.pypi.simple.v1+json"),
        ],
    };
    match (adapter.id().as_str(), version) {
        ("npm", Some(version)) => requests.push(get(&[name, version.display()])),
        ("golang", Some(version)) => {
            let place = adapter.upstream_release(package, version).expect("asked one by one").path;
            requests.push(get(&place.split('/').collect::<Vec<_>>()));
        }
        ("pypi", Some(version)) => {
            requests.push(get(&[name, "json"]));
            requests.push(get(&[name, version.canonical(), "json"]));
        }
        _ => {}
    }
    requests
        .iter()
        .map(|request| match adapter.decode(&request.as_wire()) {
            Ok(Decoded::Call(Call::ReadDocument { package: asked, document })) => {
                assert_eq!(asked, *package);
                document
            }
            Ok(_) => panic!("{request:?} asks for something else than a document"),
            Err(error) => panic!("{request:?} cannot be asked: {error}"),
        })
        .collect()
}

/// The view that a proxy would serve of this index.
pub(crate) fn proxied(adapter: &dyn Ecosystem, index: UpstreamIndex) -> PackageView {
    let UpstreamIndex { name, mut releases, mut tags, extras, created_at, modified_at } = index;
    releases.sort_by(|left, right| adapter.compare_versions(&left.version, &right.version));
    tags.retain(|_, tagged| releases.iter().any(|release| release.version.display() == tagged));
    PackageView {
        tags,
        extras,
        members: Vec::new(),
        created_at,
        modified_at: modified_at.unwrap_or(Timestamp::from_secs(1_700_000_000)),
        ..empty_view(adapter, name, releases)
    }
}

fn empty_view(
    adapter: &dyn Ecosystem,
    name: PackageName,
    releases: Vec<ReleaseView>,
) -> PackageView {
    PackageView {
        name,
        base_url: format!("https://registry.example/{}", adapter.id()).into(),
        releases,
        withheld: Vec::new(),
        tags: Default::default(),
        owners: Vec::new(),
        extras: None,
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_700_000_000),
        revision: 1,
        is_hosted: false,
    }
}

/// Digests as the server would have computed them; their value does not matter here.
fn all_digests() -> Digests {
    let algorithms = [
        DigestAlgorithm::Md5,
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Blake2b256,
    ];
    let digest = |algorithm: DigestAlgorithm| {
        Digest::from_bytes(algorithm, &vec![7; algorithm.len_bytes()]).unwrap()
    };
    algorithms.into_iter().map(digest).collect()
}
