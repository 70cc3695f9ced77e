//! The `Via` header: how registries that are each other's upstream notice it.
//!
//! A registry that asks its upstream on behalf of another registry passes that one's name on.
//! Otherwise two that are each other's upstream would each wait for its own fetch to end. The names
//! belong to the request that is served, so they travel with its task like a tracing span does, and
//! no function between the edge and the wire has to hand them on.

use std::sync::Arc;

use http::HeaderValue;
use tokio::task_local;

use crate::config::ConfigError;

/// What the names of our kind start with. Other proxies on the way are nobody's business upstream.
const KIND: &str = "vouchsafe";
/// Longest chain that is passed on, in bytes. Whoever is behind a longer one goes in circles.
const MAX_CHAIN_BYTES: usize = 2000;

task_local! {
    static CAME_THROUGH: Arc<str>;
}

/// Runs a request in the knowledge of the registries that it came through.
///
/// * `via`: its `Via` header; several are joined by commas.
pub async fn coming_through<F: Future>(via: &str, request: F) -> F::Output {
    match registries(via) {
        Some(chain) => CAME_THROUGH.scope(chain.into(), request).await,
        None => request.await,
    }
}

/// Takes the knowledge of this task along into a future that becomes a task of its own.
pub fn with_origin<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    let chain = CAME_THROUGH.try_with(Arc::clone).ok();
    async move {
        match chain {
            Some(chain) => CAME_THROUGH.scope(chain, future).await,
            None => future.await,
        }
    }
}

/// The `Via` value of a request that goes out on behalf of this task; `None` when nobody but our
/// own name stands in it.
pub(crate) fn passed_on(own: &HeaderValue) -> Option<HeaderValue> {
    let own = own.to_str().ok()?;
    let chain = CAME_THROUGH.try_with(|chain| format!("{chain}, {own}")).ok()?;
    HeaderValue::from_str(&chain).ok()
}

fn registries(via: &str) -> Option<String> {
    let is_ours = |entry: &&str| received_by(entry).is_some_and(|by| by.starts_with(KIND));
    let chain: Vec<&str> = via.split(',').map(str::trim).filter(is_ours).collect();
    (!chain.is_empty()).then(|| chain.join(", "))
}

/// The `Via` value that goes out with every request.
pub(crate) fn header(via_name: &str) -> Result<HeaderValue, ConfigError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let refuse = || ConfigError::ViaName { found: via_name.to_owned() };
    if via_name.is_empty() || via_name.len() > 100 || !via_name.chars().all(is_name) {
        return Err(refuse());
    }
    HeaderValue::from_str(&format!("1.1 {via_name}")).map_err(|_| refuse())
}

/// Whether a `Via` header names this registry, or so many that it must be somewhere among them.
///
/// Source: RFC 9110, section 7.6.3: entries are `[protocol/]version received-by [comment]`,
/// separated by commas. Cutting comments at commas, too, can only find more names.
pub(crate) fn names(via: &str, via_name: &str) -> bool {
    via.len() > MAX_CHAIN_BYTES
        || via
            .split(',')
            .any(|entry| received_by(entry).is_some_and(|by| by.eq_ignore_ascii_case(via_name)))
}

fn received_by(entry: &str) -> Option<&str> {
    entry.split_ascii_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_name_is_found_among_others() {
        for (via, expected) in [
            ("1.1 reg-1", true),
            ("1.0 fred, 1.1 p.example.net, HTTP/2.0 REG-1 (vouchsafe)", true),
            ("1.1 reg-10", false),
            ("1.1 other (reg-1)", false),
            ("reg-1", false),
            ("", false),
        ] {
            assert_eq!(names(via, "reg-1"), expected, "{via:?}");
        }
    }

    #[tokio::test]
    async fn registries_are_passed_on_into_tasks_and_other_proxies_are_not() {
        let own = HeaderValue::from_static("1.1 vouchsafe-b");
        assert_eq!(passed_on(&own), None);
        let via = "1.1 squid.corp, 1.1 vouchsafe-a (x), 1.0 vouchsafe-c";
        let sent = coming_through(via, async {
            tokio::spawn(with_origin(async move { passed_on(&own) })).await
        });
        let expected = "1.1 vouchsafe-a (x), 1.0 vouchsafe-c, 1.1 vouchsafe-b";
        assert_eq!(sent.await.unwrap().unwrap(), expected);
    }

    #[test]
    fn a_chain_without_end_is_a_loop() {
        assert!(names(&"1.1 vouchsafe-a, ".repeat(200), "vouchsafe-b"));
    }

    #[test]
    fn a_name_cannot_inject_a_header() {
        for bad in ["", "a b", "a\r\nX: y", "a,b", "(x)", "é"] {
            assert!(header(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(header("reg-1.example").unwrap(), "1.1 reg-1.example");
    }
}
