//! What every key of the configuration file means: the page `docs/reference/configuration.md`.
//!
//! Tests hold the table against the file's own structures and against the environment's rule.

use std::fmt::Write as _;

/// Where a key has a name that people choose, such as an ecosystem.
const ANY: &str = "<ecosystem>";

struct Section {
    name: &'static str,
    about: &'static str,
    keys: &'static [Key],
}

struct Key {
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    about: &'static str,
}

const fn key(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key { name, kind, default, about }
}

const SECTIONS: &[Section] = &[
    Section {
        name: "server",
        about: "Where it listens and what people call it.",
        keys: &[
            key(
                "listen",
                "address and port",
                "`127.0.0.1:7878`",
                "Where connections are accepted. Port 0 lets the system choose.",
            ),
            key(
                "public_url",
                "URL",
                "made from `listen`",
                "The address people use. Links and index documents are made from it. Needed when `listen` names no single address.",
            ),
            key(
                "data_dir",
                "path",
                "`vouchsafe-data`",
                "Database, blobs and cache when they are local, and uploads while they arrive.",
            ),
            key(
                "tls_cert",
                "path",
                "none: plain HTTP",
                "Certificate chain (PEM). Goes with `tls_key`.",
            ),
            key("tls_key", "path", "none", "Its private key (PEM)."),
            key(
                "tls_http2",
                "boolean",
                "`false`",
                "Offer HTTP/2 with TLS. It has no reason phrase, and for several clients that is all a person sees of a refusal.",
            ),
            key(
                "trusted_proxies",
                "list of networks",
                "`[]`",
                "Whose `X-Forwarded-For` is believed.",
            ),
            key(
                "max_connections",
                "number",
                "`4096`",
                "Open connections at most. Further ones wait in the system's queue.",
            ),
            key(
                "shutdown_grace_secs",
                "seconds",
                "`30`",
                "How long running requests may take after a stop was asked for.",
            ),
            key(
                "log_format",
                "`text` or `json`",
                "`text`",
                "How the log looks, on standard error.",
            ),
            key(
                "log_level",
                "text",
                "`info`",
                "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,vouchsafe_app=debug`.",
            ),
            key(
                "security_contact",
                "URL",
                "none",
                "Whom to tell of a hole, such as `mailto:security@example.org`. Served as `/.well-known/security.txt`.",
            ),
        ],
    },
    Section {
        name: "database",
        about: "Where accounts, releases and events are.",
        keys: &[key(
            "url",
            "secret text",
            "SQLite in `data_dir`",
            "`postgres://…`, or `sqlite:` and a file.",
        )],
    },
    Section {
        name: "blobs",
        about: "Where the bytes of artifacts are.",
        keys: &[
            key("backend", "`local` or `s3`", "`local`", "A folder below `data_dir`, or a bucket."),
            key("s3_endpoint", "URL", "that of the original service", "A server that speaks S3."),
            key("s3_bucket", "text", "none; needed with `s3`", "The bucket."),
            key("s3_prefix", "text", "none", "Prefix of every key in the bucket."),
            key("s3_region", "text", "`us-east-1`", "The region."),
            key("s3_access_key_id", "text", "none; needed with `s3`", "The credential's name."),
            key("s3_secret_access_key", "secret text", "none; needed with `s3`", "The credential."),
            key("s3_allow_http", "boolean", "`false`", "Allow an endpoint without TLS."),
        ],
    },
    Section {
        name: "access",
        about: "Who may do what.",
        keys: &[
            key(
                "read",
                "`public` or `signed-in`",
                "`public`",
                "Whether packages are shown to everybody or to people with a token.",
            ),
            key(
                "unpublish",
                "`never`, a time, or `owners`",
                "`72h`",
                "Whether owners may remove a release for good, and how long after it was published. Administrators may.",
            ),
            key(
                "token_default_days",
                "days",
                "`90`",
                "When tokens end that are made without an end. 0 is never.",
            ),
        ],
    },
    Section {
        name: "policy",
        about: "Which releases are served, and what may be published.",
        keys: &[
            key("cooldown", "time", "`0`", "How old an upstream release must be, such as `3d`."),
            key(
                "cooldowns",
                "table of times",
                "none",
                "The same for single ecosystems: `npm = \"7d\"`.",
            ),
            key(
                "allow_only",
                "list of ecosystems",
                "`[]`",
                "Here only what `vouchsafe policy allow` names is served.",
            ),
            key(
                "strict_publish",
                "list of ecosystems",
                "`[]`",
                "Here a release must have what the public repository asks for.",
            ),
            key(
                "require_namespace",
                "list of ecosystems",
                "`[]`",
                "Here a new package needs a namespace of its publisher.",
            ),
            key(
                "cool_hosted",
                "boolean",
                "`false`",
                "Whether releases published here wait as well.",
            ),
        ],
    },
    Section {
        name: "namespaces",
        about: "How people prove that a name is theirs.",
        keys: &[
            key(
                "dns_server",
                "address and port",
                "those of this machine",
                "The name server that is asked for proofs.",
            ),
            key(
                "domains_for_names",
                "boolean",
                "`false`: you approve each",
                "The domain `acme.TLD` is enough to get the name `acme` where names are no domains.",
            ),
            key(
                "code_hosts",
                "table of URLs",
                "none",
                "Code hosts whose users may prove their names: `\"io.codehost\" = \"https://codehost.example\"`.",
            ),
        ],
    },
    Section {
        name: "sources",
        about: "How git repositories are read.",
        keys: &[
            key(
                "allow_private_network",
                "boolean",
                "`false`",
                "Repositories may be at private addresses.",
            ),
            key("max_repository_mb", "megabytes", "`512`", "Largest repository that is fetched."),
            key("timeout_secs", "seconds", "`300`", "How long fetching one may take."),
        ],
    },
    Section {
        name: "upstreams.<ecosystem>",
        about: "Where the public packages of an ecosystem come from. Without a section there is no proxy for it.",
        keys: &[
            key("url", "URL", "none; needed", "The upstream's base address."),
            key(
                "bearer_token",
                "secret text",
                "none",
                "Credential for that host, and for no other.",
            ),
            key("username", "text", "none", "The same as a name and a password."),
            key("password", "secret text", "none", "Goes with `username`."),
            key(
                "index_ttl_secs",
                "seconds",
                "`300`",
                "How long an index is believed before the upstream is asked again.",
            ),
            key(
                "stale_max_secs",
                "seconds",
                "`604800`",
                "How long an index may be served when the upstream cannot be reached.",
            ),
            key(
                "allow_private_network",
                "boolean",
                "`false`",
                "Its documents and redirects may lead to private addresses beyond the configured host and port.",
            ),
        ],
    },
    Section {
        name: "ecosystems.<ecosystem>",
        about: "What is different for one ecosystem.",
        keys: &[
            key("public_url", "URL", "below `server.public_url`", "A host name of its own."),
            key("max_artifact_mb", "megabytes", "the ecosystem's own", "Largest upload."),
            key(
                "keep_snapshots",
                "number",
                "all of them",
                "Maven: how many builds of a snapshot version are kept.",
            ),
        ],
    },
];

