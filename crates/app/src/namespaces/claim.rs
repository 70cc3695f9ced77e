//! Claiming: what may be claimed, and what will prove it.

use vouchsafe_domain::{AccountId, Actor, ErrorCode, Namespace, NamespaceMethod, RefusalKind};
use vouchsafe_store::{AddNamespaceError, NewNamespace};
use vouchsafe_upstream::is_domain;

use super::{MAX_OPEN_CLAIMS, NamespaceView, owner};
use crate::tokens::random;
use crate::{App, AppError, Mounted, REGISTRY};

/// A claim as somebody makes it.
#[derive(Debug, Clone)]
pub struct NamespaceClaim {
    /// What is claimed, in any spelling.
    pub namespace: Namespace,
    /// How it will be proved.
    pub proof: ClaimedProof,
}

/// How a claim will be proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedProof {
    /// By a TXT record of this domain; `None` is the domain that the namespace itself names.
    Dns(Option<String>),
    /// By a public repository of the user that the namespace names.
    CodeHost,
}

impl App {
    /// Claims a namespace for the acting account. It still has to be proved.
    ///
    /// # Errors
    ///
    /// `auth.*` (scope `owners`), `publish.bad-name`, `publish.name-claimed` when others have
    /// packages or namespaces there, `request.malformed` when it cannot be proved like this,
    /// `request.rate-limited`.
    pub async fn claim_namespace(
        &self,
        actor: &Actor,
        claim: NamespaceClaim,
    ) -> Result<NamespaceView, AppError> {
        let account = owner(actor)?;
        self.count_claim(account)?;
        self.add_claim_of(account.id, claim, actor.label()).await
    }

    /// Claims a namespace for an account, for the operator. It still has to be proved.
    ///
    /// # Errors
    ///
    /// Like [`claim_namespace`](Self::claim_namespace), without `auth.*`.
    pub async fn claim_namespace_for(
        &self,
        owner: AccountId,
        claim: NamespaceClaim,
    ) -> Result<NamespaceView, AppError> {
        self.add_claim_of(owner, claim, "system").await
    }

    /// Gives a namespace to an account on the operator's word, whatever others have there.
    ///
    /// # Errors
    ///
    /// `publish.bad-name`, or `publish.name-claimed` when this very namespace belongs to somebody.
    pub async fn give_namespace(
        &self,
        owner: AccountId,
        namespace: &Namespace,
    ) -> Result<NamespaceView, AppError> {
        let (mounted, prefixes) = self.place_of(namespace)?;
        let method = NamespaceMethod::Operator;
        let view = self.store_claim(owner, mounted, &prefixes, method, None, "system").await?;
        self.reload_rules().await?;
        Ok(view)
    }

    async fn add_claim_of(
        &self,
        owner: AccountId,
        claim: NamespaceClaim,
        author: &str,
    ) -> Result<NamespaceView, AppError> {
        let (mounted, prefixes) = self.place_of(&claim.namespace)?;
        let Some(prefix) = prefixes.first() else {
            return Err(AppError::not_found("this namespace"));
        };
        let (method, proof) = match &claim.proof {
            ClaimedProof::Dns(domain) => {
                (NamespaceMethod::Dns, self.domain_for(mounted, prefix, domain.as_deref())?)
            }
            ClaimedProof::CodeHost => (NamespaceMethod::CodeHost, self.user_for(prefix)?),
        };
        self.check_free(owner, mounted, &prefixes).await?;
        self.store_claim(owner, mounted, &prefixes, method, Some(proof), author).await
    }

