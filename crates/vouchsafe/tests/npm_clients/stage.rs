//! A server with an account, and a home whose npm, pnpm and Yarn are set up for it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions, http};

/// The path of the server under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");

/// A password that accounts of these tests have.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A server and a home.
pub(crate) struct Stage {
    /// The server, with the account `ann`.
    pub(crate) server: Server,
    /// Where clients run.
    pub(crate) home: Sandbox,
    /// Ann's token, which the clients of this home send.
    pub(crate) token: String,
}

impl Stage {
    /// With the default configuration.
    pub(crate) fn new() -> Self {
        Self::with_config("")
    }

    /// With this configuration file.
    pub(crate) fn with_config(config: &str) -> Self {
        let server = Server::start(BINARY, ServerOptions::config(config));
        let token = server.user_and_token("ann");
        let mut home = Sandbox::new();
        // Yarn keeps what is younger than a day from being installed, unless told otherwise.
        home.set("YARN_NPM_MINIMAL_AGE_GATE", "0");
        // In CI, which a test is, Yarn would refuse to write a lock file.
        home.set("YARN_ENABLE_IMMUTABLE_INSTALLS", "false");
        home.set("npm_config_audit", "false");
        // npm and pnpm wait ten seconds and more before they try again.
        home.set("npm_config_fetch_retry_mintimeout", "1");
        home.set("npm_config_fetch_retry_maxtimeout", "2");
        let stage = Self { server, home, token };
        stage.use_token(&stage.token);
        stage
    }

    /// Sets this home's clients up with a token, as a person would.
    pub(crate) fn use_token(&self, token: &str) {
        let url = self.server.url();
        self.set_up(&["client", "setup", "npm", "--url", &url, "--token", token]);
    }

    /// Sets this home's clients up without a token.
    pub(crate) fn sign_out(&self) {
        for file in [".npmrc", ".yarnrc.yml"] {
            let _ = std::fs::remove_file(self.home.home().join(file));
        }
        self.set_up(&["client", "setup", "npm", "--url", &self.server.url()]);
    }

    fn set_up(&self, args: &[&str]) {
        self.home.run(self.home.home(), BINARY, args).ok();
    }

    /// Runs npm.
    pub(crate) fn npm(&self, dir: &Path, args: &[&str]) -> Ran {
        self.home.run(dir, "npm", args)
    }

    /// Runs npm where no package is.
    pub(crate) fn npm_anywhere(&self, args: &[&str]) -> Ran {
        self.npm(self.home.home(), args)
    }

    /// Runs pnpm.
    pub(crate) fn pnpm(&self, dir: &Path, args: &[&str]) -> Ran {
        self.home.run(dir, "pnpm", args)
    }

    /// Runs Yarn.
    pub(crate) fn yarn(&self, dir: &Path, args: &[&str]) -> Ran {
        self.home.run(dir, "yarn", args)
    }

    /// Writes a package that exports its own version.
    pub(crate) fn package(&self, folder: &str, name: &str, version: &str) -> PathBuf {
        self.package_with(folder, name, version, &json!({}))
    }

    /// Writes a package with further members in its `package.json`.
    pub(crate) fn package_with(
        &self,
        folder: &str,
        name: &str,
        version: &str,
        more: &Value,
    ) -> PathBuf {
        let mut manifest = json!({
            "name": name, "version": version, "description": "A package of a test",
            "license": "MIT", "main": "index.js",
        });
        for (key, value) in more.as_object().unwrap() {
            manifest[key] = value.clone();
        }
        let text = serde_json::to_string_pretty(&manifest).unwrap();
        self.home.write(&format!("{folder}/package.json"), &text);
        self.home.write(&format!("{folder}/index.js"), &format!("module.exports = '{version}'\n"));
        self.home.dir(folder)
    }

    /// Publishes a package with npm.
    pub(crate) fn publish(&self, name: &str, version: &str) {
        let folder = format!("{}-{version}", name.trim_start_matches('@').replace('/', "-"));
        let dir = self.package(&folder, name, version);
        self.npm(&dir, &["publish", "--silent"]).ok();
    }

    /// Writes an application with these dependencies.
    pub(crate) fn app(&self, folder: &str, dependencies: &Value) -> PathBuf {
        let manifest = json!({
            "name": "app", "version": "0.0.0", "private": true, "dependencies": dependencies,
        });
        self.home.write(&format!("{folder}/package.json"), &manifest.to_string());
        self.home.dir(folder)
    }

    /// Address of the npm mount.
    pub(crate) fn base(&self) -> String {
        format!("{}/npm", self.server.url())
    }

    /// Asks the npm mount something as plain HTTP, with Ann's token.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> http::Answer {
        self.ask_as(Some(&self.token), method, path, &[], body)
    }

    /// Asks with another token or none, and further headers.
    pub(crate) fn ask_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> http::Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut all = vec![("content-type", "application/json")];
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        all.extend(headers);
        http::send(self.server.address(), method, &format!("/npm{path}"), &all, body)
    }

    /// The packument, as JSON.
    pub(crate) fn packument(&self, name: &str) -> Value {
        let answer = self.ask("GET", &format!("/{}", name.replace('/', "%2f")), b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The version of a package that is installed in this folder.
    pub(crate) fn installed(&self, dir: &Path, name: &str) -> String {
        let script = format!("process.stdout.write(require('{name}/package.json').version)");
        self.home.run(dir, "node", &["-e", &script]).ok().stdout
    }
}

/// A file as text.
pub(crate) fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

/// Plays the browser: a person opens the page where a client's sign-in ends, and fills the form in.
pub(crate) fn sign_in_by_browser(
    server: &Server,
    login_url: &str,
    name: &str,
    password: &str,
) -> u16 {
    let path = login_url.strip_prefix(&server.url()).expect("the page is on this server");
    let shown = http::get(server.address(), path);
    assert_eq!(shown.status, 200, "{}", shown.text());
    let code = path.strip_prefix("/login/").unwrap();
    let form = format!("code={code}&name={name}&password={}", password.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    http::send(server.address(), "POST", "/login", &headers, form.as_bytes()).status
}
