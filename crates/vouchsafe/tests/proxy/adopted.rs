//! Projects of real size through upstreams that `vouchsafe adopt` learns from this machine's
//! clients: from the network, then from the cache alone, then with a cooldown of years.

mod real_client {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::Value;
    use vouchsafe_testkit::{FakeUpstream, Ran, Sandbox, Server, ServerOptions};

    use crate::ecosystem::Eco;

    const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");
    /// Long enough that every package here has releases on both sides of it.
    const YEARS: &str = "[policy]\ncooldown = \"730d\"\n";

    /// A server whose upstream is the one that this machine's client of an ecosystem has, and a
    /// client with an empty home that is pointed at it.
    struct Adopted {
        server: Server,
        sandbox: Sandbox,
        config: PathBuf,
        learned: String,
    }

    impl Adopted {
        fn new(ecosystem: &str) -> Self {
            let sandbox = Sandbox::new();
            let config = sandbox.write("server/vouchsafe.toml", "");
            let options = ServerOptions {
                args: vec!["--config".to_owned(), config.display().to_string()],
                ..ServerOptions::default()
            };
            let mut server = Server::start(BINARY, options);
            server.stop();
            // Learned with the settings of whoever runs this, as `adopt` would for them.
            let mut adopt = Command::new(BINARY);
            adopt.args(["adopt", "--keep-clients", "--ecosystem", ecosystem, "--config"]);
            adopt.arg(&config).arg("--data").arg(server.data_dir()).current_dir(sandbox.home());
            Ran::of(adopt).ok().says("fetches from");
            let learned = std::fs::read_to_string(&config).unwrap();
            server.up();
            let mut setup = sandbox.command("env");
            setup.arg(BINARY).args(["client", "setup", ecosystem, "--url", &server.url()]);
            Ran::of(setup).ok();
            Self { server, sandbox, config, learned }
        }

        fn run(&self, dir: &Path, program: &str, args: &[&str]) -> Ran {
            self.sandbox.run(dir, program, args)
        }

        /// Restarts the server with another configuration and the same data.
        fn restart(&mut self, config: &str) {
            self.server.stop();
            std::fs::write(&self.config, config).unwrap();
            self.server.up();
        }

        /// Cuts the upstream off: from now on its address is one where nobody answers.
        fn cut_off(&mut self) {
            let lines = self.learned.lines().map(|line| match line.starts_with("url = ") {
                true => "url = \"http://127.0.0.1:9/\"\n".to_owned(),
                false => format!("{line}\n"),
            });
            let config = lines.collect::<String>();
            self.restart(&config);
        }

        /// The upstream is back, and only what is years old is served.
        fn serve_what_is_years_old(&mut self) {
            let config = format!("{}\n{YEARS}", self.learned);
            self.restart(&config);
        }

        /// Deletes what a client has kept, if it has.
        fn forget(&self, below_home: &str) {
            let path = self.sandbox.home().join(below_home);
            if path.exists() {
                std::fs::remove_dir_all(&path).unwrap();
            }
        }
    }

