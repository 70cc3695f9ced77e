//! Files of a deploy that nobody has finished yet: a check, a backup and a restore take them for
//! what they are, and the deploy goes on afterwards.

use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{Database, Server, packages};

use crate::{start, vouchsafe};

const GROUP: &str = "org.example";
const FOLDER: &str = "/maven/org/example/gadget";

fn put(server: &Server, token: &str, path: &str, body: &[u8]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    http::send(server.address(), "PUT", &format!("{FOLDER}/{path}"), &headers, body)
}

fn stage(server: &Server, token: &str, version: &str) {
    let files = [
        ("pom", packages::pom(GROUP, "gadget", version)),
        ("jar", packages::jar(GROUP, "gadget", version)),
    ];
    for (ending, bytes) in files {
        let path = format!("{version}/gadget-{version}.{ending}");
        assert_eq!(put(server, token, &path, &bytes).status, 201, "{path}");
    }
}

fn finish(server: &Server, token: &str, version: &str) -> Answer {
    let metadata = packages::maven_metadata(GROUP, "gadget", version);
    put(server, token, "maven-metadata.xml", &metadata)
}

#[track_caller]
fn check_served(server: &Server, version: &str, is_served: bool) {
    let path = format!("{FOLDER}/{version}/gadget-{version}.jar");
    let answer = http::get(server.address(), &path);
    assert_eq!(answer.status, if is_served { 200 } else { 404 }, "{path}");
    if is_served {
        assert!(answer.body == packages::jar(GROUP, "gadget", version), "{path} has other bytes");
    }
}

fn fsck(server: &Server) -> serde_json::Value {
    serde_json::from_str(&server.cli(&["fsck", "--json"]).stdout).unwrap()
}

/// A server with a published release and a staged one, and a token.
fn with_a_deploy_under_way(config: &str) -> (Server, String) {
    let server = start(config);
    let token = server.user_and_token("alice");
    stage(&server, &token, "1.0.0");
    assert_eq!(finish(&server, &token, "1.0.0").status, 201);
    stage(&server, &token, "2.0.0");
    (server, token)
}

/// Empties the data of a stopped server and fills it from a backup.
fn restore(server: &Server, file: &str) {
    std::fs::remove_dir_all(server.data_dir()).unwrap();
    std::fs::create_dir_all(server.data_dir()).unwrap();
    server.cli(&["restore", file]).ok();
}

fn check_a_restored_deploy_goes_on(from: &str, mut to: Server) {
    let (server, token) = with_a_deploy_under_way(from);
    let file = server.scratch().join("backup.tar").display().to_string();
    server.cli(&["backup", &file]).ok();
    restore(&to, &file);
    to.up_elsewhere();
    assert_eq!(fsck(&to)["is_clean"], true, "{}", fsck(&to));
    check_served(&to, "1.0.0", true);
    check_served(&to, "2.0.0", false);
    assert_eq!(finish(&to, &token, "2.0.0").status, 201);
    check_served(&to, "2.0.0", true);
    // The server that was backed up has not noticed.
    check_served(&server, "2.0.0", false);
    assert_eq!(finish(&server, &token, "2.0.0").status, 201);
}

#[test]
fn a_deploy_goes_on_where_its_backup_was_restored() {
    let mut to = start("");
    to.stop();
    check_a_restored_deploy_goes_on("", to);
}

#[test]
fn a_deploy_moves_from_postgresql_to_a_folder() {
    let mut to = start("");
    to.stop();
    let database = Database::fresh("staged");
    check_a_restored_deploy_goes_on(&format!("[database]\nurl = \"{}\"\n", database.url()), to);
}

#[test]
fn a_check_looks_at_staged_files_too() {
    let (server, token) = with_a_deploy_under_way("");
    assert_eq!(fsck(&server)["is_clean"], true, "{}", fsck(&server));
    assert_eq!(fsck(&server)["orphans"], 0, "a staged file belongs to somebody");
    let sha256 = packages::sha256_hex(&packages::jar(GROUP, "gadget", "2.0.0"));
    let mut folders = vec![server.data_dir().join("blobs")];
    let mut deleted = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().contains(&sha256) {
                std::fs::remove_file(entry.path()).unwrap();
                deleted += 1;
            }
        }
    }
    assert_eq!(deleted, 1, "the blob of the staged jar is one file");
    let report = fsck(&server);
    assert_eq!(report["is_clean"], false, "{report}");
    assert!(report.to_string().contains(&sha256), "{report}");
    server.cli(&["fsck"]).fails();
    // It is not published with a hole in it, and the file can be sent again.
    let answer = finish(&server, &token, "2.0.0");
    assert!(answer.status >= 400, "{}", answer.status);
    check_served(&server, "2.0.0", false);
    check_served(&server, "1.0.0", true);
    stage(&server, &token, "2.0.0");
    assert_eq!(finish(&server, &token, "2.0.0").status, 201);
    check_served(&server, "2.0.0", true);
    assert_eq!(fsck(&server)["is_clean"], true, "{}", fsck(&server));
}

#[test]
fn nothing_is_restored_over_a_deploy_that_is_under_way() {
    let (server, _) = with_a_deploy_under_way("");
    let file = server.scratch().join("backup.tar").display().to_string();
    server.cli(&["backup", &file]).ok();
    // Into a folder that has something already, nothing is restored.
    let data = server.data_dir().display().to_string();
    vouchsafe(server.scratch(), &[], &["restore", &file, "--data", &data]).fails();
    check_served(&server, "1.0.0", true);
}
