//! Setting clients up: what is written, what stays, and what is never touched.
#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vouchsafe_clients::{Client, Env, SetupError, Target, apply, setup};
use vouchsafe_domain::{EcosystemId, Secret};

const TOKEN: &str = "vsf_0123456789";

/// A machine of its own with nothing installed: a home and a project folder.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("home")).unwrap();
        fs::create_dir_all(root.path().join("project")).unwrap();
        Self { root }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn env(&self) -> Env {
        Env::new(self.path("home"), self.path("project"), [])
    }

    fn target(&self) -> Target {
        let url = "http://registry.example:7878".parse().unwrap();
        Target::new(url, Some(Secret::new(TOKEN))).unwrap()
    }

    fn project_target(&self) -> Target {
        self.target().in_project(self.path("project"))
    }

    /// Sets up, and again: the second time nothing is left to change.
    #[track_caller]
    fn setup(&self, ecosystem: &'static str, target: &Target) -> Vec<String> {
        let ecosystem = EcosystemId::from_static(ecosystem);
        let plan = setup(&ecosystem, target, &self.env()).unwrap();
        for change in &plan.changes {
            assert!(!change.preview().contains(TOKEN), "{}", change.preview());
        }
        apply(&plan.changes).unwrap();
        let again = setup(&ecosystem, target, &self.env()).unwrap();
        assert!(again.changes.is_empty(), "{:?}", again.changes);
        plan.next_steps
    }

    fn mode(&self, path: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(self.path(path)).unwrap().permissions().mode() & 0o777
    }
}

#[test]
fn cargo_of_a_user_keeps_its_settings_and_gets_the_token_apart() {
    let machine = Machine::new();
    machine.write(
        "home/.cargo/config.toml",
        "# mine\n[net]\nretry = 5 # slow\n\n[source.crates-io]\nreplace-with = \"corp\"\n",
    );
    let mut target = machine.target();
    machine.setup("cargo", &target);
    assert_eq!(
        machine.read("home/.cargo/config.toml"),
        "# mine\n[net]\nretry = 5 # slow\n\n[source.crates-io]\nreplace-with = \"vouchsafe\"\n\n\
         [registries.vouchsafe]\nindex = \"sparse+http://registry.example:7878/cargo/index/\"\n\
         credential-provider = \"cargo:token\"\n\n[registry]\ndefault = \"vouchsafe\"\n"
    );
    assert_eq!(
        machine.read("home/.cargo/credentials.toml"),
        format!("[registries.vouchsafe]\ntoken = \"{TOKEN}\"\n")
    );
    assert_eq!(machine.mode("home/.cargo/credentials.toml"), 0o600);
    assert!(machine.read("home/.cargo/config.toml.vouchsafe-backup").contains("corp"));
    // The copy is of the first version, not of the last one.
    target.token = Some(Secret::new("vsf_other"));
    machine.setup("cargo", &target);
    assert!(machine.read("home/.cargo/config.toml.vouchsafe-backup").contains("corp"));
}

#[test]
fn cargo_of_a_project_leaves_the_home_alone() {
    let machine = Machine::new();
    let steps = machine.setup("cargo", &machine.project_target());
    assert!(machine.read("project/.cargo/config.toml").contains(TOKEN));
    assert_eq!(machine.mode("project/.cargo/config.toml"), 0o600);
    assert_eq!(fs::read_dir(machine.path("home")).unwrap().count(), 0);
    assert!(steps.iter().any(|step| step.contains("version control")), "{steps:?}");
}

#[test]
fn npm_keeps_other_settings_and_says_which_scopes_stay_elsewhere() {
    let machine = Machine::new();
    machine.write(
        "project/.npmrc",
        "; mine\nregistry=https://upstream.example/\n@acme:registry=https://acme.example/\nfund=false\n",
    );
    let steps = machine.setup("npm", &machine.project_target());
    assert_eq!(
        machine.read("project/.npmrc"),
        format!(
            "; mine\nregistry=http://registry.example:7878/npm/\n\
             @acme:registry=https://acme.example/\nfund=false\n\
             //registry.example:7878/npm/:_authToken={TOKEN}\n"
        )
    );
    assert_eq!(machine.mode("project/.npmrc"), 0o600);
    assert!(steps.iter().any(|step| step.contains("@acme")), "{steps:?}");
    assert!(!machine.path("project/.yarnrc.yml").exists(), "no sign of Yarn");
}

