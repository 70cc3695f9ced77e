//! The authorization matrix through the real addresses: every route of every ecosystem and every
//! page, asked by every kind of actor, decided as the one table below says.

use vouchsafe_domain::Timestamp;
use vouchsafe_identity::token;
use vouchsafe_store::NewToken;
use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::{self, Answer};

use crate::stage::{Eco, ask, npm_rev, start, with_store};

/// What an actor may do when reading is private. Enter, Read a package, List all, look up
/// Accounts, Who am i, manage Tokens, publish New, publish Update, Yank and tag, change Owners,
/// remoVe. Public reading adds E, R and L, and A to those who are signed in.
const MATRIX: &[(&str, &str)] = &[
    ("anonymous", ""),
    ("stranger", "ERLAWTN"),
    ("owner", "ERLAWTNUYOV"),
    ("owner:read", "ERLAW"),
    ("owner:publish-new", "EWN"),
    ("owner:publish-update", "EWU"),
    ("owner:yank", "EWYV"),
    ("owner:owners", "EWO"),
    ("owner:none of these packages", "EW"),
    ("owner:these packages", "ERWNUYOV"),
    ("admin", "ERLAWTNYOV"),
    ("owner:revoked", "!"),
    ("owner:expired", "!"),
];

/// One question.
struct Case {
    action: char,
    eco: Eco,
    method: &'static str,
    target: String,
    content_type: String,
    body: Vec<u8>,
    /// The status that means "allowed" when it is none of 200 to 399.
    allowed: u16,
}

impl Case {
    fn new(action: char, eco: Eco, method: &'static str, target: impl Into<String>) -> Self {
        let content_type = "application/json".to_owned();
        Self {
            action,
            eco,
            method,
            target: target.into(),
            content_type,
            body: Vec::new(),
            allowed: 0,
        }
    }

    fn body(mut self, body: impl ToString) -> Self {
        self.body = body.to_string().into_bytes();
        self
    }

    fn allowed(mut self, status: u16) -> Self {
        self.allowed = status;
        self
    }

    fn publish(action: char, eco: Eco, name: &str, version: &str) -> Self {
        let upload = eco.upload(name, version, &eco.archive(name, version));
        let case = Self::new(action, eco, upload.method, upload.target);
        Self { content_type: upload.content_type, body: upload.body, ..case }
    }
}

fn reading(name: &str) -> Vec<Case> {
    let mut cases = vec![
        Case::new('E', Eco::Cargo, "GET", "/cargo/index/config.json"),
        Case::new('E', Eco::Cargo, "HEAD", "/cargo/index/config.json"),
        Case::new('E', Eco::Pypi, "GET", "/pypi/simple"),
        Case::new('E', Eco::Pypi, "GET", format!("/pypi/simple/{}/", name.to_uppercase())),
        Case::new('R', Eco::Cargo, "GET", format!("/cargo/api/v1/crates/{name}/owners")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/{name}/1.0.0")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/{name}/latest")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/{name}?write=true")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/-/package/{name}/dist-tags")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/-/package/{name}/visibility")),
        Case::new('R', Eco::Npm, "GET", format!("/npm/-/package/{name}/collaborators")),
        Case::new('R', Eco::Pypi, "GET", format!("/pypi/{name}/json")),
        Case::new('R', Eco::Pypi, "GET", format!("/pypi/{name}/1.0.0/json")),
        Case::new('R', Eco::Pypi, "GET", format!("{}.metadata", Eco::Pypi.file(name, "1.0.0"))),
        Case::new('L', Eco::Cargo, "GET", "/cargo/api/v1/crates?q=mx"),
        Case::new('L', Eco::Npm, "GET", "/npm/-/v1/search?text=mx"),
        Case::new('L', Eco::Npm, "GET", "/npm/-/user/owner/package"),
        Case::new('L', Eco::Npm, "GET", "/npm/-/org/owner/package"),
        Case::new('L', Eco::Pypi, "GET", "/pypi/simple/"),
        Case::new('L', Eco::Pypi, "GET", "/search?q=mx"),
        Case::new('A', Eco::Npm, "GET", "/npm/-/user/org.couchdb.user:owner"),
        Case::new('W', Eco::Npm, "GET", "/npm/-/whoami"),
        Case::new('W', Eco::Npm, "GET", "/npm/-/npm/v1/user"),
        Case::new('T', Eco::Npm, "GET", "/npm/-/npm/v1/tokens"),
        Case::new('T', Eco::Npm, "POST", "/npm/-/npm/v1/tokens").body(r#"{"readonly":true}"#),
        Case::new(
            'T',
            Eco::Npm,
            "DELETE",
            "/npm/-/npm/v1/tokens/token/0191d5a0-0000-7000-8000-000000000002",
        )
        .allowed(404),
    ];
    for eco in Eco::ALL {
        let id = eco.id();
        cases.push(Case::new('R', eco, "GET", eco.index(name)));
        cases.push(Case::new('R', eco, "HEAD", eco.index(name)));
        cases.push(Case::new('R', eco, "GET", eco.file(name, "1.0.0")));
        cases.push(Case::new('R', eco, "HEAD", eco.file(name, "1.0.0")));
        cases.push(Case::new('R', eco, "GET", format!("/packages/{id}/{name}")));
        cases.push(Case::new('R', eco, "GET", format!("/withheld/{id}/{name}@1.0.0")).allowed(404));
    }
    cases
}

