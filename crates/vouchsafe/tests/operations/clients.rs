//! One publish and one install with the real client of each ecosystem.

use std::path::Path;

use vouchsafe_testkit::{Sandbox, packages};

use crate::BINARY;

/// Clients of one person, pointed at a registry by `vouchsafe client setup`.
pub(crate) struct Clients {
    pub(crate) sandbox: Sandbox,
}

impl Clients {
    /// * `url`: the registry's address; `certificate`: what its TLS is trusted by.
    pub(crate) fn at(url: &str, token: &str, certificate: Option<&Path>) -> Self {
        let mut sandbox = Sandbox::new();
        if let Some(certificate) = certificate {
            // The last one is what Twine looks at first, whatever it is told on its command line.
            for name in ["CARGO_HTTP_CAINFO", "npm_config_cafile", "PIP_CERT", "REQUESTS_CA_BUNDLE"]
            {
                sandbox.set(name, certificate.display().to_string());
            }
        }
        for ecosystem in ["cargo", "npm", "pypi"] {
            let args = ["client", "setup", ecosystem, "--url", url, "--token", token];
            sandbox.run(sandbox.home(), BINARY, &args).ok();
        }
        Self { sandbox }
    }

    pub(crate) fn cargo_publish(&self, name: &str) {
        let folder = self.sandbox.dir(&format!("publish/{name}"));
        self.sandbox.write(
            &format!("publish/{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
                 description = \"A test crate\"\nlicense = \"MIT\"\n"
            ),
        );
        self.sandbox.write(&format!("publish/{name}/src/lib.rs"), "pub const ANSWER: u32 = 42;\n");
        let args = ["publish", "--registry", "vouchsafe", "--allow-dirty", "--no-verify"];
        self.sandbox.run(&folder, "cargo", &args).ok();
    }

    pub(crate) fn cargo_install(&self, name: &str) {
        let folder = self.sandbox.dir(&format!("use/{name}"));
        self.sandbox.write(
            &format!("use/{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
                 [dependencies]\n{name} = {{ version = \"1\", registry = \"vouchsafe\" }}\n"
            ),
        );
        self.sandbox.write(&format!("use/{name}/src/lib.rs"), "");
        self.sandbox.run(&folder, "cargo", &["fetch"]).ok();
    }

    pub(crate) fn npm_publish(&self, name: &str) {
        let manifest = serde_json::json!({ "name": name, "version": "1.0.0", "license": "MIT" });
        let folder = self.sandbox.dir(&format!("npm-publish/{name}"));
        self.sandbox.write(&format!("npm-publish/{name}/package.json"), &manifest.to_string());
        self.sandbox.run(&folder, "npm", &["publish"]).ok();
    }

    pub(crate) fn npm_install(&self, name: &str) {
        let manifest = "{ \"name\": \"consumer\", \"version\": \"0.1.0\" }";
        let folder = self.sandbox.dir(&format!("npm-use/{name}"));
        self.sandbox.write(&format!("npm-use/{name}/package.json"), manifest);
        self.sandbox.run(&folder, "npm", &["install", name]).ok();
        assert!(folder.join("node_modules").join(name).join("package.json").is_file());
    }

    /// * `name`: with underscores.
    pub(crate) fn twine_upload(&self, name: &str) {
        let folder = self.sandbox.dir("dist");
        let wheel = format!("{name}-1.0.0-py3-none-any.whl");
        std::fs::write(folder.join(&wheel), packages::wheel(name, "1.0.0")).unwrap();
        let args = ["upload", "--non-interactive", "--repository", "vouchsafe", &wheel];
        self.sandbox.run(&folder, "twine", &args).ok();
    }

    pub(crate) fn pip_install(&self, name: &str) {
        let folder = self.sandbox.dir("site");
        let args = ["install", "--no-cache-dir", "--target", ".", name];
        self.sandbox.run(&folder, "pip", &args).ok();
        assert!(folder.join(name).join("__init__.py").is_file());
    }
}
