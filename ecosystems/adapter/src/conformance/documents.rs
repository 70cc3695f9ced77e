//! A withheld release is not something a client can pick.

use vouchsafe_domain::index::{DocumentKey, PackageView, WithheldRelease};

use super::{Broken, Samples, Selectable};
use crate::Ecosystem;

/// The reason the suite withholds releases for: with everything in it that breaks out of a
/// careless document.
const REASON: &str = "held \"back\" </a>&<script> {}";

pub(super) fn check_withheld_releases(
    adapter: &dyn Ecosystem,
    samples: &Samples<'_>,
    broken: &mut Broken,
) {
    let all = displays(&samples.view);
    broken.unless(all.len() >= 2, || "the sample view needs two releases".to_owned());
    for (key, selectable) in samples.documents {
        let found = render(adapter, &samples.view, key, *selectable, broken);
        broken.unless(found == all, || {
            format!("`{}` offers {found:?} of the served {all:?}", key.as_str())
        });
        for held in 0..all.len() {
            let view = withhold(&samples.view, |at| at == held);
            let served = displays(&view);
            let found = render(adapter, &view, key, *selectable, broken);
            broken.unless(found == served, || {
                format!("`{}` offers {found:?}, and only {served:?} is served", key.as_str())
            });
        }
        let nothing_served = withhold(&samples.view, |_| true);
        if let Some(document) = adapter.render(&nothing_served, key) {
            let found = selectable(&document);
            broken.unless(found.is_empty(), || {
                format!("`{}` offers {found:?}, and everything is withheld", key.as_str())
            });
        }
    }
}

fn render(
    adapter: &dyn Ecosystem,
    view: &PackageView,
    key: &DocumentKey,
    selectable: Selectable,
    broken: &mut Broken,
) -> Vec<String> {
    let Some(document) = adapter.render(view, key) else {
        broken.unless(false, || format!("the document `{}` is not rendered", key.as_str()));
        return Vec::new();
    };
    let again = adapter.render(view, key).map(|again| again.body);
    broken.unless(again.as_ref() == Some(&document.body), || {
        format!("`{}` is not the same bytes when rendered twice", key.as_str())
    });
    let has_bad_header =
        document.headers.iter().any(|(_, value)| http::HeaderValue::from_str(value).is_err());
    broken.unless(!has_bad_header, || format!("`{}` has an illegal header", key.as_str()));
    let mut found = selectable(&document);
    found.sort();
    found.dedup();
    found
}

fn displays(view: &PackageView) -> Vec<String> {
    let mut all: Vec<_> =
        view.releases.iter().map(|release| release.version.display().to_owned()).collect();
    all.sort();
    all
}

/// The view with the releases at some places withheld, and their tags gone.
fn withhold(view: &PackageView, is_held: impl Fn(usize) -> bool) -> PackageView {
    let mut held = view.clone();
    held.releases.clear();
    for (at, release) in view.releases.iter().cloned().enumerate() {
        if is_held(at) {
            held.tags.retain(|_, version| *version != release.version.display());
            held.withheld.push(WithheldRelease { release, reason: REASON.to_owned() });
        } else {
            held.releases.push(release);
        }
    }
    held
}
