//! Staged files, and the one commit that makes them visible.

use vouchsafe_domain::AccountId;
use vouchsafe_domain::deploy::{DeploymentState, StagedFile};
use vouchsafe_store::{
    CommitError, DeploymentRow, EndedDeployment, NamespaceEntry, NewRelease, NewStagedFile,
    UpstreamReleaseRow,
};

use crate::harness::{
    REGISTRY, TestDb, account, at, new_release, npm, package, sha256_of, store_tests, version,
};

fn file(name: &str, release: &str, filename: &str, bytes: &[u8]) -> NewStagedFile {
    NewStagedFile {
        package: package(name).name,
        version: version(release),
        file: StagedFile {
            filename: filename.parse().unwrap(),
            size_bytes: bytes.len() as u64,
            digests: [sha256_of(bytes).into()].into_iter().collect(),
        },
        sha256: sha256_of(bytes),
    }
}

async fn stage(db: &TestDb, owner: AccountId, file: NewStagedFile, secs: i64) -> bool {
    let staged = db.store.stage_file(REGISTRY, package("lib"), owner, file, at(secs));
    staged.await.unwrap()
}

async fn open(db: &TestDb, owner: AccountId) -> Vec<DeploymentRow> {
    db.store.open_deployments(REGISTRY, &package("lib"), owner).await.unwrap()
}

fn release_of(name: &str, owner: AccountId) -> NewRelease {
    NewRelease { account: Some(owner), ..new_release(name, "1.0") }
}

fn ended(row: &DeploymentRow) -> EndedDeployment {
    EndedDeployment { id: row.id.clone(), revision: row.revision }
}

