//! TLS with given certificates.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vouchsafe_testkit::{Ran, Server};

use crate::{start, vouchsafe};

/// A self-signed certificate for this machine, and its key.
fn certificate() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("openssl");
    command.current_dir(folder.path()).args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1,DNS:localhost",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]);
    Ran::of(command).ok();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    (folder, certificate, key)
}

fn config(certificate: &Path, key: &Path) -> String {
    let (certificate, key) = (certificate.display(), key.display());
    format!("[server]\ntls_cert = \"{certificate}\"\ntls_key = \"{key}\"\n")
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let (folder, certificate, key) = certificate();
    let (_other_folder, _, other_key) = self::certificate();
    let nothing = folder.path().join("nothing.pem");
    std::fs::write(&nothing, "not a certificate").unwrap();
    let missing = folder.path().join("missing.pem");
    for (certificate, key, named) in [
        (&missing, &key, &missing),
        (&certificate, &missing, &missing),
        (&nothing, &key, &nothing),
        (&certificate, &nothing, &nothing),
        // The key of another certificate.
        (&certificate, &other_key, &other_key),
    ] {
        std::fs::write(folder.path().join("vouchsafe.toml"), config(certificate, key)).unwrap();
        let args = ["serve", "--data", ".", "--listen", "127.0.0.1:0"];
        let ran = vouchsafe(folder.path(), &[], &args).fails().says("cannot use the TLS file");
        assert_eq!(ran.code, Some(1));
        ran.says(&named.display().to_string());
    }
}

#[test]
fn the_addresses_that_clients_are_told_are_https() {
    let (_folder, certificate, key) = certificate();
    let server = start(&config(&certificate, &key));
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-verify_return_error", "-verify_ip", "127.0.0.1"]);
    command.args(["-connect", server.address(), "-CAfile"]).arg(&certificate);
    let request = format!(
        "GET /cargo/index/config.json HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.address()
    );
    Ran::with_input(command, &request).ok().says(&format!("{}/cargo", https(&server)));
}

fn https(server: &Server) -> String {
    format!("https://{}", server.address())
}

mod real_client {
    use super::*;
    use crate::clients::Clients;

    #[test]
    fn package_managers_that_trust_the_certificate_publish_and_install() {
        let (_folder, certificate, key) = certificate();
        let server = start(&config(&certificate, &key));
        let token = server.user_and_token("alice");
        let clients = Clients::at(&https(&server), &token, Some(&certificate));
        clients.cargo_publish("over-tls");
        clients.cargo_install("over-tls");
        clients.npm_publish("over-tls");
        clients.npm_install("over-tls");
        clients.twine_upload("over_tls");
        clients.pip_install("over_tls");
    }

    #[test]
    fn a_package_manager_that_does_not_trust_it_sends_no_token() {
        let (_folder, certificate, key) = certificate();
        let mut server = start(&config(&certificate, &key));
        let token = server.user_and_token("alice");
        let mut clients = Clients::at(&https(&server), &token, None);
        clients.sandbox.set("npm_config_fetch_retries", "0");
        clients.sandbox.run(clients.sandbox.home(), "npm", &["whoami"]).fails();
        server.stop();
        assert!(!server.log().contains("request served"), "{}", server.log());
    }
}
