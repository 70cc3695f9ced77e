//! What an upstream says about itself, and where its index of a package is by that.
//!
//! Some upstreams keep the indexes of all packages in the settings document. The part of a package
//! is then kept by itself, as if it had been fetched by itself: what is new in it is found by
//! comparing it with the part that was looked at before.

use std::sync::Arc;

use bytes::Bytes;
use vouchsafe_adapter::{UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::{PackageRef, Timestamp};
use vouchsafe_store::UpstreamDocumentRow;

use crate::fetch_index::{Known, shared};
use crate::{App, AppError, Mounted, REGISTRY};

/// An upstream's settings document.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) row: UpstreamDocumentRow,
    pub(crate) bytes: Bytes,
    fresh_until: Timestamp,
    stale_since: Option<Timestamp>,
}

/// Where an index is.
enum Place {
    /// In the settings: this part.
    Part(Bytes),
    At(UpstreamRequest),
}

impl App {
    /// The settings of an upstream, fetched once for all packages that wait for them.
    pub(crate) async fn settings_document(
        &self,
        mounted: &Mounted,
        request: UpstreamRequest,
    ) -> Result<Option<Settings>, AppError> {
        let (app, id) = (self.clone(), mounted.id.clone());
        let key = format!("{id}#{}", request.path);
        let flight = self.inner.indexes.settings.run(key, move || async move {
            let Some(mounted) = app.ecosystem(id.as_str()) else { return Ok(None) };
            let known = app.known_document(mounted, &request).await.map_err(Arc::new)?;
            let Some(known) = known else { return Ok(None) };
            if known.is_new {
                app.keep_settings(mounted, &known).await.map_err(Arc::new)?;
            }
            let Known { row, bytes, fresh_until, stale_since, .. } = known;
            Ok(Some(Settings { row, bytes, fresh_until, stale_since }))
        });
        flight.await.map_err(shared)
    }

    /// Keeps settings that can be read: they take the place of a copy that could.
    async fn keep_settings(&self, mounted: &Mounted, known: &Known) -> Result<(), AppError> {
        let (adapter, bytes) = (mounted.adapter, known.bytes.clone());
        let checked = tokio::task::spawn_blocking(move || adapter.check_settings(&bytes));
        checked.await.map_err(AppError::internal)??;
        self.remember(known.row.clone(), Some(known.bytes.clone())).await
    }

    /// The index document of a package, wherever its upstream keeps it; `None` when there is none.
    pub(crate) async fn locate_index(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        settings: Option<&Settings>,
    ) -> Result<Option<Known>, AppError> {
        let (adapter, name, at) = (mounted.adapter, package.name.clone(), settings.cloned());
        // A settings document may be as large as an index: some upstreams keep both in one.
        let place = tokio::task::spawn_blocking(move || {
            let document = at.as_ref().map(|settings| UpstreamDocument {
                url: &settings.row.url,
                content_type: settings.row.content_type.as_deref().unwrap_or_default(),
                bytes: &settings.bytes,
                settings: None,
                last_modified: None,
            });
            let part = document.as_ref().and_then(|own| adapter.index_in_settings(&name, own));
            let elsewhere = || adapter.upstream_index_by(&name, document.as_ref());
            part.map(|part| Place::Part(part.into())).or_else(|| elsewhere().map(Place::At))
        });
        match (place.await.map_err(AppError::internal)?, settings) {
            (Some(Place::At(request)), _) => self.known_document(mounted, &request).await,
            (Some(Place::Part(part)), Some(settings)) => {
                self.known_part(mounted, package, settings, part).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The part of the settings that is a package's index, beside the part that was known before.
    async fn known_part(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        settings: &Settings,
        part: Bytes,
    ) -> Result<Known, AppError> {
        let store = &self.inner.store;
        let key = format!("{}#{}", settings.row.key, package.name.canonical());
        let row = store.find_upstream_document(REGISTRY, &mounted.id, &key).await?;
        let before = match row {
            Some(row) => {
                let body = self.stored_body(mounted.adapter.profile(), &row).await;
                body.map(|body| (row, body))
            }
            None => None,
        };
        let (until, stale) = (settings.fresh_until, settings.stale_since);
        match before {
            Some((row, known)) if known == part => {
                let validated_at = settings.row.validated_at;
                if row.validated_at < validated_at {
                    let id = &mounted.id;
                    store.touch_upstream_document(REGISTRY, id, &key, validated_at).await?;
                }
                Ok(Known::kept(part, row, until, stale))
            }
            before => {
                let row = UpstreamDocumentRow { key, ..settings.row.clone() };
                let known = Known::kept(part, row, until, stale);
                Ok(Known { is_new: true, before, ..known })
            }
        }
    }
}
