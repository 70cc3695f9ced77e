//! What Composer, Maven, Gradle and Go send once they are set up, to a server of this test that asks
//! for a credential and has nothing. A missing client is a failure.
#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use vouchsafe_clients::{Env, Target, apply, setup};
use vouchsafe_domain::{EcosystemId, Secret};

const TOKEN: &str = "vsf_0123456789";

/// Path and `Authorization`.
type Request = (String, Option<String>);

/// Remembers every request. Its thread ends with the process.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if let Some(request) = answer(&connection) {
                    seen.lock().unwrap().push(request);
                }
            }
        });
        Self { address, requests }
    }

    /// One of the paths must have been asked for, in the end with this credential.
    #[track_caller]
    fn check(&self, path: &str, credential: Option<&str>, output: &str) {
        let requests = self.requests.lock().unwrap();
        let last = requests.iter().rfind(|(asked, _)| asked == path);
        let sent = last.unwrap_or_else(|| panic!("{path} is not in {requests:?}\n{output}"));
        assert_eq!(sent.1.as_deref(), credential, "{requests:?}\n{output}");
    }
}

/// Refuses without a credential; else there is nothing.
fn answer(mut connection: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut credential = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            credential = Some(value.to_owned());
        }
    }
    let status = match credential {
        Some(_) => "404 Not Found",
        None => "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"",
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).ok()?;
    Some((path, credential))
}

/// A fresh home and project on this machine, pointed at a server.
struct Machine {
    root: TempDir,
    server: Server,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "project"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self { root, server: Server::start() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    fn setup(&self, ecosystem: &'static str, dir: Option<&Path>) {
        let url = self.server.address.parse().unwrap();
        let mut target = Target::new(url, Some(Secret::new(TOKEN))).unwrap();
        target.dir = dir.map(Path::to_owned);
        let env = Env::new(self.path("home"), self.path("project"), []);
        let plan = setup(&EcosystemId::from_static(ecosystem), &target, &env).unwrap();
        apply(&plan.changes).unwrap();
    }

    /// Runs a client to its end, which is a failure: the server has nothing.
    #[track_caller]
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        #[expect(clippy::disallowed_methods, reason = "says where this machine's programs are")]
        let path = std::env::var_os("PATH").unwrap();
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path("project"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("home"))
            // Java asks the system, not the environment, where a user's home is.
            .env("JAVA_TOOL_OPTIONS", format!("-Duser.home={}", self.path("home").display()))
            .env("COMPOSER_HOME", self.path("home/.composer"))
            .env("COMPOSER_ALLOW_SUPERUSER", "1")
            .env("GOTOOLCHAIN", "local")
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let [stdout, stderr] = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(!output.status.success(), "{stdout}{stderr}");
        stdout + &stderr
    }
}

fn basic_token() -> String {
    format!("Basic {}", STANDARD.encode(format!("__token__:{TOKEN}")))
}

/// The program, and the versions beside it where they are installed for tests.
fn versions(names: &[&'static str]) -> Vec<&'static str> {
    #[expect(clippy::disallowed_methods, reason = "the task that runs tests says so")]
    let has_tools = std::env::var_os("VOUCHSAFE_TOOLS").is_some();
    let count = if has_tools { names.len() } else { 1 };
    names.iter().take(count).copied().collect()
}

const USER_AND_PROJECT: [bool; 2] = [false, true];

#[test]
fn composer_sends_the_token() {
    for program in versions(&["composer", "composer-current"]) {
        for in_project in USER_AND_PROJECT {
            let machine = Machine::new();
            fs::create_dir(machine.path("home/.composer")).unwrap();
            machine.write("project/composer.json", "{\"require\": {\"a/b\": \"*\"}}\n");
            machine.setup("composer", in_project.then(|| machine.path("project")).as_deref());
            let output = machine.run(program, &["update", "--no-interaction", "--no-ansi"]);
            machine.server.check("/composer/packages.json", Some(&basic_token()), &output);
        }
    }
}

#[test]
fn maven_sends_the_token_for_everything() {
    for program in versions(&["mvn", "mvn-3.9", "mvn-4"]) {
        for in_project in USER_AND_PROJECT {
            let machine = Machine::new();
            machine.write(
                "project/pom.xml",
                "<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId>\
                 <artifactId>y</artifactId><version>1</version><parent><groupId>a.b</groupId>\
                 <artifactId>c</artifactId><version>1.0</version><relativePath/></parent></project>",
            );
            machine.setup("maven", in_project.then(|| machine.path("project")).as_deref());
            let output = machine.run(program, &["--batch-mode", "validate"]);
            machine.server.check("/maven/a/b/c/1.0/c-1.0.pom", Some(&basic_token()), &output);
        }
    }
}

#[test]
fn gradle_sends_the_token_for_libraries_and_plugins() {
    for in_project in USER_AND_PROJECT {
        let machine = Machine::new();
        fs::create_dir(machine.path("home/.gradle")).unwrap();
        machine.write("project/settings.gradle", "");
        machine.write(
            "project/build.gradle",
            "apply plugin: 'java'\nrepositories { mavenCentral() }\n\
             dependencies { compileOnly 'a.b:c:1.0' }\n\
             task fetch { doLast { configurations.compileClasspath.files } }\n",
        );
        machine.setup("maven", in_project.then(|| machine.path("project")).as_deref());
        let script = machine.path("project/vouchsafe.init.gradle");
        let mut arguments = vec!["--no-daemon", "--console=plain", "--stacktrace"];
        if in_project {
            arguments.extend(["--init-script", script.to_str().unwrap()]);
        }
        arguments.push("fetch");
        let output = machine.run("gradle", &arguments);
        machine.server.check("/maven/a/b/c/1.0/c-1.0.pom", Some(&basic_token()), &output);

        machine.write("project/build.gradle", "plugins { id 'x.y' version '1.0' }\n");
        let output = machine.run("gradle", &arguments);
        let marker = "/maven/x/y/x.y.gradle.plugin/1.0/x.y.gradle.plugin-1.0.pom";
        machine.server.check(marker, Some(&basic_token()), &output);
    }
}

#[test]
fn go_asks_here_and_sends_nothing_over_plain_http() {
    let machine = Machine::new();
    machine.setup("golang", None);
    let output = machine.run("go", &["list", "-m", "-versions", "upstream.example/x"]);
    machine.server.check("/golang/upstream.example/x/@v/list", None, &output);
}
