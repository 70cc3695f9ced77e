//! Searching hosted packages.

use vouchsafe_domain::PackageName;
use vouchsafe_domain::PackageRef;
use vouchsafe_domain::call::{Answer, SearchQuery, SearchResults};
use vouchsafe_identity::authorize::Action;

use crate::{App, AppError, CallContext, Mounted, REGISTRY};

/// Results on one page at most.
const MAX_HITS: u32 = 250;
/// Bytes of a query that are looked at.
const MAX_QUERY_BYTES: usize = 200;

impl App {
    /// Searches the hosted packages of one ecosystem.
    pub(crate) async fn search(
        &self,
        context: &CallContext<'_>,
        query: SearchQuery,
    ) -> Result<Answer, AppError> {
        self.authorize(context, Action::Read, None, false)?;
        Ok(Answer::Found(self.search_hosted(context.mounted, query).await?))
    }

    /// The same for a page, after the page has asked whether its reader may read.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn search_hosted(
        &self,
        mounted: &Mounted,
        query: SearchQuery,
    ) -> Result<SearchResults, AppError> {
        let text: String = query.text.chars().filter(|c| !c.is_control()).collect();
        let end = (0..=MAX_QUERY_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let query = SearchQuery {
            text: text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned(),
            limit: query.limit.min(MAX_HITS),
            offset: query.offset,
        };
        Ok(self.inner.store.search(REGISTRY, &mounted.id, &query).await?)
    }

    /// Whether a package is visible without signing in.
    pub(crate) async fn read_visibility(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
    ) -> Result<Answer, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        self.judged_view(context.mounted, &package).await?;
        Ok(Answer::Visibility { is_public: self.config().read_is_public })
    }
}