/// Makes the cases that write. `rev` is npm's revision of the package, read when it is needed.
type WriteCase = fn(&str, &str) -> Case;
const WRITING: &[WriteCase] = &[
    |name, _| Case::publish('N', Eco::Cargo, &new_name(name), "1.0.0"),
    |name, _| Case::publish('N', Eco::Npm, &new_name(name), "1.0.0"),
    |name, _| Case::publish('N', Eco::Pypi, &new_name(name), "1.0.0"),
    |name, _| Case::publish('U', Eco::Cargo, name, "1.1.0"),
    |name, _| Case::publish('U', Eco::Npm, name, "1.1.0"),
    |name, _| Case::publish('U', Eco::Pypi, name, "1.1.0"),
    |name, _| {
        Case::new('Y', Eco::Cargo, "DELETE", format!("/cargo/api/v1/crates/{name}/1.0.0/yank"))
    },
    |name, _| {
        Case::new('Y', Eco::Cargo, "PUT", format!("/cargo/api/v1/crates/{name}/1.0.0/unyank"))
    },
    |name, _| {
        Case::new('Y', Eco::Npm, "PUT", format!("/npm/{name}")).body(serde_json::json!({
            "_id": name, "name": name, "versions": { "1.0.0": { "deprecated": "old" } },
        }))
    },
    |name, _| {
        let target = format!("/npm/-/package/{name}/dist-tags/next");
        Case::new('Y', Eco::Npm, "PUT", target).body("\"1.0.0\"")
    },
    |name, _| Case::new('Y', Eco::Npm, "DELETE", format!("/npm/-/package/{name}/dist-tags/next")),
    |name, _| {
        Case::new('O', Eco::Cargo, "PUT", format!("/cargo/api/v1/crates/{name}/owners"))
            .body(r#"{"users":["helper"]}"#)
    },
    |name, _| {
        Case::new('O', Eco::Cargo, "DELETE", format!("/cargo/api/v1/crates/{name}/owners"))
            .body(r#"{"users":["helper"]}"#)
    },
    |name, rev| {
        Case::new('O', Eco::Npm, "PUT", format!("/npm/{name}/-rev/{rev}")).body(serde_json::json!({
            "_id": name, "maintainers": [{ "name": "owner" }, { "name": "helper" }],
        }))
    },
    |name, rev| {
        Case::new('V', Eco::Npm, "PUT", format!("/npm/{name}/-rev/{rev}")).body(serde_json::json!({
            "_id": name, "name": name, "versions": { "1.0.0": {} },
        }))
    },
    |name, rev| {
        let file = Eco::Npm.file(name, "0.9.0");
        Case::new('V', Eco::Npm, "DELETE", format!("{file}/-rev/{rev}"))
    },
    |name, rev| Case::new('V', Eco::Npm, "DELETE", format!("/npm/{name}/-rev/{rev}")),
];

/// A name that the patterns of `name` match, too.
fn new_name(name: &str) -> String {
    name.replace("pkg", "new")
}

struct Stage {
    server: Server,
    is_private: bool,
    owner: String,
    stranger: String,
    admin: String,
    /// Every request comes from an address of its own: refused credentials are throttled.
    asked: std::cell::Cell<u16>,
}

impl Stage {
    fn new(is_private: bool) -> Self {
        let read = if is_private { "signed-in" } else { "public" };
        let server = start(&format!(
            "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[access]\nread = \"{read}\"\n"
        ));
        let owner = server.user_and_token("owner");
        let stranger = server.user_and_token("stranger");
        server.user("helper");
        server.cli(&["user", "add", "root", "--email", "root@example.org", "--admin"]).ok();
        let admin = server.token("root", &[]);
        Self { server, is_private, owner, stranger, admin, asked: std::cell::Cell::new(0) }
    }

    fn token(&self, actor: &str, name: &str) -> Option<String> {
        let Some((_, kind)) = actor.split_once(':') else {
            return match actor {
                "owner" => Some(self.owner.clone()),
                "stranger" => Some(self.stranger.clone()),
                "admin" => Some(self.admin.clone()),
                _ => None,
            };
        };
        let patterns =
            |stem: &str| Eco::ALL.map(|eco| format!("--package=pkg:{}/{stem}*", eco.id()));
        let limited = |patterns: [String; 3]| {
            self.server.token("owner", &patterns.each_ref().map(String::as_str))
        };
        Some(match kind {
            "these packages" => limited(patterns(name.strip_suffix("pkg").unwrap())),
            "none of these packages" => limited(patterns("other")),
            "expired" => self.expired_token(),
            "revoked" => {
                let token = self.server.token("owner", &[]);
                let (bearer, target) =
                    (format!("Bearer {token}"), format!("/npm/-/user/token/{token}"));
                // It worked, and is in memory, before it was revoked.
                assert_eq!(
                    ask(&self.server, "GET", "/npm/-/whoami", Some(&bearer), b"").status,
                    200
                );
                assert_eq!(ask(&self.server, "DELETE", &target, Some(&bearer), b"").status, 200);
                token
            }
            scope => self.server.token("owner", &["--scope", scope]),
        })
    }

    fn expired_token(&self) -> String {
        let minted = token::generate([7; 32]);
        let at = Timestamp::from_secs(1_700_000_000);
        with_store(&self.server, async |store| {
            let name = "owner".parse().unwrap();
            let account = store.account_by_name(&name).await.unwrap().unwrap();
            let new = NewToken {
                account_id: account.id,
                secret_sha256: *minted.hash.as_bytes(),
                name: "old".to_owned(),
                hint: minted.hint.clone(),
                scopes: vouchsafe_domain::Scopes::all(),
                packages: Vec::new(),
                expires_at: Some(at),
                actor: "owner".to_owned(),
                now: at,
            };
            store.insert_token(new).await.unwrap();
        });
        minted.secret.expose().to_owned()
    }

    fn send(&self, case: &Case, token: Option<&str>) -> Answer {
        let asked = self.asked.replace(self.asked.get() + 1);
        let from = format!("198.18.{}.{}", asked / 256, asked % 256);
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers =
            vec![("content-type", case.content_type.as_str()), ("x-forwarded-for", &from)];
        headers.extend(bearer.as_deref().map(|value| ("authorization", value)));
        http::send(self.server.address(), case.method, &case.target, &headers, &case.body)
    }

    fn is_allowed(&self, actor: &str, private: &str, action: char) -> bool {
        if private == "!" {
            // A credential that is sent must be good, even where none is needed.
            return false;
        }
        let by_public_reading = match action {
            'E' | 'R' | 'L' => true,
            'A' => actor != "anonymous",
            _ => false,
        };
        private.contains(action) || (!self.is_private && by_public_reading)
    }

    fn check(
        &self,
        actor: &str,
        private: &str,
        token: Option<&str>,
        case: &Case,
    ) -> Option<String> {
        let is_allowed = self.is_allowed(actor, private, case.action);
        let answer = self.send(case, token);
        let status = answer.status;
        let is_nobody = actor == "anonymous" || private == "!";
        // The Python index answers a refused token of an upload by 403, and its clients know that.
        let is_refused_upload = private == "!" && case.target == "/pypi/legacy/";
        let is_right = match (is_allowed, is_nobody) {
            (true, _) => status == case.allowed || (200..400).contains(&status),
            (false, true) if is_refused_upload => status == 403,
            (false, true) => status == 401,
            (false, false) => status == 403,
        };
        let is_page =
            ["/packages/", "/search", "/withheld/"].iter().any(|p| case.target.starts_with(p));
        if status >= 400 && !is_page && case.method != "HEAD" {
            case.eco.check_shape(&case.target, &answer);
        }
        let (method, target) = (case.method, &case.target);
        let reading = if self.is_private { "private" } else { "public" };
        (!is_right).then(|| {
            format!(
                "{reading}: {actor}: {} {method} {target}: {status} {}",
                case.action,
                answer.text()
            )
        })
    }
}

fn the_matrix_holds(is_private: bool) {
    let stage = Stage::new(is_private);
    let mut wrong = Vec::new();
    for (place, (actor, private)) in MATRIX.iter().enumerate() {
        let name = format!("mx{place:02}pkg");
        for eco in Eco::ALL {
            for version in ["0.9.0", "1.0.0"] {
                let answer = eco.publish(&stage.server, &stage.owner, &name, version);
                assert!(answer.status < 300, "{eco:?} {name}: {}", answer.text());
            }
        }
        let token = stage.token(actor, &name);
        for case in reading(&name) {
            wrong.extend(stage.check(actor, private, token.as_deref(), &case));
        }
        for case in WRITING {
            let rev = npm_rev(&stage.server, &stage.owner, &name);
            wrong.extend(stage.check(actor, private, token.as_deref(), &case(&name, &rev)));
        }
    }
    assert!(wrong.is_empty(), "{} decisions are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_route_decides_as_the_table_says_when_reading_is_public() {
    the_matrix_holds(false);
}

#[test]
fn every_route_decides_as_the_table_says_when_reading_is_private() {
    the_matrix_holds(true);
}
