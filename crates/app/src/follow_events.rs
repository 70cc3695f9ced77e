//! Following the event stream: what another process changed must not be served from memory here.
//!
//! What a publish of this process changed is forgotten before the publisher is answered. Acting on
//! its events once more would throw away the document that was rendered since, so they are skipped.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use vouchsafe_domain::PackageRef;
use vouchsafe_domain::event::Event;
use vouchsafe_domain::reference::UnverifiedPurl;

use crate::list_packages::list_key;
use crate::{App, AppError};

/// Events read in one go.
const BATCH: u32 = 500;
/// Own events that are remembered until they come by. Further ones are acted on twice, which costs
/// a rendering each.
const MAX_OWN_EVENTS: usize = 20_000;

/// Events that this process wrote and has acted on.
#[derive(Default)]
pub(crate) struct OwnEvents(Mutex<BTreeSet<i64>>);

impl OwnEvents {
    /// Everything that these events say has been done here. Called after it was, never before: a
    /// publish may be broken off between its commit and this.
    pub(crate) fn note(&self, events: RangeInclusive<i64>) {
        let mut own = self.lock();
        let room = MAX_OWN_EVENTS.saturating_sub(own.len());
        own.extend(events.take(room));
    }

    fn contains(&self, seq: i64) -> bool {
        self.lock().contains(&seq)
    }

    /// These came by.
    fn forget_through(&self, last: i64) {
        let mut own = self.lock();
        *own = own.split_off(&last.saturating_add(1));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Acts on every event since the last call. Called a few times a second, and it costs one
    /// indexed read when nothing happened.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store cannot be read; nothing is skipped, the next call goes on.
    pub async fn follow_events(&self) -> Result<(), AppError> {
        loop {
            let seen = i64::try_from(self.seen_seq()).unwrap_or(i64::MAX);
            let events = self.inner.store.events_after(seen, BATCH).await?;
            let Some(last) = events.last() else { return Ok(()) };
            for event in &events {
                if !self.inner.own_events.contains(event.seq) {
                    self.act_on(event).await?;
                }
            }
            self.inner.own_events.forget_through(last.seq);
            let last = u64::try_from(last.seq).unwrap_or(0);
            self.inner.seen_seq.fetch_max(last, Ordering::Relaxed);
        }
    }

    async fn act_on(&self, event: &Event) -> Result<(), AppError> {
        let area = event.kind.split('.').next().unwrap_or_default();
        match area {
            "package" | "release" | "artifact" | "tag" | "owner" => {
                self.forget_documents(package_of(&event.subject), area == "package");
            }
            "policy" | "name" | "namespace" => self.reload_rules().await?,
            "token" => self.inner.credentials.forget(),
            _ => {}
        }
        Ok(())
    }
}

impl App {
    /// Makes every document about a package be rendered again, that of its namespace, and, when
    /// the package appeared or went away, the lists of its ecosystem.
    pub(crate) fn forget_documents(&self, purl: &str, is_listed: bool) {
        self.inner.documents.invalidate(purl);
        let Ok(parsed) = purl.parse::<UnverifiedPurl>() else { return };
        let Some(mounted) = self.ecosystem(parsed.ecosystem.as_str()) else { return };
        if is_listed {
            self.inner.documents.invalidate(&list_key(&mounted.id));
        }
        let name = mounted.adapter.parse_name(&parsed.name).ok();
        if let Some(namespace) = name.and_then(|name| mounted.adapter.namespace_of(&name)) {
            let namespace = PackageRef { ecosystem: mounted.id.clone(), name: namespace };
            self.inner.documents.invalidate(&namespace.to_string());
        }
    }
}

/// The package URL without its version.
fn package_of(subject: &str) -> &str {
    match subject.rsplit_once('@') {
        Some((package, _version)) if package.contains('/') => package,
        _ => subject,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_OWN_EVENTS, OwnEvents, package_of};

    #[test]
    fn own_events_are_forgotten_when_they_came_by() {
        let own = OwnEvents::default();
        own.note(5..=6);
        own.note(9..=9);
        assert_eq!([4, 5, 6, 7, 9].map(|seq| own.contains(seq)), [false, true, true, false, true]);
        own.forget_through(7);
        assert_eq!([5, 6, 9].map(|seq| own.contains(seq)), [false, false, true]);
    }

    #[test]
    fn a_process_that_lags_remembers_a_bounded_number() {
        let own = OwnEvents::default();
        own.note(1..=i64::MAX);
        assert_eq!(own.lock().len(), MAX_OWN_EVENTS);
        own.forget_through(i64::MAX);
        assert!(own.lock().is_empty());
    }

    #[test]
    fn the_version_is_cut_off_and_a_scope_is_not() {
        assert_eq!(package_of("pkg:npm/%40acme/x@1.0.0"), "pkg:npm/%40acme/x");
        assert_eq!(package_of("pkg:npm/%40acme/x"), "pkg:npm/%40acme/x");
        assert_eq!(package_of("pkg:cargo/serde@1.0.0"), "pkg:cargo/serde");
    }
}