store_tests! {
    async fn files_of_a_release_gather_in_one_deployment_per_account(db: &TestDb) {
        let (ada, bob) = (account(&db.store, "ada").await, account(&db.store, "bob").await);
        assert!(stage(db, ada, file("lib", "1.0", "lib-1.0.pom", b"pom"), 0).await);
        assert!(stage(db, ada, file("lib", "1.0", "lib-1.0.jar", b"jar"), 1).await);
        assert!(stage(db, ada, file("lib", "1.0", "lib-1.0.jar", b"again"), 2).await);
        assert!(stage(db, ada, file("lib", "2.0", "lib-2.0.pom", b"pom"), 3).await);
        assert!(stage(db, bob, file("lib", "1.0", "lib-1.0.pom", b"pom"), 4).await);

        let of_ada = open(db, ada).await;
        assert_eq!(of_ada.len(), 2);
        let first = of_ada.iter().find(|row| row.release.as_ref().unwrap().1 == "1.0").unwrap();
        let staged = db.store.staged_files(&first.id).await.unwrap();
        let names: Vec<_> = staged.iter().map(|row| row.file.filename.as_str()).collect();
        assert_eq!(names, ["lib-1.0.jar", "lib-1.0.pom"]);
        assert_eq!(staged[0].sha256, sha256_of(b"again"), "the last bytes under a name count");
        assert!(db.store.is_blob_referenced(sha256_of(b"again")).await.unwrap());
        assert!(!db.store.is_blob_referenced(sha256_of(b"jar")).await.unwrap());
        assert_eq!(open(db, bob).await.len(), 1);

        let (name, release) = (package("lib").name, version("1.0"));
        db.store.drop_staged_file(&first.id, &name, &release, &staged[0], at(5)).await.unwrap();
        assert_eq!(db.store.staged_files(&first.id).await.unwrap().len(), 1);
    }

    async fn a_deployment_is_published_whole_or_not_at_all(db: &TestDb) {
        let owner = account(&db.store, "ada").await;
        stage(db, owner, file("lib", "1.0", "lib-1.0.jar", b"jar"), 0).await;
        let row = open(db, owner).await.remove(0);
        let releases = || {
            let mut lib = release_of("lib", owner);
            lib.namespace_entry = Some(NamespaceEntry {
                namespace: "the-namespace".to_owned(),
                entry: "{\"name\":\"lib\"}".to_owned(),
            });
            vec![lib, release_of("other", owner)]
        };

        // The second release exists already: the first must not appear.
        db.store.commit_release(release_of("other", owner)).await.unwrap();
        let refused = db.store.commit_deployment(releases(), ended(&row), at(1)).await;
        assert!(matches!(refused, Err((1, CommitError::PackageAppeared))), "{refused:?}");
        assert!(db.store.find_package(REGISTRY, &package("lib")).await.unwrap().is_none());
        assert_eq!(db.store.staged_files(&row.id).await.unwrap().len(), 1);

        // Another file came since the files were read: it must not be lost.
        stage(db, owner, file("lib", "1.0", "lib-1.0.pom", b"pom"), 2).await;
        let one = vec![releases().remove(0)];
        let refused = db.store.commit_deployment(one.clone(), ended(&row), at(3)).await;
        assert!(matches!(refused, Err((_, CommitError::DeploymentChanged))), "{refused:?}");
        assert!(db.store.find_package(REGISTRY, &package("lib")).await.unwrap().is_none());

        let row = open(db, owner).await.remove(0);
        let committed = db.store.commit_deployment(one, ended(&row), at(4)).await.unwrap();
        assert!(committed[0].is_new_package);
        assert!(open(db, owner).await.is_empty(), "nothing is left to publish");
        assert!(db.store.staged_files(&row.id).await.unwrap().is_empty());
        let entries = db.store.namespace_entries(REGISTRY, &npm(), "the-namespace").await.unwrap();
        assert_eq!(entries.len(), 1);
    }

    async fn a_bundle_is_judged_then_published_once(db: &TestDb) {
        let owner = account(&db.store, "ada").await;
        let files = vec![file("lib", "1.0", "lib-1.0.jar", b"jar")];
        let begun = db.store.stage_bundle(REGISTRY, npm(), owner, "v1".to_owned(), files, at(0));
        let id = begun.await.unwrap();
        let problems = [("bundle".to_owned(), "why".to_owned())];
        let (state, purls) = (DeploymentState::Failed, ["pkg:npm/lib@1.0".to_owned()]);
        db.store.settle_deployment(&id, state, &problems, &purls, at(1)).await.unwrap();
        let row = db.store.find_deployment(&id).await.unwrap().unwrap();
        assert_eq!((row.state, &row.problems[..], &row.releases[..]), (state, &problems[..], &purls[..]));
        assert_eq!(row.release, None);

        let release = vec![release_of("lib", owner)];
        db.store.commit_deployment(release, ended(&row), at(2)).await.unwrap();
        let row = db.store.find_deployment(&id).await.unwrap().unwrap();
        assert_eq!(row.state, DeploymentState::Published, "a bundle can be asked about later");
        let again = db.store.commit_deployment(Vec::new(), ended(&row), at(3)).await;
        assert!(matches!(again, Err((_, CommitError::DeploymentChanged))), "{again:?}");
    }

    async fn old_deployments_go_away(db: &TestDb) {
        let owner = account(&db.store, "ada").await;
        stage(db, owner, file("lib", "1.0", "lib-1.0.jar", b"old"), 0).await;
        stage(db, owner, file("lib", "2.0", "lib-2.0.jar", b"new"), 100).await;
        let pruned = db.store.prune_deployments(at(50), at(-1000)).await.unwrap();
        assert_eq!(pruned, 1);
        let left = open(db, owner).await;
        assert_eq!(left.len(), 1);
        assert!(!db.store.is_blob_referenced(sha256_of(b"old")).await.unwrap());
        db.store.drop_deployment(&left[0].id).await.unwrap();
        assert!(open(db, owner).await.is_empty());
    }

    async fn what_an_upstream_said_first_about_a_release_stays(db: &TestDb) {
        let row = |secs: Option<i64>| UpstreamReleaseRow {
            version: version("1.0"),
            manifest: "{}".into(),
            published_at: secs.map(at),
        };
        let left_pad = package("left-pad");
        for secs in [Some(1), Some(2), None] {
            let put = db.store.put_upstream_release(REGISTRY, &left_pad, row(secs), at(3));
            put.await.unwrap();
        }
        let number = version("1.0");
        let found = db.store.find_upstream_release(REGISTRY, &left_pad, &number);
        assert_eq!(found.await.unwrap().unwrap().published_at, Some(at(1)));
        assert_eq!(db.store.upstream_releases(REGISTRY, &left_pad).await.unwrap().len(), 1);
    }
}
