//! A server, an account, a home: what every test here starts with.

use std::path::{Path, PathBuf};

use vouchsafe_testkit::http::{Answer, send};
use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions, packages};

/// A server with the account `ann`, and a home for Python's tools.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) home: Sandbox,
    /// A token of `ann` that may do everything.
    pub(crate) token: String,
}

impl Stage {
    /// With this configuration file.
    pub(crate) fn new(config: &str) -> Self {
        let server = Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::config(config));
        let token = server.user_and_token("ann");
        let mut home = Sandbox::new();
        // Settings of the whole machine would reach pip past its home.
        home.set("PIP_CONFIG_FILE", "/dev/null");
        home.set("PIP_NO_CACHE_DIR", "1");
        home.set("PIP_ROOT_USER_ACTION", "ignore");
        home.set("UV_NO_CONFIG", "1");
        home.set("UV_LINK_MODE", "copy");
        home.set("COLUMNS", "500");
        Self { server, home, token }
    }

    /// Address of the simple API.
    pub(crate) fn simple(&self) -> String {
        format!("{}/pypi/simple/", self.server.url())
    }

    /// Address of the simple API, with a credential in it.
    pub(crate) fn simple_as(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}/pypi/simple/", self.server.address())
    }

    /// Address for uploads.
    pub(crate) fn legacy(&self) -> String {
        format!("{}/pypi/legacy/", self.server.url())
    }

    /// Uploads a file as twine would, as `ann`.
    pub(crate) fn upload(&self, name: &str, version: &str, file: &str, bytes: &[u8]) -> Answer {
        let (content_type, body) = packages::pypi_upload(name, version, file, bytes);
        self.post(&self.token, &content_type, &body)
    }

    /// Posts a form with this token.
    pub(crate) fn post(&self, token: &str, content_type: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", content_type), ("authorization", bearer.as_str())];
        send(self.server.address(), "POST", "/pypi/legacy/", &headers, body)
    }

    /// Publishes a wheel with further lines of metadata.
    pub(crate) fn publish(&self, name: &str, version: &str, more: &str) -> Vec<u8> {
        let bytes = packages::wheel_with(name, version, more);
        let answer = self.upload(name, version, &wheel_name(name, version), &bytes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        bytes
    }

    /// The pinned pip, in a folder.
    pub(crate) fn pip(&self, args: &[&str]) -> Ran {
        let mut all = vec!["-m", "pip"];
        all.extend(args);
        self.home.run(self.home.home(), "python", &all)
    }

    /// `pip install` from this server into a folder below the home.
    pub(crate) fn pip_install(&self, target: &str, args: &[&str]) -> Ran {
        let simple = self.simple();
        let mut all = vec!["install", "--index-url", &simple, "--target", target];
        all.extend(args);
        self.pip(&all)
    }

    /// `uv pip install` from this server into a folder below the home.
    pub(crate) fn uv_install(&self, target: &str, args: &[&str]) -> Ran {
        let simple = self.simple();
        let mut all = vec!["pip", "install", "--default-index", &simple, "--target", target];
        all.extend(args);
        self.home.run(self.home.home(), "uv", &all)
    }

    /// Whether a module or distribution folder was installed.
    #[track_caller]
    pub(crate) fn has(&self, target: &str, entry: &str) {
        let path = self.home.home().join(target).join(entry);
        assert!(path.exists(), "{} is not there", path.display());
    }

    /// Waits until the index of a project says this: another process changed it.
    pub(crate) fn wait_for(&self, project: &str, is_there: impl Fn(&serde_json::Value) -> bool) {
        let started = std::time::Instant::now();
        loop {
            let page = self.page(project).json();
            if is_there(&page) {
                return;
            }
            assert!(started.elapsed().as_secs() < 60, "the index never changed: {page}");
            std::thread::yield_now();
        }
    }

    /// A project's page as pip gets it.
    pub(crate) fn page(&self, project: &str) -> Answer {
        let target = format!("/pypi/simple/{project}/");
        let headers = [("accept", "application/vnd.pypi.simple.v1+json")];
        send(self.server.address(), "GET", &target, &headers, b"")
    }

    /// A project in a folder of its own, built with hatchling into `dist/`.
    pub(crate) fn built(&self, folder: &str, name: &str, version: &str, module: &str) -> PathBuf {
        let project = format!(
            "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\
             [project]\nname = \"{name}\"\nversion = \"{version}\"\ndescription = \"Test\"\n\
             requires-python = \">=3.8\"\n\
             [tool.hatch.build.targets.wheel]\npackages = [\"src/mod\"]\n"
        );
        self.home.write(&format!("{folder}/pyproject.toml"), &project);
        self.home.write(&format!("{folder}/src/mod/__init__.py"), module);
        self.build(folder)
    }

    /// Builds what is in a folder, with the pinned backends, and gives the folder.
    pub(crate) fn build(&self, folder: &str) -> PathBuf {
        let dir = self.home.dir(folder);
        self.home.run(&dir, "python", &["-m", "build", "--no-isolation"]).ok();
        dir
    }
}

/// The file name of a pure-Python wheel.
pub(crate) fn wheel_name(name: &str, version: &str) -> String {
    format!("{name}-{version}-py3-none-any.whl")
}

/// The files of a `dist` folder with this ending.
pub(crate) fn dist(project: &Path, ending: &str) -> String {
    let files = std::fs::read_dir(project.join("dist")).unwrap();
    let paths = files.map(|file| file.unwrap().path().display().to_string());
    paths.into_iter().find(|path| path.ends_with(ending)).unwrap()
}
