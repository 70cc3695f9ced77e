//! Pages to look at.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use vouchsafe_app::{App, AppError, Mounted};
use vouchsafe_domain::call::SearchQuery;
use vouchsafe_domain::index::ReleaseView;
use vouchsafe_domain::{EcosystemId, PackageRef, Refusal, ReleaseRef};
use vouchsafe_portal::pages::home::{EcosystemSetup, HomeView};
use vouchsafe_portal::pages::package::{FileRow, PackagePageView, ReleaseRow, WithheldMark};
use vouchsafe_portal::pages::search::{FoundPackage, SearchView};
use vouchsafe_portal::pages::withheld as withheld_page;
use vouchsafe_portal::pages::withheld::{AllowedRelease, WithheldReason, WithheldView};
use vouchsafe_portal::pages::{docs, error_code as error_pages, home as home_page};
use vouchsafe_portal::pages::{package as package_page, search as search_page};

use super::{choice, context, found, page, reader, refuse};
use crate::service::Client;

/// Results on one page.
const PAGE_HITS: u32 = 20;
/// Releases on a package page: the newest ones.
const PAGE_RELEASES: usize = 200;

/// `GET /`
pub(super) async fn home(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    // How many packages there are is for those who may list them.
    let may_list = match app.ecosystems().first() {
        Some(mounted) => reader(&app, &headers, mounted, client, None).await.is_ok(),
        None => false,
    };
    let package_count = if may_list { app.package_count().await.ok() } else { None };
    let ecosystems = app.ecosystems().iter().map(|mounted| EcosystemSetup {
        ecosystem: choice(mounted),
        base_url: mounted.mount.base_url.to_string(),
        install_lines: set_up_by_hand(mounted),
    });
    let view = HomeView {
        title: None,
        ecosystems: ecosystems.collect(),
        package_count,
        auth_required: !app.config().read_is_public,
    };
    page(StatusCode::OK, home_page::home(&context(&app), &view))
}

fn set_up_by_hand(mounted: &Mounted) -> Vec<String> {
    let lines = mounted.adapter.profile().set_up_by_hand.iter();
    lines.map(|line| line.replace("{base}", &mounted.mount.base_url)).collect()
}

#[derive(Debug, Deserialize)]
pub(super) struct SearchParameters {
    #[serde(default)]
    q: String,
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    offset: u32,
}

/// `GET /search?q=&ecosystem=&offset=`
pub(super) async fn search(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
    Query(parameters): Query<SearchParameters>,
) -> Response {
    let wanted: Option<EcosystemId> = parameters.ecosystem.parse().ok();
    let mut hits = Vec::new();
    let mut total = 0;
    for mounted in app.ecosystems() {
        if wanted.as_ref().is_some_and(|wanted| *wanted != mounted.id) {
            continue;
        }
        if let Err(error) = reader(&app, &headers, mounted, client, None).await {
            return refuse(&app, &error);
        }
        let query =
            SearchQuery { text: parameters.q.clone(), offset: parameters.offset, limit: PAGE_HITS };
        match app.search_hosted(mounted, query).await {
            Ok(results) => {
                total += results.total;
                let hit = |hit| FoundPackage { ecosystem: choice(mounted), hit };
                hits.extend(results.hits.into_iter().map(hit));
            }
            Err(error) => return refuse(&app, &error),
        }
    }
    let view = SearchView {
        text: parameters.q,
        ecosystem: wanted,
        ecosystems: app.ecosystems().iter().map(choice).collect(),
        hits,
        total,
        offset: parameters.offset.into(),
        limit: PAGE_HITS.into(),
    };
    page(StatusCode::OK, search_page::search(&context(&app), &view))
}

/// `GET /packages/<ecosystem>/<name>`
pub(super) async fn package(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
    Path((ecosystem, name)): Path<(String, String)>,
) -> Response {
    match package_view(&app, &headers, client, &ecosystem, &name).await {
        Ok(view) => page(StatusCode::OK, package_page::package(&context(&app), &view)),
        Err(error) => refuse(&app, &error),
    }
}

