//! A server that asks the scripted name server, with two accounts.

use serde_json::{Value, json};
use vouchsafe_testkit::http::{Answer, send};
use vouchsafe_testkit::{Ran, Server, ServerOptions, packages};

use crate::name_server::{NameServer, Says};

/// The server under test, the name server it asks, and the tokens of two accounts.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) dns: NameServer,
    pub(crate) ann: String,
    pub(crate) ben: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with("", "")
    }

    /// * `namespaces`: further keys of the section of namespaces.
    /// * `more`: further sections.
    pub(crate) fn with(namespaces: &str, more: &str) -> Self {
        let dns = NameServer::start();
        let address = dns.address();
        let config = format!("[namespaces]\ndns_server = \"{address}\"\n{namespaces}\n{more}");
        let binary = env!("CARGO_BIN_EXE_vouchsafe");
        let server = Server::start(binary, ServerOptions::config(config));
        let (ann, ben) = (server.user_and_token("ann"), server.user_and_token("ben"));
        Self { server, dns, ann, ben }
    }

    /// A request to `/api/v1/namespaces` and what follows it.
    pub(crate) fn api(&self, token: &str, method: &str, below: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let target = format!("/api/v1/namespaces{below}");
        send(self.server.address(), method, &target, &headers, body)
    }

    /// Claims by DNS.
    pub(crate) fn claim(&self, token: &str, namespace: &str, domain: Option<&str>) -> Answer {
        let body = json!({ "namespace": namespace, "method": "dns", "domain": domain });
        self.api(token, "POST", "", body.to_string().as_bytes())
    }

    /// A claim that is taken.
    #[track_caller]
    pub(crate) fn claimed(&self, token: &str, namespace: &str, domain: Option<&str>) -> Value {
        let answer = self.claim(token, namespace, domain);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn verify(&self, token: &str, claim: &Value) -> Answer {
        let id = claim["id"].as_str().unwrap();
        self.api(token, "POST", &format!("/{id}/verify"), b"")
    }

    /// Puts the proof of a claim into the DNS.
    pub(crate) fn prove(&self, domain: &str, claim: &Value) {
        self.dns.on(domain, Says::text(&record(claim)));
    }

    /// Makes `com.acme` Ann's.
    #[track_caller]
    pub(crate) fn com_acme_is_anns(&self) -> Value {
        let claim = self.claimed(&self.ann, "pkg:maven/com.acme", None);
        self.prove("acme.com", &claim);
        let verified = self.verify(&self.ann, &claim);
        assert_eq!((verified.status, verified.json()["state"].as_str()), (200, Some("verified")));
        claim
    }

    /// Sends one file of a Maven release.
    pub(crate) fn maven(&self, token: &str, group: &str) -> Answer {
        self.maven_file(token, group, "lib-1.0.jar")
    }

    pub(crate) fn maven_file(&self, token: &str, group: &str, file: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let target = format!("/maven/{}/lib/1.0/{file}", group.replace('.', "/"));
        let headers = [("authorization", bearer.as_str())];
        send(self.server.address(), "PUT", &target, &headers, b"PK\x05\x06 no matter what")
    }

    pub(crate) fn npm(&self, token: &str, name: &str, version: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let target = format!("/npm/{}", name.replace('/', "%2f"));
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let body = packages::npm_publish_body(name, version);
        send(self.server.address(), "PUT", &target, &headers, &body)
    }

    pub(crate) fn pypi(&self, token: &str, name: &str, version: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let module = name.replace('-', "_");
        let file = format!("{module}-{version}-py3-none-any.whl");
        let bytes = packages::wheel(&module, version);
        let (content_type, body) = packages::pypi_upload(name, version, &file, &bytes);
        let headers = [("content-type", content_type.as_str()), ("authorization", bearer.as_str())];
        send(self.server.address(), "POST", "/pypi/legacy/", &headers, &body)
    }

    pub(crate) fn cargo(&self, token: &str, name: &str, version: &str) -> Answer {
        let body = packages::krate_publish_body(name, version);
        let headers = [("authorization", token)];
        send(self.server.address(), "PUT", "/cargo/api/v1/crates/new", &headers, &body)
    }

    /// A command of the operator.
    pub(crate) fn operator(&self, args: &[&str]) -> Ran {
        let mut all = vec!["namespace"];
        all.extend(args);
        self.server.cli(&all)
    }

    /// Gives a namespace to an account on the operator's word.
    pub(crate) fn give(&self, namespace: &str, owner: &str) {
        self.operator(&["add", namespace, "--owner", owner, "--operator"]).ok();
    }

    /// The state of the only claim of a namespace, as the operator sees it.
    pub(crate) fn state(&self, namespace: &str) -> String {
        let listed = self.operator(&["list", "--json"]).ok();
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        let rows: Vec<_> = listed.as_array().unwrap().iter().collect();
        let row = rows.iter().find(|row| row["namespace"] == namespace);
        row.map(|row| row["state"].as_str().unwrap().to_owned()).unwrap_or_default()
    }
}

/// The text of the record that proves a claim.
pub(crate) fn record(claim: &Value) -> String {
    format!("vouchsafe-verification={}", claim["challenge"].as_str().unwrap())
}

/// A refusal of a client's request has this code.
#[track_caller]
pub(crate) fn check_refused(answer: &Answer, status: u16, code: &str) {
    let found = (answer.status, answer.header("x-vouchsafe-code"));
    assert_eq!(found, (status, Some(code)), "{}", answer.text());
}