    #[test]
    fn a_private_mirror_becomes_the_upstream_and_its_clients_come_here() {
        let mirror = FakeUpstream::start();
        let server = Server::start(BINARY, ServerOptions::default());
        for (eco, settings, line) in [
            (Eco::Npm, ".npmrc", format!("registry={}\n", Eco::Npm.base(&mirror.url()))),
            (
                Eco::Pypi,
                ".config/pip/pip.conf",
                format!("[global]\nindex-url = {}\n", Eco::Pypi.base(&mirror.url())),
            ),
        ] {
            let sandbox = Sandbox::new();
            let settings = sandbox.write(settings, &line);
            let config = sandbox.write("server/vouchsafe.toml", "[policy]\n# By hand.\n");
            let adopt = || {
                let mut adopt = sandbox.command("env");
                adopt.arg(BINARY).args(["adopt", "--ecosystem", eco.id(), "--url", &server.url()]);
                adopt.arg("--config").arg(&config).arg("--data").arg(sandbox.home().join("data"));
                adopt.current_dir(sandbox.home());
                Ran::of(adopt)
            };
            adopt().ok().says(&mirror.url()).says("allow_private_network = true");
            let written = std::fs::read_to_string(&config).unwrap();
            assert!(written.contains("# By hand."), "{written}");
            let url = format!("url = \"{}\"", eco.base(&mirror.url()));
            assert!(written.contains(&url), "{written}");
            assert!(written.contains("allow_private_network = true"), "{written}");
            let pointed = std::fs::read_to_string(&settings).unwrap();
            assert!(pointed.contains(&server.url()), "{pointed}");
            adopt().fails().says("points here already");
        }
        assert_eq!(mirror.all_hits(), 0, "adopting asks the clients and nobody else");
    }

