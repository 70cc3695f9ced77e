//! Sample values for every page, mild and hostile.

#![allow(clippy::unwrap_used, reason = "samples are literals")]

use vouchsafe_domain::call::SearchHit;
use vouchsafe_domain::{
    EcosystemId, ErrorCode, PackageName, PackageRef, ReleaseRef, Secret, Sha256, Timestamp, Version,
};
use vouchsafe_portal::pages::home::{EcosystemSetup, HomeView, home};
use vouchsafe_portal::pages::login::{LoginResult, LoginView, login, login_result};
use vouchsafe_portal::pages::me::{ClientCommands, MeView, NewToken, TokenForm, me};
use vouchsafe_portal::pages::package::{
    FileRow, PackageLink, PackagePageView, ReleaseRow, WithheldMark, package,
};
use vouchsafe_portal::pages::problem::{ProblemView, problem};
use vouchsafe_portal::pages::search::{FoundPackage, SearchView, search};
use vouchsafe_portal::pages::withheld::{AllowedRelease, WithheldReason, WithheldView, withheld};
use vouchsafe_portal::pages::{docs, error_code};
use vouchsafe_portal::{EcosystemChoice, PageContext, RenderError};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

pub(crate) fn context() -> PageContext {
    PageContext {
        site_url: "https://registry.example".to_owned(),
        now: Timestamp::from_secs(1_763_800_000),
        signed_in_as: None,
    }
}

fn at(secs_from_now: i64) -> Timestamp {
    Timestamp::from_secs(context().now.as_secs() + secs_from_now)
}

fn choice(id: &'static str, title: &str) -> EcosystemChoice {
    EcosystemChoice { id: EcosystemId::from_static(id), title: title.to_owned() }
}

