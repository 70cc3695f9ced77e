//! Proofs: what has to be shown, where it is looked for, and what it proves.

use vouchsafe_domain::{ErrorCode, NamespaceMethod, RefusalKind};
use vouchsafe_store::NamespaceRow;
use vouchsafe_upstream::TxtLookup;

use crate::tokens::random;
use crate::{App, AppError, Mounted};

/// What stands in a TXT record before the challenge.
const TXT_PREFIX: &str = "vouchsafe-verification=";

impl App {
    /// What the owner of a claim has to do. `None` when nothing proves it.
    pub(super) fn how_to_prove(&self, row: &NamespaceRow) -> Option<String> {
        let proof = row.proof.as_deref()?;
        match row.method {
            NamespaceMethod::Dns => Some(format!(
                "add a TXT record to {proof} with the text {TXT_PREFIX}{} and leave it there: it is \
                 looked for again from time to time",
                row.challenge
            )),
            NamespaceMethod::CodeHost => {
                let (host, user) = proof.split_once('/')?;
                let address =
                    self.inner.namespace_claims.hosts.address(host, user, &row.challenge)?;
                Some(format!(
                    "make a public repository at {address}; it may be removed once the namespace is \
                     verified"
                ))
            }
            NamespaceMethod::Operator => None,
        }
    }

    /// Looks for the proof of a claim. False: it is not there.
    ///
    /// # Errors
    ///
    /// `upstream.unavailable` when nobody can tell.
    pub(super) async fn has_proof(&self, row: &NamespaceRow) -> Result<bool, AppError> {
        let Some(proof) = row.proof.as_deref() else { return Ok(false) };
        match row.method {
            NamespaceMethod::Dns => self.has_record(proof, &row.challenge).await,
            NamespaceMethod::CodeHost => self.has_repository(proof, &row.challenge).await,
            NamespaceMethod::Operator => Ok(false),
        }
    }

    async fn has_record(&self, domain: &str, challenge: &str) -> Result<bool, AppError> {
        let lookup = TxtLookup { server: self.config().namespaces.dns_server };
        let texts = lookup.texts(domain).await.map_err(|error| {
            tracing::warn!(domain, error = %error, "a TXT record cannot be looked for");
            unavailable(format!("the name servers of {domain} cannot be asked; try again later"))
        })?;
        let expected = format!("{TXT_PREFIX}{challenge}");
        Ok(texts.iter().any(|text| text.trim() == expected))
    }

    async fn has_repository(&self, proof: &str, challenge: &str) -> Result<bool, AppError> {
        let Some((host, user)) = proof.split_once('/') else { return Ok(false) };
        let hosts = &self.inner.namespace_claims.hosts;
        let cannot = |error| {
            tracing::warn!(host, error = %error, "a code host cannot be asked");
            unavailable(format!("the code host of {host} cannot be asked; try again later"))
        };
        if !hosts.has_repository(host, user, challenge).await.map_err(cannot)? {
            return Ok(false);
        }
        // A host that finds whatever it is asked for proves nothing.
        let bytes = random()?;
        let other = hex::encode(bytes.get(..20).unwrap_or(&bytes));
        let finds_anything = hosts.has_repository(host, user, &other).await.map_err(cannot)?;
        if finds_anything {
            tracing::warn!(host, "a code host answers alike for repositories that do not exist");
        }
        Ok(!finds_anything)
    }

    /// Whether this kind of proof gives a right to this name by itself. Where a name has nothing
    /// to do with domains, having a domain proves that one has a domain.
    pub(super) fn gives_right(&self, mounted: &Mounted, row: &NamespaceRow) -> bool {
        let prefix = row.namespace.prefix();
        match (row.method, row.proof.as_deref()) {
            (NamespaceMethod::Dns, Some(domain)) => {
                mounted.adapter.domain_of_namespace(prefix).is_some()
                    || (self.config().namespaces.domains_for_names && is_label_of(prefix, domain))
            }
            // The operator has said which names belong to the users of the host.
            (NamespaceMethod::CodeHost, Some(_)) => true,
            _ => false,
        }
    }
}

/// Whether a name is the one word before the ending of a domain: `@acme` and `acme.example`.
/// Deeper domains are left out: without a list of endings nobody can tell whose they are.
fn is_label_of(prefix: &str, domain: &str) -> bool {
    let word = prefix.strip_prefix('@').unwrap_or(prefix);
    domain.split_once('.').is_some_and(|(label, ending)| label == word && !ending.contains('.'))
}

fn unavailable(message: String) -> AppError {
    AppError::refused(RefusalKind::Unavailable, ErrorCode::UpstreamUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::is_label_of;

    #[test]
    fn a_name_is_the_word_before_the_ending_and_nothing_else() {
        for (prefix, domain, expected) in [
            ("@acme", "acme.example", true),
            ("acme", "acme.example", true),
            ("acme", "acme.co.example", false),
            ("acme", "www.acme.example", false),
            ("acme", "acmeevil.example", false),
            ("acme", "evil.acme", false),
            ("@@acme", "acme.example", false),
        ] {
            assert_eq!(is_label_of(prefix, domain), expected, "{prefix} {domain}");
        }
    }
}