    async fn store_claim(
        &self,
        owner: AccountId,
        mounted: &Mounted,
        prefixes: &[String],
        method: NamespaceMethod,
        proof: Option<String>,
        author: &str,
    ) -> Result<NamespaceView, AppError> {
        let prefix = prefixes.first().cloned().unwrap_or_default();
        let namespace = Namespace::new(mounted.id.clone(), prefix).map_err(|error| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadName, error.to_string())
        })?;
        let bytes = random()?;
        let new = NewNamespace {
            registry_id: REGISTRY,
            namespace: namespace.clone(),
            account_id: owner,
            method,
            proof,
            challenge: hex::encode(bytes.get(..20).unwrap_or(&bytes)),
            max_open: MAX_OPEN_CLAIMS,
            actor: author.to_owned(),
        };
        match self.inner.store.add_namespace(new, self.now()).await {
            Ok(row) => Ok(self.namespace_view(row)),
            Err(AddNamespaceError::Held) => Err(claimed(format!(
                "{namespace} belongs to an account already; if it should be yours, ask the operator"
            ))),
            Err(AddNamespaceError::TooMany) => Err(AppError::refused(
                RefusalKind::Conflict,
                ErrorCode::BadRequest,
                format!(
                    "an account has {MAX_OPEN_CLAIMS} open claims at most; prove some or give them up"
                ),
            )),
            Err(other) => Err(AppError::internal(other)),
        }
    }

    /// Others have neither this namespace, nor one above it, nor packages in it.
    pub(super) async fn check_free(
        &self,
        owner: AccountId,
        mounted: &Mounted,
        prefixes: &[String],
    ) -> Result<(), AppError> {
        let store = &self.inner.store;
        if let Some(held) = store.held_namespace(REGISTRY, &mounted.id, prefixes).await?
            && held.account_id != owner
        {
            return Err(claimed(format!(
                "{} belongs to another account, and so does everything in it; ask the operator",
                held.namespace
            )));
        }
        let Some(prefix) = prefixes.first() else { return Ok(()) };
        // Forms of one name may differ in their separators, so only the letters before the first
        // one narrow the question.
        let beginning = prefix.split(['-', '_']).next().unwrap_or_default();
        let names = store.packages_of_others(REGISTRY, &mounted.id, owner, beginning).await?;
        let adapter = mounted.adapter;
        let taken = names.iter().find(|name| {
            adapter
                .parse_name(name)
                .is_ok_and(|name| adapter.claimable_namespaces(&name).contains(prefix))
        });
        match taken {
            // Which package it is may not be for everybody to know.
            Some(_) => Err(claimed(format!(
                "others have packages in pkg:{}/{prefix}; only the operator can give it to one \
                 account: vouchsafe namespace add pkg:{}/{prefix} --owner NAME --operator",
                mounted.id, mounted.id
            ))),
            None => Ok(()),
        }
    }

    /// The domain that proves a claim.
    fn domain_for(
        &self,
        mounted: &Mounted,
        prefix: &str,
        given: Option<&str>,
    ) -> Result<String, AppError> {
        let given = given.map(|domain| domain.trim_end_matches('.').to_ascii_lowercase());
        let own = mounted.adapter.domain_of_namespace(prefix);
        let domain = match (own, given) {
            (Some(_), _) if self.inner.namespace_claims.hosts.covers(prefix) => {
                return Err(malformed(format!(
                    "`{prefix}` belongs to a user of a code host: prove it there, not by DNS"
                )));
            }
            (Some(own), None) => own,
            // Who has a domain has everything below it.
            (Some(own), Some(given)) => {
                if own != given && !own.ends_with(&format!(".{given}")) {
                    return Err(malformed(format!(
                        "`{prefix}` is proved by the domain {own}, or one above it"
                    )));
                }
                given
            }
            (None, Some(given)) => given,
            (None, None) => {
                return Err(malformed(format!(
                    "name the domain that shall prove `{prefix}`: an operator then decides whether \
                     it gives a right to the name"
                )));
            }
        };
        if !is_domain(&domain) {
            let shown: String = domain.chars().take(80).collect();
            return Err(malformed(format!("`{}` is not a domain name", shown.escape_default())));
        }
        Ok(domain)
    }

    /// The user of a code host that proves a claim.
    fn user_for(&self, prefix: &str) -> Result<String, AppError> {
        let user = self.inner.namespace_claims.hosts.user_of(prefix);
        let (host, user) = user.ok_or_else(|| {
            malformed(format!(
                "`{prefix}` is not the name of a user of a code host that this registry knows"
            ))
        })?;
        Ok(format!("{host}/{user}"))
    }
}

pub(super) fn claimed(message: String) -> AppError {
    AppError::refused(RefusalKind::Conflict, ErrorCode::NameClaimed, message)
}

fn malformed(message: String) -> AppError {
    AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
}
