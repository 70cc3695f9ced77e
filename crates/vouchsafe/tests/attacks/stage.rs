//! What every attack starts from: a server, three ways to publish, and a way to see that nothing
//! changed.

use vouchsafe_domain::event::Event;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{Server, ServerOptions, packages};

/// Reading needs a credential.
pub(crate) const PRIVATE: &str = "[access]\nread = \"signed-in\"\n";

pub(crate) fn start(config: &str) -> Server {
    Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::config(config))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eco {
    Cargo,
    Npm,
    Pypi,
}

impl Eco {
    pub(crate) const ALL: [Self; 3] = [Self::Cargo, Self::Npm, Self::Pypi];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        }
    }

    /// A good archive of a release. Names here are at least four lower-case letters or digits.
    pub(crate) fn archive(self, name: &str, version: &str) -> Vec<u8> {
        match self {
            Self::Cargo => packages::krate(name, version),
            Self::Npm => packages::npm_tarball(name, version),
            Self::Pypi => packages::wheel(name, version),
        }
    }

    pub(crate) fn filename(self, name: &str, version: &str) -> String {
        match self {
            Self::Cargo => format!("{name}-{version}.crate"),
            Self::Npm => format!("{name}-{version}.tgz"),
            Self::Pypi => format!("{name}-{version}-py3-none-any.whl"),
        }
    }

    pub(crate) fn index(self, name: &str) -> String {
        match self {
            Self::Cargo => format!("/cargo/index/{}/{}/{name}", &name[..2], &name[2..4]),
            Self::Npm => format!("/npm/{name}"),
            Self::Pypi => format!("/pypi/simple/{name}/"),
        }
    }

    pub(crate) fn file(self, name: &str, version: &str) -> String {
        match self {
            Self::Cargo => format!("/cargo/api/v1/crates/{name}/{version}/download"),
            Self::Npm => format!("/npm/{name}/-/{}", self.filename(name, version)),
            Self::Pypi => format!("/pypi/files/{name}/{}", self.filename(name, version)),
        }
    }

    /// Method, target, content type and body of an upload of any bytes.
    pub(crate) fn upload(self, name: &str, version: &str, bytes: &[u8]) -> Upload {
        let (method, target, content_type, body) = match self {
            Self::Cargo => (
                "PUT",
                "/cargo/api/v1/crates/new".to_owned(),
                "application/octet-stream".to_owned(),
                packages::krate_publish_body_of(name, version, bytes),
            ),
            Self::Npm => (
                "PUT",
                format!("/npm/{}", name.replace('/', "%2f")),
                "application/json".to_owned(),
                packages::npm_publish_body_of(name, version, bytes),
            ),
            Self::Pypi => {
                let filename = self.filename(name, version);
                let (content_type, body) = packages::pypi_upload(name, version, &filename, bytes);
                ("POST", "/pypi/legacy/".to_owned(), content_type, body)
            }
        };
        Upload { method, target, content_type, body }
    }

    /// Publishes a good release.
    pub(crate) fn publish(self, server: &Server, token: &str, name: &str, version: &str) -> Answer {
        self.upload(name, version, &self.archive(name, version)).send(server, token)
    }

    /// A refusal must be one that this ecosystem's client shows to a person.
    #[track_caller]
    pub(crate) fn check_shape(self, target: &str, answer: &Answer) {
        let text = answer.text();
        let shown = match self {
            Self::Cargo if target.contains("/index/") || target.ends_with("/download") => text,
            Self::Cargo => answer.json()["errors"][0]["detail"].as_str().unwrap_or_default().into(),
            Self::Npm => answer.json()["error"].as_str().unwrap_or_default().to_owned(),
            Self::Pypi => text,
        };
        assert!(!shown.trim().is_empty(), "{target}: nothing to show in {answer:?}");
        assert!(!answer.phrase.is_empty(), "{target}: no reason phrase");
        assert!(answer.header("x-vouchsafe-code").is_some(), "{target}: no code in {answer:?}");
    }
}

