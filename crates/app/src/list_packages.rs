//! The list of all hosted packages of an ecosystem, rendered once per change.

use std::sync::Arc;

use vouchsafe_domain::EcosystemId;
use vouchsafe_domain::index::{DocumentKey, ListView};
use vouchsafe_identity::authorize::Action;

use crate::cached_document::{CachedDocument, Entry, ServedDocument};
use crate::judge::forever;
use crate::{App, AppError, CallContext, REGISTRY};

/// What the lists of an ecosystem depend on: a package that appears or goes away.
pub(crate) fn list_key(ecosystem: &EcosystemId) -> String {
    format!("list:{ecosystem}")
}

impl App {
    /// Reads the list of hosted packages.
    pub(crate) async fn list_packages(
        &self,
        context: &CallContext<'_>,
        key: &DocumentKey,
    ) -> Result<ServedDocument, AppError> {
        self.authorize(context, Action::Read, None, false)?;
        let list = list_key(&context.mounted.id);
        let cache_key = format!("{list}#{}", key.as_str());
        let now = self.now();
        let entry = match self.inner.documents.get(&cache_key, &list, 0, now) {
            Some(entry) => entry,
            None => {
                let generation = self.inner.documents.generation(&list);
                let names = self.inner.store.list_packages(REGISTRY, &context.mounted.id).await?;
                let (adapter, key) = (context.mounted.adapter, key.clone());
                let list = ListView {
                    names,
                    base_url: Arc::clone(&context.mounted.mount.base_url),
                    has_upstream: self.inner.upstreams.get(&context.mounted.id).is_some(),
                };
                let document = tokio::task::spawn_blocking(move || {
                    let document = adapter.render_list(&list, &key)?;
                    Some(Arc::new(CachedDocument::new(document, now)))
                })
                .await
                .map_err(AppError::internal)?;
                let entry = Entry {
                    document,
                    fresh_until: forever(),
                    stale_since: None,
                    generation,
                    rules_revision: 0,
                };
                let entry = Arc::new(self.inner.documents.keep_age(&cache_key, entry));
                self.inner.documents.put(&cache_key, Arc::clone(&entry));
                entry
            }
        };
        let document = entry.document.as_ref().map(Arc::clone);
        let document = document.ok_or_else(|| AppError::not_found("a list of packages"))?;
        Ok(ServedDocument { document, stale_since: None })
    }
}