    /// Names and versions of a `Cargo.lock`.
    fn cargo_lock(dir: &Path) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(dir.join("Cargo.lock")).unwrap();
        let value = |line: &str| line.split('"').nth(1).unwrap().to_owned();
        let packages = text.split("[[package]]").skip(1).map(|package| {
            let mut lines = package.lines().filter(|line| line.contains(" = \""));
            (value(lines.next().unwrap()), value(lines.next().unwrap()))
        });
        packages.collect()
    }

    #[test]
    fn a_cargo_project_with_a_hundred_dependencies_builds_with_and_without_its_upstream() {
        let mut adopted = Adopted::new("cargo");
        let manifest = |name: &str, dependencies: &str| {
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
                 [profile.dev]\ndebug = false\n[dependencies]\n{dependencies}"
            );
            adopted.sandbox.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
            let path = adopted.sandbox.write(&format!("{name}/Cargo.toml"), &manifest);
            path.parent().unwrap().to_owned()
        };
        let dir = manifest(
            "service",
            "axum = \"0.8\"\n\
             clap = { version = \"4\", features = [\"derive\"] }\n\
             rustls = { version = \"0.23\", default-features = false, features = [\"std\"] }\n\
             serde_json = \"1\"\n\
             tokio = { version = \"1\", features = [\"full\"] }\n\
             toml = \"0.9\"\n\
             tower-http = { version = \"0.6\", features = [\"cors\", \"trace\", \"fs\"] }\n\
             tracing-subscriber = { version = \"0.3\", features = [\"env-filter\", \"json\"] }\n\
             url = \"2\"\n\
             uuid = { version = \"1\", features = [\"v4\"] }\n",
        );
        let small = manifest("small", "itoa = \"1\"\nserde = \"1\"\n");
        adopted.run(&dir, "cargo", &["check", "--quiet"]).ok();
        let lock = cargo_lock(&dir);
        assert!(lock.len() > 100, "{} packages", lock.len());

        adopted.cut_off();
        adopted.forget(".cargo/registry");
        adopted.run(&dir, "cargo", &["fetch", "--locked"]).ok();

        adopted.serve_what_is_years_old();
        adopted.forget(".cargo/registry");
        let refused = adopted.run(&dir, "cargo", &["fetch", "--locked"]).fails();
        refused.says("is younger than 730 days");
        adopted.run(&small, "cargo", &["fetch"]).ok();
        let older = cargo_lock(&small);
        assert_ne!(older["serde"], lock["serde"]);
    }

    /// Paths and versions of a `package-lock.json`.
    fn npm_lock(dir: &Path) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(dir.join("package-lock.json")).unwrap();
        let lock: Value = serde_json::from_str(&text).unwrap();
        let packages = lock["packages"].as_object().unwrap().iter();
        let packages = packages.filter(|(path, _)| !path.is_empty());
        packages
            .map(|(path, package)| (path.clone(), package["version"].as_str().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn an_npm_project_with_five_hundred_packages_installs_with_and_without_its_upstream() {
        let mut adopted = Adopted::new("npm");
        adopted.sandbox.set("npm_config_audit", "false");
        let manifest = |name: &str, dependencies: Value| {
            let manifest = serde_json::json!({
                "name": name, "version": "1.0.0", "private": true, "dependencies": dependencies,
            });
            let path = format!("{name}/package.json");
            adopted.sandbox.write(&path, &manifest.to_string()).parent().unwrap().to_owned()
        };
        let dir = manifest(
            "site",
            serde_json::json!({
                "@babel/core": "7", "@babel/preset-env": "7", "eslint": "8", "eslint-plugin-react": "7",
                "express": "4", "jest": "29", "mocha": "10", "webpack": "5", "webpack-dev-server": "4",
            }),
        );
        let small = manifest("small", serde_json::json!({ "express": "4" }));
        let ci = ["ci", "--ignore-scripts"];
        adopted.run(&dir, "npm", &["install", "--package-lock-only", "--ignore-scripts"]).ok();
        let lock = npm_lock(&dir);
        assert!(lock.len() > 500, "{} packages", lock.len());
        adopted.run(&dir, "npm", &ci).ok();
        assert!(dir.join("node_modules/express/package.json").is_file());

        adopted.cut_off();
        adopted.forget(".npm");
        adopted.forget("site/node_modules");
        adopted.run(&dir, "npm", &ci).ok();
        assert!(dir.join("node_modules/express/package.json").is_file());

        adopted.serve_what_is_years_old();
        adopted.forget(".npm");
        adopted.forget("site/node_modules");
        adopted.run(&dir, "npm", &ci).fails().says("is younger than 730 days");
        adopted.run(&small, "npm", &["install", "--ignore-scripts"]).ok();
        let older = npm_lock(&small);
        assert_ne!(older["node_modules/express"], lock["node_modules/express"]);
    }

    /// What a virtual environment has installed, as `name==version`.
    fn frozen(adopted: &Adopted, python: &str) -> Vec<String> {
        let list = adopted.run(adopted.sandbox.home(), python, &["-m", "pip", "freeze"]).ok();
        list.stdout.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_python_environment_of_forty_wheels_installs_with_and_without_its_upstream() {
        let mut adopted = Adopted::new("pypi");
        let home = adopted.sandbox.home().to_owned();
        let environment = |adopted: &Adopted, name: &str| {
            adopted.run(&home, "python3", &["-m", "venv", name]).ok();
            home.join(name).join("bin/python").display().to_string()
        };
        let wheels = [
            "-m",
            "pip",
            "install",
            "--only-binary",
            ":all:",
            "fastapi[standard]",
            "flask",
            "pytest",
            "requests",
            "sphinx",
            "twine",
        ];
        let python = environment(&adopted, "first");
        adopted.run(&home, &python, &wheels).ok();
        let pins = frozen(&adopted, &python);
        assert!(pins.len() > 40, "{} wheels", pins.len());
        let pinned = adopted.sandbox.write("pinned.txt", &pins.join("\n")).display().to_string();
        let install = ["-m", "pip", "install", "--no-deps", "-r", pinned.as_str()];

        adopted.cut_off();
        adopted.forget(".cache/pip");
        let python = environment(&adopted, "second");
        adopted.run(&home, &python, &install).ok();
        assert_eq!(frozen(&adopted, &python), pins);

        adopted.serve_what_is_years_old();
        adopted.forget(".cache/pip");
        let python = environment(&adopted, "third");
        adopted.run(&home, &python, &install).fails().says("is younger than 730 days");
        adopted.run(&home, &python, &["-m", "pip", "install", "flask"]).ok();
        let flask = |pins: &[String]| {
            pins.iter().find(|pin| pin.to_lowercase().starts_with("flask==")).unwrap().clone()
        };
        assert_ne!(flask(&frozen(&adopted, &python)), flask(&pins));
    }
}