#[test]
fn yarn_is_set_up_where_it_is_in_use() {
    let machine = Machine::new();
    machine.write("project/.yarnrc.yml", "# mine\nnodeLinker: node-modules\n");
    machine.setup("npm", &machine.project_target());
    assert_eq!(
        machine.read("project/.yarnrc.yml"),
        format!(
            "# mine\nnodeLinker: node-modules\n\
             npmRegistryServer: \"http://registry.example:7878/npm\"\n\
             npmAuthToken: \"{TOKEN}\"\nnpmAlwaysAuth: true\n\
             unsafeHttpWhitelist:\n  - \"registry.example\"\n"
        )
    );
}

#[test]
fn python_clients_of_a_user() {
    let machine = Machine::new();
    machine.write("home/.config/pip/pip.conf", "[global]\nextra-index-url = https://x.example/\n");
    machine.write("home/.pypirc", "[distutils]\nindex-servers = corp\n\n[corp]\nusername = me\n");
    let steps = machine.setup("pypi", &machine.target());
    let index = format!("http://__token__:{TOKEN}@registry.example:7878/pypi/simple/");
    assert_eq!(
        machine.read("home/.config/pip/pip.conf"),
        format!(
            "[global]\nextra-index-url = https://x.example/\nindex-url = {index}\n\
             trusted-host = registry.example\n"
        )
    );
    assert_eq!(
        machine.read("home/.config/uv/uv.toml"),
        format!(
            "[[index]]\nname = \"vouchsafe\"\nurl = \"{index}\"\n\
             publish-url = \"http://registry.example:7878/pypi/legacy/\"\ndefault = true\n"
        )
    );
    assert_eq!(
        machine.read("home/.pypirc"),
        format!(
            "[distutils]\nindex-servers =\n    corp\n    vouchsafe\n\n[corp]\nusername = me\n\n\
             [vouchsafe]\nrepository = http://registry.example:7878/pypi/legacy/\n\
             username = __token__\npassword = {TOKEN}\n"
        )
    );
    for file in ["home/.config/pip/pip.conf", "home/.config/uv/uv.toml", "home/.pypirc"] {
        assert_eq!(machine.mode(file), 0o600, "{file}");
    }
    assert!(steps.iter().any(|step| step.contains("extra-index-url")), "{steps:?}");
}

#[test]
fn a_manifest_that_is_shared_never_gets_the_token() {
    let machine = Machine::new();
    machine.write(
        "project/pyproject.toml",
        "[project]\nname = \"x\" # mine\n\n[tool.uv]\npackage = true\n\n[tool.poetry]\nname = \"x\"\n",
    );
    let steps = machine.setup("pypi", &machine.project_target());
    let manifest = machine.read("project/pyproject.toml");
    assert!(!manifest.contains(TOKEN) && !manifest.contains("__token__"), "{manifest}");
    assert!(manifest.contains("[[tool.uv.index]]\nname = \"vouchsafe\""), "{manifest}");
    assert!(manifest.contains("[[tool.poetry.source]]\nname = \"vouchsafe\""), "{manifest}");
    assert!(manifest.starts_with("[project]\nname = \"x\" # mine\n"), "{manifest}");
    assert!(!machine.path("project/uv.toml").exists(), "it would switch [tool.uv] off");
    assert!(machine.read("project/poetry.toml").contains(TOKEN));
    assert!(steps.iter().any(|step| step.contains("UV_INDEX_VOUCHSAFE_PASSWORD")), "{steps:?}");
}

