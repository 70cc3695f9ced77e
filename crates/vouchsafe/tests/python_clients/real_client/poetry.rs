//! poetry publishes, locks and installs.

use vouchsafe_testkit::Ran;

use crate::stage::Stage;

fn poetry(stage: &Stage, folder: &str, args: &[&str]) -> Ran {
    let mut all = vec!["--no-interaction"];
    all.extend(args);
    stage.home.run(&stage.home.dir(folder), "poetry", &all)
}

/// A library of poetry's own kind that needs `beta`, built by poetry.
fn library(stage: &Stage, folder: &str, module: &str) {
    stage.home.write(
        &format!("{folder}/pyproject.toml"),
        "[project]\nname = \"poet\"\nversion = \"0.1.0\"\ndescription = \"Verse\"\n\
         requires-python = \">=3.8\"\ndependencies = [\"beta>=1.0\"]\n\n[build-system]\n\
         requires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n",
    );
    stage.home.write(&format!("{folder}/poet/__init__.py"), module);
    stage.build(folder);
}

fn configure(stage: &Stage, token: &str) {
    let legacy = stage.legacy();
    poetry(stage, "lib", &["config", "repositories.vouchsafe", &legacy]).ok();
    poetry(stage, "lib", &["config", "http-basic.vouchsafe", "__token__", token]).ok();
}

fn app(stage: &Stage) {
    let simple = stage.simple();
    stage.home.write(
        "app/pyproject.toml",
        &format!(
            "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
             dependencies = []\n\n[tool.poetry]\npackage-mode = false\n\n\
             [[tool.poetry.source]]\nname = \"vouchsafe\"\nurl = \"{simple}\"\n\
             priority = \"primary\"\n"
        ),
    );
}

#[test]
fn publishing_again_is_a_success_and_other_bytes_are_not() {
    let stage = Stage::new("");
    library(&stage, "lib", "A = 1\n");
    configure(&stage, &stage.token);
    let publish = |folder: &str, more: &[&str]| {
        let mut all = vec!["publish", "--repository", "vouchsafe"];
        all.extend(more);
        poetry(&stage, folder, &all)
    };
    publish("lib", &[]).ok();
    publish("lib", &[]).ok();
    library(&stage, "changed", "A = 2\n");
    let refused = publish("changed", &[]).fails();
    refused.says("HTTP Error 400").says("File already exists: `poet-0.1.0");
    publish("changed", &["--skip-existing"]).ok().says("File exists. Skipping");
    configure(&stage, "vsf_nonsense");
    publish("lib", &[]).fails().says("HTTP Error 403").says("the credential was not accepted");
}

#[test]
fn adding_and_installing_from_a_lock_work_with_a_token() {
    let stage = Stage::new("[access]\nread = \"signed-in\"\n");
    stage.publish("beta", "1.0", "");
    stage.publish("beta", "1.1", "");
    library(&stage, "lib", "A = 1\n");
    configure(&stage, &stage.token);
    poetry(&stage, "lib", &["publish", "--repository", "vouchsafe"]).ok();
    poetry(&stage, "lib", &["config", "--unset", "http-basic.vouchsafe"]).ok();
    app(&stage);
    poetry(&stage, "app", &["add", "poet"]).fails();
    configure(&stage, &stage.token);
    poetry(&stage, "app", &["add", "poet"]).ok().says("Installing poet (0.1.0)");
    let lock = std::fs::read_to_string(stage.home.home().join("app/poetry.lock")).unwrap();
    assert!(lock.contains("name = \"beta\"\nversion = \"1.1\""), "{lock}");
    std::fs::remove_dir_all(stage.home.home().join("app/.venv")).unwrap();
    poetry(&stage, "app", &["install"]).ok().says("Installing beta (1.1)");
    let python = stage.home.home().join("app/.venv/bin/python").display().to_string();
    stage.home.run(stage.home.home(), &python, &["-c", "import poet, beta; print(poet.A)"]).ok();
}
