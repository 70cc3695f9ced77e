//! Reading a document about a package: from memory, or judged and rendered once for everybody.

use std::sync::Arc;

use vouchsafe_adapter::WholeBlock;
use vouchsafe_domain::index::DocumentKey;
use vouchsafe_domain::{PackageName, PackageRef, ReleaseRef};
use vouchsafe_identity::authorize::Action;

use crate::cached_document::{CachedDocument, Entry, ServedDocument};
use crate::fetch_index::shared;
use crate::{App, AppError, CallContext};

/// What a rendering came to, shared by everybody who waited for it.
pub(crate) type Rendered = Result<Arc<Entry>, Arc<AppError>>;

impl App {
    /// Reads one document about a package.
    ///
    /// # Errors
    ///
    /// Not found; `auth.*`; `policy.*` when every release is withheld and this client shows that
    /// best as a refusal of the index, or when the document is about one release and that one is
    /// withheld; `upstream.*`.
    pub(crate) async fn read_document(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        key: &DocumentKey,
    ) -> Result<ServedDocument, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        let purl = package.to_string();
        let cache_key = format!("{purl}#{}", key.as_str());
        let rules_revision = self.inner.rules.current().revision;
        let entry = match self.inner.documents.get(&cache_key, &purl, rules_revision, self.now()) {
            Some(entry) => entry,
            None => Box::pin(self.render_once(&package, &purl, key, cache_key)).await?,
        };
        match &entry.document {
            Some(document) => Ok(ServedDocument {
                document: Arc::clone(document),
                stale_since: entry.stale_since,
            }),
            None => Err(AppError::not_found(format_args!("this document of {package}"))),
        }
    }

    /// Renders a document for everybody who asks for it meanwhile.
    async fn render_once(
        &self,
        package: &PackageRef,
        purl: &str,
        key: &DocumentKey,
        cache_key: String,
    ) -> Result<Arc<Entry>, AppError> {
        // Both numbers are taken before anything is read: what changes meanwhile is seen next
        // time. They are part of the flight's key, so nobody joins one that left too early.
        let generation = self.inner.documents.generation(purl);
        let rules_revision = self.inner.rules.current().revision;
        let flight = format!("{cache_key}#{generation}#{rules_revision}");
        let (app, package, key) = (self.clone(), package.clone(), key.clone());
        let rendered = self.inner.renders.run(flight, move || async move {
            let rendered = app.render(&package, &key).await.map_err(Arc::new)?;
            let rendered = app.inner.documents.keep_age(&cache_key, rendered);
            let entry = Arc::new(Entry { generation, rules_revision, ..rendered });
            app.inner.documents.put(&cache_key, Arc::clone(&entry));
            Ok(entry)
        });
        rendered.await.map_err(shared)
    }

    async fn render(&self, package: &PackageRef, key: &DocumentKey) -> Result<Entry, AppError> {
        let mounted = self.ecosystem(package.ecosystem.as_str());
        let mounted = mounted.ok_or_else(|| AppError::not_found(package))?;
        let adapter = mounted.adapter;
        let one = adapter.release_of(key);
        let judged = match &one {
            Some(version) => self.judged_release(mounted, package, version).await?,
            None => self.judged_view(mounted, package).await?,
        };
        if let Some(version) = one {
            // A document about one release has no other in it, whatever word it was asked by.
            let is_alone = adapter.upstream_release(&package.name, &version).is_some()
                && !judged.view.is_hosted;
            let mut withheld = judged.view.withheld.iter().zip(&judged.why);
            let held = withheld.find(|(held, _)| is_alone || held.release.version == version);
            if let Some((held, why)) = held {
                let version = held.release.version.clone();
                let release = ReleaseRef { package: package.clone(), version };
                return Err(self.withheld(&release, &why.reasons).into());
            }
        }
        let all_withheld = judged.view.releases.is_empty() && !judged.view.withheld.is_empty();
        let is_refused = match adapter.profile().whole_block {
            WholeBlock::RefuseIndex => true,
            WholeBlock::RefuseProxiedIndex => !judged.view.is_hosted,
            WholeBlock::ListWithheld => false,
        };
        if all_withheld && is_refused {
            let newest = judged.view.withheld.last().zip(judged.why.last());
            let (newest, why) = newest.ok_or_else(|| AppError::not_found(package))?;
            let version = newest.release.version.clone();
            let release = ReleaseRef { package: package.clone(), version };
            let mut refusal = self.withheld(&release, &why.reasons);
            let message = &refusal.message;
            refusal.message = format!("every release of {package} is withheld: {message}");
            return Err(refusal.into());
        }
        let ecosystem = mounted.id.to_string();
        metrics::counter!("vouchsafe_renderings_total", "ecosystem" => ecosystem).increment(1);
        let key = key.clone();
        let (fresh_until, stale_since) = (judged.fresh_until, judged.stale_since);
        let now = self.now();
        let document = tokio::task::spawn_blocking(move || {
            let document = adapter.render(&judged.view, &key)?;
            Some(Arc::new(CachedDocument::new(document, now)))
        })
        .await
        .map_err(AppError::internal)?;
        Ok(Entry { document, fresh_until, stale_since, generation: 0, rules_revision: 0 })
    }
}
