//! What every page has in common: its context, the words for an ecosystem, and rendering.

use askama::Template;
use vouchsafe_domain::{AccountName, EcosystemId, Timestamp};

use crate::moment::Moment;

/// What every page needs to know about the server and the person who asks.
#[derive(Debug, Clone)]
pub struct PageContext {
    /// Absolute address of the server, without a trailing slash: `https://registry.example`.
    pub site_url: String,
    /// The time of this request. Ages such as "3 days ago" count from here.
    pub now: Timestamp,
    /// Who is signed in, when somebody is.
    pub signed_in_as: Option<AccountName>,
}

impl PageContext {
    /// The address without its scheme, as people say it.
    pub(crate) fn site_host(&self) -> &str {
        self.site_url.split_once("://").map_or(self.site_url.as_str(), |(_, host)| host)
    }

    pub(crate) fn moment(&self, at: &Timestamp) -> Moment {
        Moment::new(*at, self.now)
    }

    pub(crate) fn stylesheet(&self) -> &'static str {
        crate::assets::stylesheet_path()
    }

    pub(crate) fn favicon(&self) -> &'static str {
        crate::assets::favicon_path()
    }
}

/// An ecosystem in the words for people and for machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcosystemChoice {
    /// `npm`
    pub id: EcosystemId,
    /// `npm`, `PyPI`: the adapter's title.
    pub title: String,
}

/// A page could not be rendered. A fault of ours: answer 500 without a page.
#[derive(Debug, thiserror::Error)]
#[error("page `{page}` could not be rendered")]
pub struct RenderError {
    /// Which page.
    page: &'static str,
    #[source]
    source: askama::Error,
}

/// Renders a template; `page` names it in the error.
pub(crate) fn render(page: &'static str, template: &impl Template) -> Result<String, RenderError> {
    template.render().map_err(|source| RenderError { page, source })
}