#[test]
fn composer_of_a_user_keeps_its_settings_and_gets_the_token_apart() {
    let machine = Machine::new();
    machine.write(
        "home/.composer/config.json",
        "{\n    \"config\": {\"optimize-autoloader\": true},\n    \"repositories\": {\n        \
         \"corp\": {\"type\": \"composer\", \"url\": \"https://corp.example\"}\n    }\n}\n",
    );
    machine.write(
        "home/.composer/auth.json",
        "{\"bearer\": {\"corp.example\": \"t\"}, \"http-basic\": {}}",
    );
    let steps = machine.setup("composer", &machine.target());
    let settings = machine.read("home/.composer/config.json");
    assert_eq!(
        settings,
        "{\n    \"config\": {\"optimize-autoloader\": true},\n    \"repositories\": {\n        \
         \"vouchsafe\": {\n            \"type\": \"composer\",\n            \
         \"url\": \"http://registry.example:7878/composer\"\n        },\n        \
         \"corp\": {\n            \"type\": \"composer\",\n            \
         \"url\": \"https://corp.example\"\n        },\n        \"packagist\": false\n    }\n}\n"
    );
    let auth = machine.read("home/.composer/auth.json");
    assert!(auth.starts_with("{\"bearer\": {\"corp.example\": \"t\"}, "), "{auth}");
    assert!(auth.contains("\"registry.example:7878\": {") && auth.contains(TOKEN), "{auth}");
    assert_eq!(machine.mode("home/.composer/auth.json"), 0o600);
    assert!(steps.iter().any(|step| step.contains("https://corp.example")), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("refuses plain http")), "{steps:?}");
}

#[test]
fn composer_of_a_project_allows_plain_http_on_this_machine_only_and_shares_no_token() {
    let machine = Machine::new();
    machine.write("project/composer.json", "{\n  \"name\": \"a/b\",\n  \"require\": {}\n}\n");
    for (url, allows) in [("https://registry.example", false), ("http://127.0.0.1:7878", true)] {
        let mut target = Target::new(url.parse().unwrap(), Some(Secret::new(TOKEN))).unwrap();
        target.dir = Some(machine.path("project"));
        let steps = machine.setup("composer", &target);
        let manifest = machine.read("project/composer.json");
        assert!(
            manifest.starts_with("{\n  \"name\": \"a/b\",\n  \"require\": {},\n"),
            "{manifest}"
        );
        assert_eq!(manifest.contains("\"secure-http\": false"), allows, "{manifest}");
        assert_eq!(steps.iter().any(|step| step.contains("secure-http is off")), allows);
        assert!(!manifest.contains(TOKEN));
    }
    assert!(machine.read("project/auth.json").contains("\"127.0.0.1:7878\""));
    assert_eq!(fs::read_dir(machine.path("home")).unwrap().count(), 0);
}

#[test]
fn maven_of_a_user_gets_a_mirror_of_everything_and_keeps_comments() {
    let machine = Machine::new();
    machine.write(
        "home/.m2/settings.xml",
        "<settings>\n  <!-- mine -->\n  <mirrors>\n    <mirror>\n      <id>corp</id>\n      \
         <mirrorOf>central</mirrorOf>\n      <url>https://corp.example/</url>\n    </mirror>\n    \
         <mirror><id>s</id><mirrorOf>snapshots</mirrorOf><url>https://s.example/</url></mirror>\n  \
         </mirrors>\n  <servers/>\n</settings>\n",
    );
    let steps = machine.setup("maven", &machine.target());
    assert_eq!(
        machine.read("home/.m2/settings.xml"),
        format!(
            "<settings>\n  <!-- mine -->\n  <mirrors>\n    <mirror>\n      <id>vouchsafe</id>\n      \
             <mirrorOf>*</mirrorOf>\n      <url>http://registry.example:7878/maven/</url>\n    \
             </mirror>\n    \
             <mirror><id>s</id><mirrorOf>snapshots</mirrorOf><url>https://s.example/</url></mirror>\n  \
             </mirrors>\n  <servers>\n    <server>\n      <id>vouchsafe</id>\n      \
             <username>__token__</username>\n      <password>{TOKEN}</password>\n    </server>\n  \
             </servers>\n</settings>\n"
        )
    );
    assert_eq!(machine.mode("home/.m2/settings.xml"), 0o600);
    assert!(steps.iter().any(|step| step.contains("`snapshots` from elsewhere")), "{steps:?}");
    assert!(!machine.path("home/.gradle").exists(), "no sign of Gradle");
}