/// The page.
pub(crate) fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\nEvery key of the configuration file (TOML) and its environment variable. All keys are \
         optional; one that is not known is an error.\n\n`vouchsafe serve --config FILE` reads the file, or \
         `vouchsafe.toml` in the data folder when none is named. The environment lies over the file, flags lie over \
         both. A value in the environment is written as in the file, texts without quotes. Put secrets there, so that \
         the file holds none. `vouchsafe config check` says what it all comes to.\n\nTimes are numbers with a unit: \
         `90s`, `15m`, `72h`, `3d`.\n",
    );
    for Section { name, about, keys } in SECTIONS {
        let _ = write!(
            page,
            "\n## {name}\n\n{about}\n\n| key | value | default | meaning | environment |\n"
        );
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for Key { name: key, kind, default, about } in *keys {
            let variable = variable(name, key);
            let _ = writeln!(page, "| `{key}` | {kind} | {default} | {about} | `{variable}` |");
        }
    }
    page
}

fn variable(section: &str, key: &str) -> String {
    let section = section.replace(&format!(".{ANY}"), "_<E>");
    let below = if key == "cooldowns" { "_<E>" } else { "" };
    format!("VOUCHSAFE_{section}_{key}{below}").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::environment;
    use super::*;
    use crate::config::ConfigFile;

    /// The keys of a table of the file, as serde names them when it meets one that is not known.
    fn known_keys(path: &[&str]) -> BTreeSet<String> {
        let mut table = toml::Table::new();
        table.insert("no-such-key".to_owned(), 1.into());
        for name in path.iter().rev() {
            let mut outer = toml::Table::new();
            outer.insert((*name).to_owned(), toml::Value::Table(table));
            table = outer;
        }
        let message = ConfigFile::from_table(table).unwrap_err().to_string();
        // What follows on further lines says in which table.
        let expected = message.lines().find_map(|line| line.split_once("expected ")).unwrap().1;
        let words = expected.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    }

    #[test]
    fn every_key_of_the_file_is_told_and_no_other() {
        let mut sections = BTreeSet::new();
        for Section { name, keys, .. } in SECTIONS {
            let path: Vec<_> = name.split('.').map(|part| part.replace(ANY, "npm")).collect();
            let path: Vec<_> = path.iter().map(String::as_str).collect();
            sections.insert(path[0].to_owned());
            let told: BTreeSet<_> = keys.iter().map(|key| key.name.to_owned()).collect();
            assert_eq!(told, known_keys(&path), "[{name}]");
        }
        assert_eq!(sections, known_keys(&[]));
    }

    #[test]
    fn every_variable_reaches_its_key() {
        for Section { name, keys, .. } in SECTIONS {
            for Key { name: key, .. } in *keys {
                // A table of names that hold dots has no variable of its own kind.
                let variable = variable(name, key).replace("<E>", "NPM");
                let path = environment::path_of(variable.strip_prefix("VOUCHSAFE_").unwrap());
                let mut expected = name.replace(ANY, "npm") + "." + key;
                if *key == "cooldowns" {
                    expected.push_str(".npm");
                }
                assert_eq!(path.unwrap().join("."), expected, "{variable}");
            }
        }
    }
}
