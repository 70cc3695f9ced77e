//! A registry in small: the adapter's answers over HTTP on loopback.

use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use vouchsafe_adapter::{Decoded, Ecosystem as _, WireResponse};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::index::{DocumentKey, PackageView};
use vouchsafe_domain::{ErrorCode, PackageName, Refusal, RefusalKind, Version};
use vouchsafe_ecosystem_golang::Golang;

use crate::fixtures::{Request, version};

/// A module, and what its branches stand for.
pub(super) struct Module {
    pub(super) view: PackageView,
    pub(super) branches: Vec<(&'static str, &'static str)>,
}

/// A server that lives as long as the test process.
pub(super) struct Proxy {
    pub(super) base_url: String,
}

impl Proxy {
    pub(super) fn start(modules: Vec<Module>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let modules = Arc::new(modules);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let modules = Arc::clone(&modules);
                std::thread::spawn(move || serve(&modules, stream));
            }
        });
        Self { base_url }
    }
}

/// One request per connection. A client that goes away is not our failure.
fn serve(modules: &[Module], mut stream: TcpStream) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else { return };
    let request = Request::new("GET", path);
    let response = answer(modules, &request)
        .unwrap_or_else(|refusal| Golang.encode_refusal(&request.as_wire(), &refusal));
    let mut bytes = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status).into_bytes();
    for (name, value) in &response.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", response.body.len()).into_bytes());
    bytes.extend(response.body);
    let _ = stream.write_all(&bytes);
}

fn answer(modules: &[Module], request: &Request) -> Result<WireResponse, Refusal> {
    let Decoded::Call(call) = Golang.decode(&request.as_wire())? else { panic!("not a call") };
    match call {
        Call::ReadDocument { package, document } => read_document(modules, &package, &document),
        Call::ReadArtifact { package, version: Some(version), filename } => {
            find(modules, &package)?.check_served(&version)?;
            let is_zip = filename.as_str().ends_with(".zip");
            let body = if is_zip { zip_file(&package, &version) } else { go_mod(&package) };
            Ok(WireResponse { body, ..WireResponse::text(http::StatusCode::OK, "") })
        }
        other => panic!("{other:?}"),
    }
}

fn find<'a>(modules: &'a [Module], package: &PackageName) -> Result<&'a Module, Refusal> {
    let module = modules.iter().find(|module| module.view.name == *package);
    module.ok_or_else(|| Refusal::not_found(package))
}

fn withheld(reason: &str) -> Refusal {
    let mut refusal = Refusal::new(RefusalKind::Withheld, ErrorCode::PolicyCooldown, reason);
    refusal.docs_url = Some("https://registry.example/why".to_owned());
    refusal
}

impl Module {
    fn check_served(&self, version: &Version) -> Result<(), Refusal> {
        let held = self.view.withheld.iter().find(|held| held.release.version == *version);
        held.map_or(Ok(()), |held| Err(withheld(&held.reason)))
    }

    /// The version that a version or branch stands for.
    fn resolve(&self, asked: Version) -> Version {
        let branch = self.branches.iter().find(|(branch, _)| *branch == asked.display());
        branch.map_or(asked, |(_, stands_for)| version(stands_for))
    }
}

fn read_document(
    modules: &[Module],
    package: &PackageName,
    document: &DocumentKey,
) -> Result<WireResponse, Refusal> {
    let module = find(modules, package)?;
    let mut view = module.view.clone();
    if let Some(asked) = Golang.release_of(document) {
        let version = module.resolve(asked.clone());
        module.check_served(&version)?;
        view.releases.retain(|release| release.version == version);
        if view.releases.is_empty() {
            return Err(Refusal::not_found(asked));
        }
    } else if let ([], [.., newest]) = (view.releases.as_slice(), view.withheld.as_slice()) {
        return Err(withheld(&newest.reason));
    } else {
        // A list of tags has no commits in it.
        view.releases.retain(|release| !release.version.display().starts_with("v0.0.0-"));
    }
    let rendered = Golang.render(&view, document).ok_or_else(|| Refusal::not_found(package))?;
    let response =
        WireResponse { body: rendered.body, ..WireResponse::empty(http::StatusCode::OK) };
    Ok(response.with_header("content-type", rendered.content_type))
}

fn go_mod(package: &PackageName) -> Vec<u8> {
    format!("module {package}\n\ngo 1.24\n").into_bytes()
}

fn zip_file(package: &PackageName, version: &Version) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [("go.mod", go_mod(package)), ("lib.go", b"package lib\n".to_vec())] {
        archive.start_file(format!("{package}@{version}/{name}"), options).unwrap();
        archive.write_all(&content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
