//! Files that are never meant for a package: credentials that lie in a project folder.

/// Names that hold credentials, in lower case.
const NAMES: [&str; 8] =
    ["auth.json", ".env", ".env.local", ".netrc", ".npmrc", "id_rsa", "id_ed25519", "id_ecdsa"];
/// Endings of names that hold keys.
const ENDINGS: [&str; 4] = [".pem", ".p12", ".pfx", ".ppk"];

/// Whether a file looks like one, by its name.
///
/// * `path`: relative, with slashes.
pub(super) fn looks_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || (name.starts_with(".env.") && name.ends_with(".local"))
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn credentials_are_recognized_by_their_names() {
        for path in ["auth.json", "a/AUTH.JSON", ".env", ".env.prod.local", "key.pem", "id_rsa"] {
            assert!(looks_secret(path), "{path}");
        }
        for path in ["composer.json", ".env.example", ".env.dist", "src/Auth.php", "pem.php"] {
            assert!(!looks_secret(path), "{path}");
        }
    }
}
