//! Git repositories: what is read of them, and what they cannot make us do.

#![allow(
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and need the PATH of this machine"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use url::Url;
use vouchsafe_upstream::git::{FetchedTags, Git, GitConfig, GitError, tags_at_head};

/// A repository, and a folder for clones.
struct Stage {
    folder: TempDir,
    config: GitConfig,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config =
            GitConfig::new(std::env::var_os("PATH").unwrap(), folder.path().join("clones"));
        config.allow_private_network = true;
        let stage = Self { folder, config };
        std::fs::create_dir(stage.folder.path().join("repo")).unwrap();
        stage.git(&["init", "--quiet", "--initial-branch=main"]);
        stage
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("repo").join(path)
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.folder.path().join("repo")).args(args);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ann");
            command.env(format!("GIT_{who}_EMAIL"), "ann@example.org");
            command.env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05Z");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, files: &[(&str, &[u8])]) -> String {
        for (path, bytes) in files {
            std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
            std::fs::write(self.path(path), bytes).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn url(&self) -> Url {
        Url::from_directory_path(self.folder.path().join("repo")).unwrap()
    }

    async fn fetch(&self) -> Result<FetchedTags, GitError> {
        let git = Git::new(self.config.clone());
        let tags = git.list_tags(&self.url()).await?;
        git.fetch_tags(&self.url(), tags).await
    }
}

async fn names_in_archive(fetched: &FetchedTags, at: usize) -> Vec<String> {
    let commit = fetched.commit_of(at).await.unwrap();
    let mut archive = fetched.archive(&commit).unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = archive.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    // Names stand in the central directory, behind a header of 46 bytes.
    let mut names = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some(start) = rest.windows(4).position(|window| window == b"PK\x01\x02") {
        let length = usize::from(u16::from_le_bytes([rest[start + 28], rest[start + 29]]));
        names.push(String::from_utf8(rest[start + 46..start + 46 + length].to_vec()).unwrap());
        rest = &rest[start + 46..];
    }
    names
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn tags_are_listed_fetched_and_packed() {
    let stage = Stage::new();
    stage.commit(&[("composer.json", b"{}"), ("src/a.php", b"<?php")]);
    stage.git(&["tag", "v1.0.0"]);
    let second = stage.commit(&[
        ("src/b.php", b"<?php"),
        ("tests/t.php", b"<?php"),
        (".gitattributes", b"/tests export-ignore\n/.gitattributes export-ignore\n"),
    ]);
    stage.git(&["tag", "--annotate", "--message", "two", "v2.0.0"]);
    let fetched = stage.fetch().await.unwrap();
    let names: Vec<_> = fetched.tags().iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["v1.0.0", "v2.0.0"]);
    assert_eq!(fetched.tags()[1].target, second);
    assert_eq!(fetched.commit_of(1).await.unwrap(), second);
    assert_eq!(names_in_archive(&fetched, 0).await, ["composer.json", "src/", "src/a.php"]);
    let with_both = ["composer.json", "src/", "src/a.php", "src/b.php"];
    assert_eq!(names_in_archive(&fetched, 1).await, with_both);
    drop(fetched);
    assert!(is_empty(&stage.config.work_dir), "a clone was left behind");
}

#[tokio::test]
async fn tags_that_look_like_options_or_shell_text_are_not_there() {
    let stage = Stage::new();
    let commit = stage.commit(&[("composer.json", b"{}")]);
    for name in ["--upload-pack=touch${IFS}hacked", "$(touch hacked)", "`id`", "v1;id", "a/b"] {
        // `git tag` would refuse some of these; a hostile server does not.
        let path = stage.path(".git/refs/tags").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{commit}\n")).unwrap();
    }
    stage.git(&["tag", "v1.0.0"]);
    let tags = Git::new(stage.config.clone()).list_tags(&stage.url()).await.unwrap();
    assert_eq!(tags.into_iter().map(|tag| tag.name).collect::<Vec<_>>(), ["v1.0.0"]);
}

