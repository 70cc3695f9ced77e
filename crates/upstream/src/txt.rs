//! TXT records of domains: what a domain's holder says there, asked for without any memory.
//!
//! # Invariants
//!
//! - Only records of the domain itself count. Who answers for the target of an alias (`CNAME`) is
//!   not who holds the domain.
//! - "There is no such record" is told from "nobody can tell": a name server that is down proves
//!   nothing, neither for nor against.
//! - Nothing is cached: a record that was set a second ago is seen, one that is gone is gone.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData};

/// Longest wait for one answer of one server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for the whole question, with every server and repetition.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How often one server is asked again.
const ATTEMPTS: usize = 2;
/// Records that are looked at, at most.
const MAX_RECORDS: usize = 200;
/// Longest text of one record that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 4096;

/// Why nobody can tell what a domain says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TxtError {
    /// It is not a domain name.
    #[error("`{0}` is not a domain name")]
    BadDomain(String),
    /// This machine's resolver configuration cannot be read.
    #[error("the name servers of this machine are not known: {0}")]
    Setup(String),
    /// No name server gave an answer.
    #[error("no name server answered for `{domain}`: {reason}")]
    Unanswered {
        /// The domain.
        domain: String,
        /// Why.
        reason: String,
    },
}

/// Asks name servers for TXT records.
#[derive(Debug, Clone, Copy, Default)]
pub struct TxtLookup {
    /// The name server to ask; without one those that this machine is configured for.
    pub server: Option<SocketAddr>,
}

impl TxtLookup {
    /// The texts of all TXT records of a domain, in no particular order. Empty when the domain has
    /// none, or does not exist.
    ///
    /// # Errors
    ///
    /// [`TxtError`] when that cannot be told.
    pub async fn texts(&self, domain: &str) -> Result<Vec<String>, TxtError> {
        let name = domain_name(domain)?;
        let resolver = self.resolver().map_err(|error| TxtError::Setup(error.to_string()))?;
        let unanswered =
            |reason: String| TxtError::Unanswered { domain: domain.to_owned(), reason };
        let asked = tokio::time::timeout(QUESTION_TIMEOUT, resolver.txt_lookup(name.clone())).await;
        let lookup = match asked {
            Ok(Ok(lookup)) => lookup,
            Ok(Err(error)) if says_there_is_none(&error) => return Ok(Vec::new()),
            Ok(Err(error)) => return Err(unanswered(error.to_string())),
            Err(_elapsed) => return Err(unanswered("it took too long".to_owned())),
        };
        let own = lookup.answers().iter().filter(|record| record.name == name);
        let texts = own.take(MAX_RECORDS).filter_map(|record| match &record.data {
            RData::TXT(txt) => text_of(&txt.txt_data),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// A resolver for one question. The configuration of the machine is read each time: it may
    /// have changed, and this is asked for rarely.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = connections.map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, Default::default())
            }
            None => TokioResolver::builder_tokio()?,
        };
        set_options(builder.options_mut());
        builder.build()
    }
}

fn set_options(options: &mut ResolverOpts) {
    options.timeout = ANSWER_TIMEOUT;
    options.attempts = ATTEMPTS;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = true;
    options.edns0 = true;
}

/// A server that answers "no" is believed; one that fails is not.
fn says_there_is_none(error: &NetError) -> bool {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(found)) => {
            matches!(found.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
        }
        _ => false,
    }
}

/// The strings of one record are one text (RFC 7208, section 3.3, and common practice).
fn text_of(strings: &[Box<[u8]>]) -> Option<String> {
    let length: usize = strings.iter().map(|part| part.len()).sum();
    if length > MAX_TEXT_BYTES {
        return None;
    }
    String::from_utf8(strings.concat()).ok()
}

/// A domain as people hold them: at least two labels of letters, digits and dashes, ASCII form,
/// and no address. Absolute, so that no search list of the machine is tried.
fn domain_name(domain: &str) -> Result<Name, TxtError> {
    let refuse = || TxtError::BadDomain(domain.chars().take(80).collect());
    if !is_domain(domain) {
        return Err(refuse());
    }
    Name::from_ascii(format!("{domain}.")).map_err(|_| refuse())
}

/// Whether a text is a domain name that somebody may hold: at least two labels of lower-case
/// letters, digits and dashes, the last one not a number.
pub fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(is_label)
        && last.bytes().any(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_domains_are_asked_for() {
        for good in ["acme.example", "a.b.c.example", "xn--bcher-kva.example", "1.example"] {
            assert!(is_domain(good), "{good} was refused");
        }
        let long = format!("{}.example", "a".repeat(64));
        let very_long = ["abcdefgh"; 40].join(".");
        for bad in [
            "",
            "example",
            ".example",
            "example.",
            "a..example",
            "127.0.0.1",
            "[::1]",
            "a_b.example",
            "Acme.example",
            "-a.example",
            "a-.example",
            "a b.example",
            "a/b.example",
            "a.example\n",
            "bücher.example",
            "*.example",
            long.as_str(),
            very_long.as_str(),
        ] {
            assert!(!is_domain(bad), "{bad:?} was accepted");
        }
    }

    #[test]
    fn the_strings_of_a_record_are_one_text() {
        let parts: Vec<Box<[u8]>> = vec![b"vouchsafe-".as_slice().into(), b"x".as_slice().into()];
        assert_eq!(text_of(&parts).as_deref(), Some("vouchsafe-x"));
        assert_eq!(text_of(&[b"\xff".as_slice().into()]), None);
        let huge: Vec<Box<[u8]>> = vec![vec![b'a'; 255].into(); 20];
        assert_eq!(text_of(&huge), None);
    }
}
