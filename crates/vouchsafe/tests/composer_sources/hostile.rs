//! Repositories and addresses that want more than to be imported.

use crate::stage::{LOCAL, PURL, Stage};

#[track_caller]
fn refuses(stage: &Stage, url: &str) {
    let ran = stage.source(&["add", PURL, &format!("--git={url}"), "--user", "ann"]);
    assert_eq!(ran.code, Some(1), "{url}: {ran:?}");
    assert!(ran.stderr.contains("is not asked"), "{url}: {}", ran.stderr);
}

#[test]
fn addresses_that_make_git_run_programs_are_refused() {
    let stage = Stage::new(LOCAL);
    let proof = stage.server.scratch().join("proof");
    for url in [
        format!("ext::sh -c 'touch {}'", proof.display()),
        format!("ext::sh%20-c%20touch%20{}", proof.display()),
        format!("--upload-pack=touch {}", proof.display()),
        "-u./x".to_owned(),
        "ssh://-oProxyCommand=touch/x".to_owned(),
        "git@git.example:acme/lib".to_owned(),
        stage.repository.path.display().to_string(),
        "https://ann:s3cret@git.example/lib".to_owned(),
    ] {
        refuses(&stage, &url);
    }
    assert!(!proof.exists());
}

#[test]
fn private_places_are_not_asked_unless_the_operator_says_so() {
    let stage = Stage::new("");
    for url in [&stage.repository.file_url(), "http://127.0.0.1:1/lib", "http://git.example/lib"] {
        refuses(&stage, url);
    }
    // These addresses are known only when they are resolved.
    for url in ["https://127.0.0.1:1/lib", "https://[::1]:1/lib", "https://localhost:1/lib"] {
        stage.add(url);
        let ran = stage.source(&["import", PURL]);
        assert!(ran.stderr.contains("has no public address"), "{url}: {}", ran.stderr);
        assert_eq!(stage.listed()["state"], "failed");
        stage.source(&["remove", PURL]).ok();
    }
}

#[test]
fn tags_that_look_like_options_or_shell_text_are_passed_over() {
    let stage = Stage::new(LOCAL);
    let commit = stage.repository.release("v1.0.0", "one");
    let proof = stage.server.scratch().join("proof");
    for name in [
        format!("--output={}", proof.display().to_string().replace('/', "%2f")),
        "--exec=touch".to_owned(),
        "v1.0.1;touch${IFS}proof".to_owned(),
        "$(touch proof)".to_owned(),
        "v1.0.2`id`".to_owned(),
        "v1.0.3|id".to_owned(),
    ] {
        // `git tag` would refuse some of these; a hostile server does not.
        stage.repository.write(&format!(".git/refs/tags/{name}"), format!("{commit}\n"));
    }
    stage.add(&stage.repository.file_url());
    assert_eq!(stage.import(), [("v1.0.0".to_owned(), "published".to_owned())]);
    assert!(!proof.exists());
}

#[test]
fn a_repository_that_is_too_large_is_given_up() {
    let stage = Stage::new("[sources]\nallow_private_network = true\nmax_repository_mb = 1\n");
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(state >> 56).unwrap()
    });
    stage.repository.write("noise", noise.take(40_000_000).collect::<Vec<u8>>());
    stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    let ran = stage.source(&["import", PURL]);
    assert!(ran.stderr.contains("larger than 1048576 bytes"), "{}", ran.stderr);
    assert!(stage.versions().is_empty());
    let left = std::fs::read_dir(stage.server.data_dir().join("sources")).unwrap().count();
    assert_eq!(left, 0, "a clone was left behind");
}

#[test]
fn links_in_a_repository_are_refused_like_in_an_upload() {
    let stage = Stage::new(LOCAL);
    std::os::unix::fs::symlink("/etc/passwd", stage.repository.path.join("passwd")).unwrap();
    stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    assert_eq!(stage.import(), [("v1.0.0".to_owned(), "refused".to_owned())]);
    assert!(stage.versions().is_empty());
}

#[test]
fn submodules_are_not_fetched() {
    let stage = Stage::new(LOCAL);
    let commit = stage.repository.release("v0.1.0", "one");
    stage
        .repository
        .write(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ../../../../etc\n");
    stage.repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},x")]);
    stage.repository.git(&["add", ".gitmodules"]);
    stage.repository.git(&["commit", "--quiet", "--message", "submodule"]);
    stage.repository.git(&["tag", "v0.2.0"]);
    stage.add(&stage.repository.file_url());
    let published = |tag: &str| (tag.to_owned(), "published".to_owned());
    assert_eq!(stage.import(), [published("v0.1.0"), published("v0.2.0")]);
}

#[test]
fn only_composer_packages_have_sources_here() {
    let stage = Stage::new(LOCAL);
    let url = stage.repository.file_url();
    for package in ["pkg:npm/lib", "pkg:composer/acme/lib@1.0.0", "pkg:composer/lib"] {
        let ran = stage.source(&["add", package, "--git", &url, "--user", "ann"]);
        assert_eq!(ran.code, Some(1), "{package}");
    }
    let ran = stage.source(&["add", PURL, "--git", &url, "--user", "nobody"]);
    assert!(ran.stderr.contains("no account `nobody`"), "{}", ran.stderr);
}