#[test]
fn the_mirror_of_maven_is_asked_before_all_others() {
    let machine = Machine::new();
    machine.write(
        "home/.m2/settings.xml",
        "<settings><mirrors>\n<mirror><id>corp</id><mirrorOf>*</mirrorOf><url>u</url></mirror>\n\
         <mirror><id>vouchsafe</id><mirrorOf>*</mirrorOf><url>old</url></mirror>\n\
         </mirrors></settings>\n",
    );
    machine.setup("maven", &machine.target());
    let settings = machine.read("home/.m2/settings.xml");
    assert_eq!(settings.matches("<id>vouchsafe</id>\n      <mirrorOf>").count(), 1, "{settings}");
    assert!(settings.find("vouchsafe") < settings.find("corp"), "{settings}");
    assert!(!settings.contains("old"), "{settings}");
}

#[test]
fn maven_of_a_project_is_told_where_its_settings_are() {
    let machine = Machine::new();
    machine.write("project/.mvn/maven.config", "-T1C");
    machine.setup("maven", &machine.project_target());
    let ours = "--settings=.mvn/vouchsafe-settings.xml";
    assert_eq!(machine.read("project/.mvn/maven.config"), format!("-T1C\n{ours}\n"));
    assert!(machine.read("project/.mvn/vouchsafe-settings.xml").contains(TOKEN));
    assert_eq!(machine.mode("project/.mvn/vouchsafe-settings.xml"), 0o600);

    machine.write("project/.mvn/maven.config", "-s corp.xml\n");
    let steps = machine.setup("maven", &machine.project_target());
    assert_eq!(machine.read("project/.mvn/maven.config"), "-s corp.xml\n");
    assert!(steps.iter().any(|step| step.contains("names other settings")), "{steps:?}");
}

#[test]
fn gradle_is_set_up_where_it_is_in_use_and_its_script_holds_no_token() {
    let machine = Machine::new();
    machine.write("project/build.gradle.kts", "");
    machine.write("home/.gradle/gradle.properties", "# mine\norg.gradle.caching=true\n");
    machine.setup("maven", &machine.project_target());
    machine.setup("maven", &machine.target());
    for script in ["project/vouchsafe.init.gradle", "home/.gradle/init.d/vouchsafe.gradle"] {
        let text = machine.read(script);
        assert!(text.contains("uri('http://registry.example:7878/maven/')"), "{text}");
        assert!(text.contains("allowsPlainHttp = false"), "the server is another machine");
        assert!(!text.contains(TOKEN) && !text.contains('@'), "{text}");
    }
    let keys = format!("vouchsafeUsername=__token__\nvouchsafePassword={TOKEN}\n");
    assert_eq!(
        machine.read("home/.gradle/gradle.properties"),
        format!("# mine\norg.gradle.caching=true\n{keys}")
    );
    assert_eq!(machine.read("project/vouchsafe.properties"), keys);
    for file in ["home/.gradle/gradle.properties", "project/vouchsafe.properties"] {
        assert_eq!(machine.mode(file), 0o600, "{file}");
    }
}

