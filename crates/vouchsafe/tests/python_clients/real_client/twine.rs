//! twine uploads what `python -m build` made.

use std::path::Path;

use vouchsafe_testkit::Ran;

use crate::stage::{Stage, dist};

fn twine(stage: &Stage, dir: &Path, user: &str, password: &str, args: &[&str]) -> Ran {
    let legacy = stage.legacy();
    let mut all = vec!["upload", "--non-interactive", "--disable-progress-bar"];
    all.extend(["--repository-url", &legacy, "--username", user, "--password", password]);
    all.extend(args);
    stage.home.run(dir, "twine", &all)
}

#[test]
fn a_release_grows_file_by_file_and_a_retry_changes_nothing() {
    let stage = Stage::new("");
    let project = stage.built("demo", "Demo.Pkg", "1.0", "A = 1\n");
    let (wheel, sdist) = (dist(&project, ".whl"), dist(&project, ".tar.gz"));
    twine(&stage, &project, "__token__", &stage.token, &[&sdist]).ok();
    twine(&stage, &project, "__token__", &stage.token, &[&wheel]).ok();
    let before = stage.page("demo-pkg");
    twine(&stage, &project, "__token__", &stage.token, &[&wheel, &sdist]).ok();
    assert_eq!(stage.page("demo-pkg").body, before.body);
    let files = before.json()["files"].as_array().unwrap().len();
    assert_eq!(files, 2);
    stage.pip_install("lib", &["Demo_Pkg"]).ok();
    stage.has("lib", "mod/__init__.py");
}

#[test]
fn setuptools_projects_are_taken() {
    let stage = Stage::new("");
    stage.home.write(
        "tools/pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
         [project]\nname = \"st_demo\"\nversion = \"2.0rc1\"\nlicense = \"MIT\"\n\
         readme = \"README.md\"\nkeywords = [\"a\", \"b\"]\ndependencies = [\"other>=1; \
         python_version < '3'\"]\n[project.optional-dependencies]\nextra = [\"more\"]\n\
         [project.urls]\nHome = \"https://registry.example/\"\n\
         [tool.setuptools]\npy-modules = [\"st_demo\"]\n",
    );
    stage.home.write("tools/st_demo.py", "A = 1\n");
    stage.home.write("tools/README.md", "# Ünïcode\n");
    stage.home.write("tools/LICENSE", "MIT\n");
    let project = stage.build("tools");
    let (wheel, sdist) = (dist(&project, ".whl"), dist(&project, ".tar.gz"));
    twine(&stage, &project, "__token__", &stage.token, &[&wheel, &sdist]).ok();
    stage.pip_install("lib", &["st-demo==2.0rc1"]).ok();
    stage.has("lib", "st_demo.py");
}

#[test]
fn other_bytes_under_a_used_name_are_refused_in_the_words_that_tools_look_for() {
    let stage = Stage::new("");
    let first = stage.built("first", "demo", "1.0", "A = 1\n");
    twine(&stage, &first, "__token__", &stage.token, &[&dist(&first, ".whl")]).ok();
    let second = stage.built("second", "demo", "1.0", "A = 2\n");
    let refused = twine(&stage, &second, "__token__", &stage.token, &[&dist(&second, ".whl")]);
    refused.fails().says("400").says("File already exists: `demo-1.0-py3-none-any.whl`");
}

#[test]
fn a_person_may_sign_in_by_name_and_password() {
    let stage = Stage::new("");
    stage.server.user_with_password("bob", "correct horse battery staple");
    let project = stage.built("demo", "bobs", "1.0", "");
    let wheel = dist(&project, ".whl");
    twine(&stage, &project, "bob", "wrong horse", &[&wheel]).fails().says("403");
    twine(&stage, &project, "bob", "correct horse battery staple", &[&wheel]).ok();
}

#[test]
fn credentials_that_do_not_cover_the_upload_are_refused() {
    let stage = Stage::new("");
    let project = stage.built("demo", "demo", "1.0", "");
    let wheel = dist(&project, ".whl");
    let try_with = |token: &str| twine(&stage, &project, "__token__", token, &[&wheel]);
    try_with("vsf_nonsense").fails().says("403").says("unknown, expired or revoked");

    let revoked = stage.server.token("ann", &["--name", "gone"]);
    let list = stage.server.cli(&["token", "list", "--user", "ann", "--json"]).ok().stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let mut tokens = list.as_array().unwrap().iter();
    let id = tokens.find(|token| token["name"] == "gone").unwrap()["id"].as_str().unwrap();
    stage.server.cli(&["token", "revoke", id, "--user", "ann"]).ok();
    try_with(&revoked).fails().says("403").says("unknown, expired or revoked");

    try_with(&stage.server.token("ann", &["--scope", "read"])).fails().says("403").says("scope");
    let elsewhere = stage.server.token("ann", &["--package", "pkg:pypi/other"]);
    try_with(&elsewhere).fails().says("403").says("pkg:pypi/demo");

    try_with(&stage.token).ok();
    let bob = stage.server.user_and_token("bob");
    let next = stage.built("next", "demo", "1.1", "");
    let refused = twine(&stage, &next, "__token__", &bob, &[&dist(&next, ".whl")]);
    refused.fails().says("403").says("own");
}

#[test]
fn a_new_name_that_looks_like_another_is_refused() {
    let stage = Stage::new("");
    stage.publish("all_in", "1.0", "");
    let project = stage.built("twin", "a11.in", "1.0", "");
    let refused = twine(&stage, &project, "__token__", &stage.token, &[&dist(&project, ".whl")]);
    refused.fails().says("400").says("too much like `all_in`");
}
