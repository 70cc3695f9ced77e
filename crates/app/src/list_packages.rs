//! The list of all hosted packages of an ecosystem, rendered once per change.

use std::sync::Arc;
use std::time::Duration;

use vouchsafe_domain::index::DocumentKey;
use vouchsafe_identity::authorize::Action;

use crate::cached_document::{CachedDocument, Entry, ServedDocument};
use crate::{App, AppError, CallContext, REGISTRY};

/// A list of a large registry is large: it is rendered at most this often.
const LIST_TTL: Duration = Duration::from_secs(10);

impl App {
    /// Reads the list of hosted packages.
    pub(crate) async fn list_packages(
        &self,
        context: &CallContext<'_>,
        key: &DocumentKey,
    ) -> Result<ServedDocument, AppError> {
        self.authorize(context, Action::Read, None, false)?;
        let list = format!("list:{}", context.mounted.id);
        let cache_key = format!("{list}#{}", key.as_str());
        let now = self.now();
        let entry = match self.inner.documents.get(&cache_key, &list, 0, now) {
            Some(entry) => entry,
            None => {
                let generation = self.inner.documents.generation(&list);
                let names = self.inner.store.list_packages(REGISTRY, &context.mounted.id).await?;
                let (adapter, key) = (context.mounted.adapter, key.clone());
                let document = tokio::task::spawn_blocking(move || {
                    let document = adapter.render_list(&names, &key)?;
                    Some(Arc::new(CachedDocument::new(document, now)))
                })
                .await
                .map_err(AppError::internal)?;
                let entry = Arc::new(Entry {
                    document,
                    fresh_until: now.plus(LIST_TTL),
                    stale_since: None,
                    generation,
                    rules_revision: 0,
                });
                self.inner.documents.put(&cache_key, Arc::clone(&entry));
                entry
            }
        };
        let document = entry.document.as_ref().map(Arc::clone);
        let document = document.ok_or_else(|| AppError::not_found("a list of packages"))?;
        Ok(ServedDocument { document, stale_since: None })
    }
}