#[test]
fn go_gets_the_proxy_and_a_token_only_where_it_would_send_one() {
    let machine = Machine::new();
    machine.write("home/.config/go/env", "GOFLAGS=-mod=mod\nGOPRIVATE=corp.example\n");
    let steps = machine.setup("golang", &machine.target());
    assert_eq!(
        machine.read("home/.config/go/env"),
        "GOFLAGS=-mod=mod\nGOPRIVATE=corp.example\nGOPROXY=http://registry.example:7878/golang\n"
    );
    assert!(!machine.path("home/.netrc").exists());
    assert!(steps.iter().any(|step| step.contains("no credential over plain http")), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("corp.example past this server")), "{steps:?}");

    let url = "https://registry.example:7878".parse().unwrap();
    let target = Target::new(url, Some(Secret::new(TOKEN))).unwrap();
    machine.setup("golang", &target.in_project(machine.path("project")));
    assert_eq!(
        machine.read("project/.netrc"),
        format!("machine registry.example:7878\n  login __token__\n  password {TOKEN}\n")
    );
    assert_eq!(machine.mode("project/.netrc"), 0o600);
    assert!(
        machine.read("project/go.env").contains("GOPROXY=https://registry.example:7878/golang")
    );
}

#[test]
fn without_a_token_credentials_stay_and_the_mode_too() {
    let machine = Machine::new();
    machine.write("home/.npmrc", "//registry.example:7878/npm/:_authToken=old\n");
    let mut target = machine.target();
    target.token = None;
    machine.setup("npm", &target);
    assert!(machine.read("home/.npmrc").contains("_authToken=old"));
    assert_eq!(machine.mode("home/.npmrc"), 0o644);
}

#[test]
fn links_are_followed_at_home_and_not_out_of_a_project() {
    let machine = Machine::new();
    machine.write("home/dotfiles/npmrc", "fund=false\n");
    std::os::unix::fs::symlink("dotfiles/npmrc", machine.path("home/.npmrc")).unwrap();
    machine.setup("npm", &machine.target());
    assert!(machine.read("home/dotfiles/npmrc").contains("fund=false\nregistry="));
    assert!(machine.path("home/.npmrc").is_symlink());

    let outside = |name: &str, link: &str, ecosystem: &'static str| {
        let link_path = machine.path("project").join(link);
        std::os::unix::fs::symlink(machine.path(name), link_path).unwrap();
        let ecosystem = EcosystemId::from_static(ecosystem);
        let error = setup(&ecosystem, &machine.project_target(), &machine.env()).unwrap_err();
        assert!(matches!(error, SetupError::OutsideProject { .. }), "{error}");
    };
    outside("home/dotfiles/npmrc", ".npmrc", "npm");
    outside("home", ".cargo", "cargo");
}

#[test]
fn a_dangling_link_is_refused() {
    let machine = Machine::new();
    std::os::unix::fs::symlink("nowhere", machine.path("home/.npmrc")).unwrap();
    let npm = EcosystemId::from_static("npm");
    assert!(setup(&npm, &machine.target(), &machine.env()).is_err());
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let machine = Machine::new();
    machine.write("home/.npmrc", "a=b\n");
    let npm = EcosystemId::from_static("npm");
    let plan = setup(&npm, &machine.target(), &machine.env()).unwrap();
    machine.write("home/.npmrc", "a=c\n");
    let error = apply(&plan.changes).unwrap_err();
    assert!(matches!(error, SetupError::ChangedMeanwhile { .. }), "{error}");
    assert_eq!(machine.read("home/.npmrc"), "a=c\n");
}

#[test]
fn a_broken_file_is_named_and_not_quoted() {
    let machine = Machine::new();
    machine.write("home/.cargo/config.toml", "[registries.x]\ntoken = hunter2\n");
    let cargo = EcosystemId::from_static("cargo");
    let error = setup(&cargo, &machine.target(), &machine.env()).unwrap_err().to_string();
    assert!(error.contains("config.toml") && error.contains("line 2"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn chosen_clients_are_set_up_and_no_others() {
    let machine = Machine::new();
    let mut target = machine.project_target();
    target.clients = Some(vec![Client::Twine]);
    machine.setup("pypi", &target);
    let mut names: Vec<_> = fs::read_dir(machine.path("project"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [Path::new(".gitignore"), Path::new(".pypirc")]);
    let ignored = fs::read_to_string(machine.path("project/.gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/.pypirc"), "the token would be packed: {ignored}");
    let gems = EcosystemId::from_static("gem");
    assert!(setup(&gems, &target, &machine.env()).is_err());
}
