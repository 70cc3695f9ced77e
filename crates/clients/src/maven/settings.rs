//! What Maven's settings say about where a repository really is.
//!
//! Rules as in Maven: settings of the user come before those of the installation; a mirror of
//! exactly this repository wins over one by pattern, then the first one counts; a server entry
//! with the id of the mirror holds the credential.

use std::path::{Path, PathBuf};

use roxmltree::Node;
use url::{Host, Url};
use vouchsafe_domain::Secret;

use crate::Env;
use crate::discovered::basic;
use crate::draft::SetupError;
use crate::xml_file::{self, child_text, children};

/// One file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    file: PathBuf,
    mirrors: Vec<Mirror>,
    servers: Vec<Server>,
    /// Repositories of profiles that are always on: id and address.
    repositories: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) id: String,
    pub(super) url: String,
    of: String,
    is_blocked: bool,
}

#[derive(Debug)]
struct Server {
    id: String,
    username: Option<String>,
    password: Option<String>,
    /// A header that a build sends as it is.
    authorization: Option<String>,
}

impl Settings {
    pub(super) fn read(file: &Path, text: &str) -> Result<Self, SetupError> {
        let settings = Self::parse(text).map_err(|reason| SetupError::unclear(file, reason))?;
        Ok(Self { file: file.to_owned(), ..settings })
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let document = xml_file::parse(text)?;
        let root = document.root_element();
        let owned = |node, name| child_text(node, name).map(str::to_owned);
        let mirrors = entries(root, "mirrors", "mirror").filter_map(|node| {
            Some(Mirror {
                id: owned(node, "id").unwrap_or_default(),
                url: owned(node, "url")?,
                of: owned(node, "mirrorOf")?,
                is_blocked: child_text(node, "blocked") == Some("true"),
            })
        });
        let servers = entries(root, "servers", "server").filter_map(|node| {
            let header = |property: &Node<'_, '_>| {
                let name = child_text(*property, "name");
                name.is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            };
            let authorization = children(node, "configuration")
                .flat_map(|node| entries(node, "httpHeaders", "property"))
                .find(header)
                .and_then(|property| owned(property, "value"));
            Some(Server {
                id: owned(node, "id")?,
                username: owned(node, "username"),
                password: owned(node, "password"),
                authorization,
            })
        });
        let switched_on: Vec<&str> = entries(root, "activeProfiles", "activeProfile")
            .filter_map(|node| node.text().map(str::trim))
            .collect();
        let is_on = |profile: &Node<'_, '_>| {
            let by_name = child_text(*profile, "id").is_some_and(|id| switched_on.contains(&id));
            let mut activation = children(*profile, "activation");
            by_name || activation.any(|node| child_text(node, "activeByDefault") == Some("true"))
        };
        let repositories = entries(root, "profiles", "profile")
            .filter(is_on)
            .flat_map(|profile| entries(profile, "repositories", "repository"))
            .filter_map(|node| Some((owned(node, "id")?, owned(node, "url")?)));
        Ok(Self {
            file: PathBuf::new(),
            mirrors: mirrors.collect(),
            servers: servers.collect(),
            repositories: repositories.collect(),
        })
    }

    /// The id of the mirror that is asked first.
    pub(super) fn first_mirror(&self) -> Option<&str> {
        self.mirrors.first().map(|mirror| mirror.id.as_str())
    }

    /// The repositories that a mirror names one by one, and that a mirror of everything therefore
    /// does not catch.
    pub(super) fn mirrors_by_name(&self) -> Vec<String> {
        let is_name = |of: &&String| !of.contains(['*', ',', '!']);
        self.mirrors.iter().map(|mirror| &mirror.of).filter(is_name).cloned().collect()
    }
}

/// Elements of a list.
fn entries<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    list: &'a str,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    children(parent, list).flat_map(move |list| children(list, name))
}

/// The address that a profile gives a repository, and the file that says so.
pub(super) fn repository<'a>(all: &'a [Settings], id: &str) -> Option<(&'a str, &'a Path)> {
    all.iter().find_map(|settings| {
        let (_, url) = settings.repositories.iter().find(|(name, _)| name == id)?;
        Some((url.as_str(), settings.file.as_path()))
    })
}

/// The mirror of a repository, and the file that says so.
pub(super) fn mirror<'a>(
    all: &'a [Settings],
    id: &str,
    address: &str,
) -> Option<(&'a Mirror, &'a Path)> {
    let mirrors = || {
        all.iter().flat_map(|settings| {
            settings.mirrors.iter().map(|mirror| (mirror, settings.file.as_path()))
        })
    };
    let exact = mirrors().find(|(mirror, _)| mirror.of == id);
    let found = exact.or_else(|| mirrors().find(|(mirror, _)| matches(&mirror.of, id, address)));
    found.filter(|(mirror, _)| !mirror.is_blocked)
}