fn setup(id: &'static str, title: &str, lines: &[&str]) -> EcosystemSetup {
    EcosystemSetup {
        ecosystem: choice(id, title),
        base_url: format!("https://registry.example/{id}"),
        install_lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}

pub(crate) fn home_view() -> HomeView {
    HomeView {
        title: Some("Acme packages".to_owned()),
        ecosystems: vec![
            setup(
                "cargo",
                "Cargo",
                &[
                    "# .cargo/config.toml",
                    "[registries.vouchsafe]",
                    "index = \"sparse+https://registry.example/cargo/index/\"",
                ],
            ),
            setup("npm", "npm", &["npm config set registry https://registry.example/npm/"]),
            setup(
                "pypi",
                "PyPI",
                &["pip config set global.index-url https://registry.example/pypi/simple/"],
            ),
        ],
        package_count: Some(1284),
        auth_required: true,
    }
}

/// * `mark`: stands wherever a stranger can write.
pub(crate) fn search_view(mark: &str) -> SearchView {
    let hit = |name: &str, version: &str, summary: &str| SearchHit {
        name: format!("{name}{mark}"),
        version: version.to_owned(),
        summary: format!("{summary}{mark}"),
        keywords: vec![format!("words{mark}")],
        owners: vec!["alice".to_owned(), "bob".to_owned()],
        updated_at: at(-9 * DAY),
    };
    SearchView {
        text: format!("client{mark}"),
        ecosystem: Some(EcosystemId::from_static("npm")),
        ecosystems: vec![choice("cargo", "Cargo"), choice("npm", "npm"), choice("pypi", "PyPI")],
        hits: vec![
            FoundPackage {
                ecosystem: choice("npm", "npm"),
                hit: hit("@acme/client", "2.3.0", "Talks to Acme's billing service."),
            },
            FoundPackage {
                ecosystem: choice("cargo", "Cargo"),
                hit: hit("acme-client", "1.2.0", "The same for Rust."),
            },
            FoundPackage { ecosystem: choice("pypi", "PyPI"), hit: hit("acme-client", "0.9", "") },
        ],
        total: 43,
        offset: 20,
        limit: 20,
    }
}

fn file(filename: &str, size_bytes: u64, is_served: bool) -> FileRow {
    let url = format!("https://registry.example/npm/@acme/client/-/{filename}");
    FileRow {
        filename: filename.to_owned(),
        size_bytes: Some(size_bytes),
        sha256: Some(
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                .parse::<Sha256>()
                .unwrap(),
        ),
        download_url: is_served.then_some(url),
    }
}

fn release(version: &str, days_ago: i64) -> ReleaseRow {
    ReleaseRow {
        version: version.to_owned(),
        published_at: Some(at(-days_ago * DAY)),
        yanked: None,
        deprecated: None,
        withheld: None,
        files: vec![file(&format!("client-{version}.tgz"), 48_213, true)],
    }
}

/// * `mark`: stands wherever a stranger can write.
/// * `repository`: an address as a publisher wrote it.
pub(crate) fn package_view(mark: &str, repository: &str) -> PackagePageView {
    let mut releases = vec![
        ReleaseRow {
            withheld: Some(WithheldMark {
                reason: format!("Younger than 3 days.{mark}"),
                until: Some(at(2 * DAY)),
                details_path: Some("/withheld/npm/@acme/client/2.4.0".to_owned()),
            }),
            files: vec![file("client-2.4.0.tgz", 51_000, false)],
            ..release("2.4.0", 1)
        },
        release("2.3.0", 9),
        ReleaseRow {
            deprecated: Some(format!("Broken on Windows, use 2.3.0.{mark}")),
            ..release("2.2.0", 30)
        },
        ReleaseRow { yanked: Some(format!("Leaks file handles.{mark}")), ..release("2.1.0", 61) },
        ReleaseRow {
            yanked: Some(String::new()),
            published_at: None,
            ..release("2.0.0-beta.1", 0)
        },
        release("1.0.0", 400),
    ];
    for release in &mut releases {
        release.version.push_str(mark);
    }
    PackagePageView {
        ecosystem: choice("npm", "npm"),
        name: format!("@acme/client{mark}"),
        summary: format!(
            "Talks to Acme's billing service, with retries and a typed error per refusal.{mark}"
        ),
        install_line: format!("npm install @acme/client{mark}"),
        is_hosted: true,
        links: vec![PackageLink { label: format!("Repository{mark}"), url: repository.to_owned() }],
        keywords: vec!["billing".to_owned(), format!("http{mark}")],
        owners: vec!["alice".to_owned(), "bob".to_owned()],
        tags: vec![(format!("latest{mark}"), "2.3.0".to_owned())],
        releases,
    }
}

/// * `mark`: stands wherever a stranger can write.
pub(crate) fn login_view(mark: &str) -> LoginView {
    LoginView {
        action_path: "/login".to_owned(),
        code: Secret::new("code-1"),
        client: format!("npm/11.19.1 node/v24.1.0 linux x64{mark}"),
        from: "192.0.2.17".to_owned(),
        requested_at: at(-20),
        expires_at: at(580),
        name: format!("alice{mark}"),
        error: Some(format!("Name or password is wrong.{mark}")),
    }
}

/// * `mark`: stands wherever a stranger can write.
pub(crate) fn me_views(mark: &str) -> [MeView; 2] {
    let form = TokenForm { action_path: "/me".to_owned(), name: mark.to_owned(), error: None };
    let token = NewToken {
        account: "alice".parse().unwrap(),
        secret: Secret::new("vs_5J3mBb9ZkQyTtWcP1xR7uE2nLfHsVgAa"),
        scopes: vec!["read".to_owned(), "publish-new".to_owned(), "publish-update".to_owned()],
        expires_at: Some(at(90 * DAY)),
        clients: vec![
            ClientCommands {
                ecosystem: choice("cargo", "Cargo"),
                lines: vec![
                    "cargo login --registry vouchsafe".to_owned(),
                    "# paste:".to_owned(),
                    "{token}".to_owned(),
                ],
            },
            ClientCommands {
                ecosystem: choice("npm", "npm"),
                lines: vec!["npm config set //registry.example/npm/:_authToken={token}".to_owned()],
            },
        ],
    };
    [MeView::SignedOut(form), MeView::TokenCreated(token)]
}

/// * `mark`: stands wherever a stranger can write.
pub(crate) fn withheld_view(mark: &str) -> WithheldView {
    let name = PackageName::new("left-pad", "left-pad", "leftpad").unwrap();
    let package = PackageRef { ecosystem: EcosystemId::from_static("npm"), name };
    let reason = |code, text: &str, since, until| WithheldReason {
        code,
        text: format!("{text}{mark}"),
        since: Some(at(since)),
        until,
    };
    WithheldView {
        release: ReleaseRef { package, version: Version::new("1.3.1", "1.3.1").unwrap() },
        ecosystem_title: "npm".to_owned(),
        reasons: vec![
            reason(ErrorCode::PolicyCooldown, "Younger than 3 days.", -DAY, Some(at(2 * DAY))),
            reason(ErrorCode::PolicyNotAllowed, "Not on the allow list.", -200 * DAY, None),
        ],
        allowed: Some(AllowedRelease {
            version: "1.3.0".to_owned(),
            install_line: "npm install left-pad@1.3.0".to_owned(),
        }),
    }
}

/// * `mark`: stands wherever a stranger can write.
pub(crate) fn problem_view(mark: &str) -> ProblemView {
    ProblemView {
        status: 404,
        message: format!("`left-pat{mark}` was not found."),
        code: Some(ErrorCode::NotFound),
        request_id: Some("0198b2c6-2f6e-7c11".to_owned()),
    }
}

/// Every page with mild values.
pub(crate) fn all_pages() -> Result<Vec<(String, String)>, RenderError> {
    pages_with("", "https://repo.example/acme/client")
}

/// Every page; `mark` stands wherever a stranger can write.
pub(crate) fn pages_with(
    mark: &str,
    repository: &str,
) -> Result<Vec<(String, String)>, RenderError> {
    let ctx = context();
    let signed_in = PageContext { signed_in_as: Some("alice".parse().unwrap()), ..ctx.clone() };
    let [form, token] = me_views(mark);
    let nothing = SearchView { hits: Vec::new(), total: 0, offset: 0, ..search_view(mark) };
    let done = LoginResult::Done { name: "alice".to_owned(), client: format!("npm/11{mark}") };
    let failed = LoginResult::Failed { reason: format!("Too many attempts.{mark}") };
    let empty_package = PackagePageView { releases: Vec::new(), ..package_view(mark, repository) };
    let pages = [
        ("home", home(&ctx, &home_view())?),
        ("search", search(&ctx, &search_view(mark))?),
        ("search_empty", search(&ctx, &nothing)?),
        ("package", package(&ctx, &package_view(mark, repository))?),
        ("package_empty", package(&ctx, &empty_package)?),
        ("login", login(&ctx, &login_view(mark))?),
        ("login_done", login_result(&ctx, &done)?),
        ("login_failed", login_result(&ctx, &failed)?),
        ("login_expired", login_result(&ctx, &LoginResult::Expired)?),
        ("me", me(&ctx, &form)?),
        ("me_token", me(&signed_in, &token)?),
        ("withheld", withheld(&ctx, &withheld_view(mark))?),
        ("problem", problem(&ctx, &problem_view(mark))?),
        ("docs", docs::docs_index(&ctx)?),
        ("guide", docs::document(&ctx, "guides", "operate")?.unwrap()),
        ("errors", error_code::error_index(&ctx)?),
        ("error", error_code::error_code(&ctx, "policy.cooldown")?.unwrap()),
    ];
    Ok(pages.into_iter().map(|(name, html)| (name.to_owned(), html)).collect())
}