async fn package_view(
    app: &App,
    headers: &HeaderMap,
    client: std::net::IpAddr,
    ecosystem: &str,
    name: &str,
) -> Result<PackagePageView, AppError> {
    let (mounted, package) = named(app, ecosystem, name)?;
    reader(app, headers, mounted, client, Some(&package)).await?;
    let summary = app.look_at(mounted, &package).await?;
    let view = summary.view;
    let row = |release: &ReleaseView, withheld: Option<&str>| ReleaseRow {
        version: release.version.to_string(),
        published_at: release.published_at,
        yanked: release.yanked.clone(),
        deprecated: release.deprecated.clone(),
        withheld: withheld.map(|reason| WithheldMark {
            reason: reason.to_owned(),
            until: None,
            details_path: Some(withheld_path(&package, release)),
        }),
        files: release
            .artifacts
            .iter()
            .map(|artifact| FileRow {
                filename: artifact.filename.to_string(),
                size_bytes: artifact.size_bytes,
                sha256: artifact.digests.sha256(),
                download_url: None,
            })
            .collect(),
    };
    let mut releases: Vec<_> = view.releases.iter().map(|release| (release, None)).collect();
    let held = view.withheld.iter().map(|held| (&held.release, Some(held.reason.as_str())));
    releases.extend(held);
    let adapter = mounted.adapter;
    releases
        .sort_by(|(left, _), (right, _)| adapter.compare_versions(&right.version, &left.version));
    releases.truncate(PAGE_RELEASES);
    let newest = releases.iter().find(|(_, held)| held.is_none());
    let newest = newest.map(|(release, _)| release.version.display());
    Ok(PackagePageView {
        ecosystem: choice(mounted),
        name: view.name.display().to_owned(),
        summary: summary.summary,
        install_line: mounted.install_line(view.name.display(), newest),
        is_hosted: view.is_hosted,
        links: Vec::new(),
        keywords: summary.keywords,
        owners: view.owners.iter().map(|owner| owner.name.clone()).collect(),
        tags: view.tags.iter().map(|(tag, version)| (tag.clone(), version.clone())).collect(),
        releases: releases.into_iter().map(|(release, held)| row(release, held)).collect(),
    })
}

fn withheld_path(package: &PackageRef, release: &ReleaseView) -> String {
    let named = ReleaseRef { package: package.clone(), version: release.version.clone() };
    let purl = named.to_string();
    format!("{}/{}", vouchsafe_portal::address::WITHHELD, purl.trim_start_matches("pkg:"))
}

/// `GET /withheld/<ecosystem>/<name>@<version>`
pub(super) async fn withheld(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
    Path((ecosystem, release)): Path<(String, String)>,
) -> Response {
    match withheld_view(&app, &headers, client, &ecosystem, &release).await {
        Ok(view) => page(StatusCode::OK, withheld_page::withheld(&context(&app), &view)),
        Err(error) => refuse(&app, &error),
    }
}

async fn withheld_view(
    app: &App,
    headers: &HeaderMap,
    client: std::net::IpAddr,
    ecosystem: &str,
    release: &str,
) -> Result<WithheldView, AppError> {
    let missing = || AppError::Refused(Refusal::not_found("a withheld release of this name"));
    let (name, version) = release.rsplit_once('@').ok_or_else(missing)?;
    let (mounted, package) = named(app, ecosystem, name)?;
    reader(app, headers, mounted, client, Some(&package)).await?;
    let version = mounted.adapter.parse_version(version).map_err(|_| missing())?;
    let explained = app.explain_withheld(mounted, &package, &version).await?.ok_or_else(missing)?;
    let reasons = explained.reasons.into_iter().map(|reason| WithheldReason {
        code: reason.code,
        text: reason.message,
        since: explained.published_at,
        until: explained.until,
    });
    let allowed = explained.newest_served.map(|version| AllowedRelease {
        install_line: mounted.install_line(package.name.display(), Some(version.display())),
        version: version.to_string(),
    });
    Ok(WithheldView {
        ecosystem_title: mounted.adapter.profile().title.to_owned(),
        reasons: reasons.collect(),
        allowed,
        release: ReleaseRef { package, version },
    })
}

fn named<'a>(
    app: &'a App,
    ecosystem: &str,
    name: &str,
) -> Result<(&'a Mounted, PackageRef), AppError> {
    let missing = || AppError::Refused(Refusal::not_found("a package of this name"));
    let mounted = app.ecosystem(ecosystem).ok_or_else(missing)?;
    let name = mounted.adapter.parse_name(name).map_err(|_| missing())?;
    Ok((mounted, PackageRef { ecosystem: mounted.id.clone(), name }))
}

/// `GET /errors`
pub(super) async fn error_index(State(app): State<App>) -> Response {
    page(StatusCode::OK, error_pages::error_index(&context(&app)))
}

/// `GET /errors/<code>`
pub(super) async fn error_code(State(app): State<App>, Path(code): Path<String>) -> Response {
    found(&app, error_pages::error_code(&context(&app), &code))
}

/// `GET /docs`
pub(super) async fn docs_index(State(app): State<App>) -> Response {
    page(StatusCode::OK, docs::docs_index(&context(&app)))
}

/// `GET /docs/<section>/<slug>`
pub(super) async fn document(
    State(app): State<App>,
    Path((section, slug)): Path<(String, String)>,
) -> Response {
    found(&app, docs::document(&context(&app), &section, &slug))
}
