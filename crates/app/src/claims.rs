//! Claims: names and prefixes that belong to this registry and are never asked upstream.

use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::{ErrorCode, NamePattern, RefusalKind};
use vouchsafe_store::ClaimRow;

use crate::{App, AppError, REGISTRY};

impl App {
    /// Claims a name or prefix before anything is published under it.
    ///
    /// # Errors
    ///
    /// When the ecosystem is unknown, the name breaks its rules, or the claim exists.
    pub async fn add_claim(
        &self,
        pattern: NamePattern,
        author: &str,
        reason: &str,
    ) -> Result<(), AppError> {
        let pattern = self.canonical_pattern(pattern)?;
        let added =
            self.inner.store.add_claim(REGISTRY, &pattern, author, reason, self.now()).await?;
        if !added {
            let message = format!("{pattern} is claimed already");
            return Err(AppError::refused(RefusalKind::Conflict, ErrorCode::NameClaimed, message));
        }
        self.reload_rules().await
    }

    /// Gives a claim up.
    ///
    /// # Errors
    ///
    /// Not found when there is no such claim.
    pub async fn remove_claim(&self, pattern: NamePattern, author: &str) -> Result<(), AppError> {
        let pattern = self.canonical_pattern(pattern)?;
        let removed = self.inner.store.remove_claim(REGISTRY, &pattern, author, self.now()).await?;
        if !removed {
            return Err(AppError::not_found(format_args!("a claim of {pattern}")));
        }
        self.reload_rules().await
    }

    /// Every claim.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn list_claims(&self) -> Result<Vec<ClaimRow>, AppError> {
        Ok(self.inner.store.list_claims(REGISTRY).await?)
    }

    pub(crate) async fn reload_rules(&self) -> Result<(), AppError> {
        self.inner.rules.reload(&self.inner.store, &self.inner.config).await
    }

    /// Rewrites the names and prefixes of patterns to their canonical form, so that they match at
    /// all.
    ///
    /// # Errors
    ///
    /// When an ecosystem is unknown or a name breaks its rules.
    pub fn canonical_patterns(
        &self,
        patterns: Vec<NamePattern>,
    ) -> Result<Vec<NamePattern>, AppError> {
        patterns.into_iter().map(|pattern| self.canonical_pattern(pattern)).collect()
    }

    /// Rewrites the name or prefix of a pattern to its canonical form, so that it matches at all.
    pub(crate) fn canonical_pattern(&self, pattern: NamePattern) -> Result<NamePattern, AppError> {
        let refuse = |message: String| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadName, message)
        };
        let ecosystem = pattern.ecosystem();
        let mounted = self
            .ecosystem(ecosystem.as_str())
            .ok_or_else(|| refuse(format!("there is no ecosystem `{ecosystem}` here")))?;
        let canonical = if pattern.is_prefix() {
            let prefix = canonical_prefix(mounted.adapter, pattern.text());
            format!("pkg:{ecosystem}/{}*", prefix.as_deref().unwrap_or(pattern.text()))
        } else {
            let name = mounted.adapter.parse_name(pattern.text());
            let name = name.map_err(|error| refuse(error.to_string()))?;
            format!("pkg:{ecosystem}/{}", name.canonical())
        };
        canonical
            .parse()
            .map_err(|error: vouchsafe_domain::name::NameError| refuse(error.to_string()))
    }
}

/// The beginning that the canonical forms of all names with this beginning share: `Acme_` is
/// `acme-` on PyPI. `None` when no name begins like this.
fn canonical_prefix(adapter: &dyn Ecosystem, prefix: &str) -> Option<String> {
    // A prefix is no name by itself (`acme-`, `@acme/`), and with a letter behind it, it is one.
    const LETTER: char = 'x';
    let name = adapter.parse_name(&format!("{prefix}{LETTER}")).ok()?;
    name.canonical().strip_suffix(LETTER).map(str::to_owned)
}