#[tokio::test]
async fn hooks_of_the_repository_do_not_run() {
    let stage = Stage::new();
    stage.commit(&[("composer.json", b"{}")]);
    stage.git(&["tag", "v1.0.0"]);
    let proof = stage.folder.path().join("proof");
    for hook in ["post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"] {
        let path = stage.path(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\ntouch '{}'\n", proof.display())).unwrap();
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&path, permissions).unwrap();
    }
    let fetched = stage.fetch().await.unwrap();
    names_in_archive(&fetched, 0).await;
    assert!(!proof.exists());
}

#[tokio::test]
async fn a_tag_of_something_else_is_no_commit() {
    let stage = Stage::new();
    stage.commit(&[("composer.json", b"{}")]);
    stage.git(&["tag", "v1.0.0", "HEAD:composer.json"]);
    let fetched = stage.fetch().await.unwrap();
    assert!(matches!(fetched.commit_of(0).await, Err(GitError::NoCommit)));
}

#[tokio::test]
async fn a_repository_that_grows_too_large_is_given_up() {
    let mut stage = Stage::new();
    // Bytes that do not compress.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(state >> 56).unwrap()
    });
    let noise: Vec<u8> = noise.take(40_000_000).collect();
    stage.commit(&[("noise", noise.as_slice())]);
    stage.git(&["tag", "v1.0.0"]);
    stage.config.max_clone_bytes = 1_000_000;
    let refused = stage.fetch().await;
    assert!(matches!(refused, Err(GitError::TooLarge { .. })), "{refused:?}");
    assert!(is_empty(&stage.config.work_dir), "a clone was left behind");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_asked() {
    let mut stage = Stage::new();
    stage.config.allow_private_network = false;
    let git = Git::new(stage.config.clone());
    assert!(git.parse_address(stage.url().as_str()).is_err());
    // Nor when it was allowed yesterday.
    let refused = git.list_tags(&stage.url()).await;
    assert!(matches!(refused, Err(GitError::Address { .. })), "{refused:?}");
}

/// Answers every request with a redirect to itself, and counts.
fn redirecting_server(target: &str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, target) = (Arc::clone(&asked), target.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        }
    });
    (address, asked)
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stage = Stage::new();
    let (elsewhere, hidden) = redirecting_server("http://127.0.0.1:1/");
    let target = format!("http://{elsewhere}/secret/info/refs?service=git-upload-pack");
    let (address, asked) = redirecting_server(&target);
    let url = Url::parse(&format!("http://{address}/x")).unwrap();
    let refused = Git::new(stage.config.clone()).list_tags(&url).await;
    assert!(matches!(refused, Err(GitError::Failed { .. })), "{refused:?}");
    assert!(asked.load(Ordering::SeqCst) > 0);
    assert_eq!(hidden.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_checkout_tells_its_tags() {
    let stage = Stage::new();
    stage.commit(&[("composer.json", b"{}")]);
    stage.git(&["tag", "v0.9.0"]);
    stage.commit(&[("more", b"x")]);
    stage.git(&["tag", "v1.0.0"]);
    stage.git(&["tag", "stable"]);
    let path = std::env::var_os("PATH").unwrap();
    let tags = tags_at_head(&path, &stage.path("")).await.unwrap();
    assert_eq!(tags, ["stable", "v1.0.0"]);
    let outside = tempfile::tempdir().unwrap();
    assert!(tags_at_head(&path, outside.path()).await.is_err());
}

#[tokio::test]
async fn without_git_the_reason_is_told() {
    let mut stage = Stage::new();
    stage.config.search_path = stage.folder.path().as_os_str().to_owned();
    let missing = Git::new(stage.config.clone()).list_tags(&stage.url()).await;
    assert!(matches!(missing, Err(GitError::Missing { .. })), "{missing:?}");
}