/// Whether a list of patterns (`*`, `external:*`, `external:http:*`, an id, `!` before an id)
/// means a repository. What is excepted stays so, wherever it stands.
fn matches(patterns: &str, id: &str, address: &str) -> bool {
    let patterns: Vec<&str> = patterns.split(',').map(str::trim).collect();
    if patterns.iter().any(|pattern| pattern.strip_prefix('!') == Some(id)) {
        return false;
    }
    let url = address.parse::<Url>().ok();
    let is_local = url.as_ref().is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    });
    let is_plain = url.as_ref().is_some_and(|url| url.scheme() == "http");
    patterns.into_iter().any(|pattern| match pattern {
        "*" => true,
        "external:*" => !is_local,
        "external:http:*" => !is_local && is_plain,
        name => name == id,
    })
}

/// What Maven would send to a repository or mirror. An encrypted password is only Maven's to read.
pub(super) fn credential(all: &[Settings], id: &str, env: &Env) -> Option<Secret> {
    let server = all.iter().flat_map(|settings| &settings.servers).find(|s| s.id == id)?;
    if let Some(header) = &server.authorization {
        return expand(env, header).map(Secret::new);
    }
    let username = expand(env, server.username.as_deref()?)?;
    let password = expand(env, server.password.as_deref()?)?;
    let is_encrypted = password.starts_with('{') && password.ends_with('}');
    (!is_encrypted).then(|| basic(&username, &password))
}

/// Replaces `${env.NAME}`. What Maven would take from elsewhere makes the value worthless.
fn expand(env: &Env, value: &str) -> Option<String> {
    let mut rest = value;
    let mut expanded = String::new();
    while let Some((head, tail)) = rest.split_once("${") {
        let (name, after) = tail.split_once('}')?;
        expanded.push_str(head);
        expanded.push_str(env.var(name.strip_prefix("env.")?)?);
        rest = after;
    }
    expanded.push_str(rest);
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_to_maven() {
        let check = |patterns, address, expected| {
            assert_eq!(matches(patterns, "central", address), expected, "{patterns}");
        };
        let (remote, local) = ("https://upstream.example/", "http://127.0.0.1:81/");
        check("*", remote, true);
        check("central", remote, true);
        check("other", remote, false);
        check("*,!central", remote, false);
        check("!other, *", remote, true);
        check("external:*", remote, true);
        check("external:*", local, false);
        check("external:http:*", remote, false);
        check("external:http:*", "http://upstream.example/", true);
        check("external:http:*", local, false);
    }

    #[test]
    fn a_mirror_of_exactly_this_wins_and_a_blocked_one_is_none() {
        let check = |mirrors: &[(&str, &str)], expected: Option<&str>| {
            let mirrors: String = mirrors
                .iter()
                .map(|(of, more)| {
                    format!("<mirror><mirrorOf>{of}</mirrorOf><url>u-{of}</url>{more}</mirror>")
                })
                .collect();
            let text = format!("<settings><mirrors>{mirrors}</mirrors></settings>");
            let all = [Settings::parse(&text).unwrap()];
            let found = mirror(&all, "central", "https://upstream.example/");
            assert_eq!(found.map(|(mirror, _)| mirror.url.as_str()), expected);
        };
        check(&[("*", ""), ("central", "")], Some("u-central"));
        check(&[("other", ""), ("external:*", ""), ("*", "")], Some("u-external:*"));
        check(&[("*", "<blocked>true</blocked>")], None);
        check(&[], None);
    }

    #[test]
    fn a_password_that_only_maven_can_read_is_none() {
        let check = |server: &str, expected: Option<&str>| {
            let text = format!("<settings><servers>{server}</servers></settings>");
            let env = Env::new("/nowhere", "/nowhere", [("PW".into(), "pw".into())]);
            let found = credential(&[Settings::parse(&text).unwrap()], "x", &env);
            assert_eq!(found.as_ref().map(Secret::expose), expected, "{server}");
        };
        let user = |password: &str| {
            format!(
                "<server><id>x</id><username>me</username><password>{password}</password></server>"
            )
        };
        check(&user("pw"), Some("Basic bWU6cHc="));
        check(&user("${env.PW}"), Some("Basic bWU6cHc="));
        check(&user("${env.MISSING}"), None);
        check(&user("{COQLCE6DU6GtcS5P=}"), None);
        check(
            "<server><id>x</id><configuration><httpHeaders><property><name>Authorization</name>\
             <value>Bearer t</value></property></httpHeaders></configuration></server>",
            Some("Bearer t"),
        );
        check("<server><id>y</id></server>", None);
    }
}