/// A request that publishes.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Upload {
    pub(crate) fn send(&self, server: &Server, token: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers =
            [("authorization", authorization.as_str()), ("content-type", &self.content_type)];
        http::send(server.address(), self.method, &self.target, &headers, &self.body)
    }
}

/// Any request, with any `Authorization`.
pub(crate) fn ask(
    server: &Server,
    method: &str,
    target: &str,
    authorization: Option<&str>,
    body: &[u8],
) -> Answer {
    let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
    http::send(server.address(), method, target, &headers, body)
}

/// The package's `_rev`, as npm reads it before it changes something.
pub(crate) fn npm_rev(server: &Server, token: &str, name: &str) -> String {
    let bearer = format!("Bearer {token}");
    let answer = ask(server, "GET", &format!("/npm/{name}?write=true"), Some(&bearer), b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["_rev"].as_str().unwrap().to_owned()
}

/// Everything a reader can see of a name in every ecosystem: index, lists, search, these versions'
/// files.
pub(crate) fn picture(server: &Server, token: &str, name: &str, versions: &[&str]) -> String {
    let bearer = format!("Bearer {token}");
    let mut targets = vec![
        "/cargo/api/v1/crates?q=&per_page=100".to_owned(),
        "/npm/-/v1/search?text=&size=250".to_owned(),
        format!("/pypi/{name}/json"),
    ];
    for eco in Eco::ALL {
        targets.push(eco.index(name));
        targets.extend(versions.iter().map(|version| eco.file(name, version)));
    }
    let look = |target: &String| {
        let answer = ask(server, "GET", target, Some(&bearer), b"");
        format!("{target} {} {}\n", answer.status, packages::sha256_hex(&answer.body))
    };
    targets.iter().map(look).collect()
}

/// Refused with this status, in the client's shape, and nothing changed.
#[track_caller]
pub(crate) fn check_refused(
    server: &Server,
    token: &str,
    eco: Eco,
    (name, versions): (&str, &[&str]),
    expected: &[u16],
    attack: impl FnOnce() -> Answer,
) -> Answer {
    let before = picture(server, token, name, versions);
    let answer = attack();
    let text = answer.text();
    assert!(expected.contains(&answer.status), "{eco:?}: {} {text}", answer.status);
    eco.check_shape("/upload", &answer);
    assert_eq!(picture(server, token, name, versions), before, "{eco:?}: something changed");
    answer
}

/// The event log.
pub(crate) fn events(server: &Server) -> Vec<Event> {
    with_store(server, async |store| {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let seen = events.last().map_or(0, |event| event.seq);
            let more = store.events_after(seen, 500).await.unwrap();
            if more.is_empty() {
                return events;
            }
            events.extend(more);
        }
    })
}

/// How often something of this kind, or of any, happened to what has this in its name.
pub(crate) fn count_events(server: &Server, kind: &str, subject: &str) -> usize {
    let events = events(server);
    let is_kind = |event: &&Event| kind.is_empty() || event.kind == kind;
    events.iter().filter(is_kind).filter(|event| event.subject.contains(subject)).count()
}

/// Opens the server's database beside it.
pub(crate) fn with_store<T>(
    server: &Server,
    work: impl AsyncFnOnce(&vouchsafe_store::Store) -> T,
) -> T {
    let url = format!("sqlite:{}", server.data_dir().join("vouchsafe.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = vouchsafe_store::Store::open(&url).await.unwrap();
        let found = work(&store).await;
        store.close().await;
        found
    })
}

/// Files of uploads that lie around: there must be none when nothing is being uploaded.
pub(crate) fn spooled_files(server: &Server) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![server.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.components().any(|part| part.as_os_str() == "spool")
                && entry.file_name() != "lock"
            {
                found.push(path);
            }
        }
    }
    found
}
