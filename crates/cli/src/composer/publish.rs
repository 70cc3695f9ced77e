//! `vouchsafe composer publish`.

use std::io::{IsTerminal as _, Read as _, Seek as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::{Bytes, BytesMut};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use url::Url;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::{PackageName, Secret, Version};
use vouchsafe_upstream::{Upload, UploadAnswer, Uploader};

use super::archive::{self, Archive};
use super::exclude::Exclude;
use super::files::{self, LeftOut};
use super::secrets::looks_secret;
use super::{ECOSYSTEM, manifest};
use crate::print;

/// Files that are named one by one; of more, the number is told.
const SHOWN_FILES: usize = 40;
/// Longest token that is read from standard input, in bytes.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Pack a folder and publish it, or publish a zip archive.
///
/// A folder is packed without what `archive.exclude` of composer.json and `export-ignore` of
/// .gitattributes name, without version control and vendor/, and without files that look like
/// secrets. The same files always make the same archive.
#[derive(Debug, Args)]
// Here it is the version of the package.
#[command(disable_version_flag = true)]
pub(crate) struct PublishArgs {
    /// Folder with a composer.json, or a zip archive that is sent as it is.
    #[arg(value_name = "DIR|ZIP")]
    package: PathBuf,

    /// Address of the registry server, e.g. http://127.0.0.1:7878
    #[arg(long, value_name = "BASE", required_unless_present = "dry_run")]
    url: Option<Url>,

    /// Token to publish with.
    #[arg(long, env = "VOUCHSAFE_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Read the token from standard input.
    #[arg(long)]
    token_stdin: bool,

    /// Version [default: that of composer.json, else the git tag at HEAD].
    #[arg(long = "version", value_name = "V")]
    release: Option<String>,

    /// Send this file although it looks like a secret. Repeat for more.
    #[arg(long, value_name = "PATH")]
    keep: Vec<String>,

    /// Show what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What happened, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    status: &'static str,
    package: &'a str,
    version: &'a str,
    size_bytes: u64,
    sha256: &'a str,
    files: &'a [String],
    left_out: &'a [LeftOut],
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// A package that is ready to be sent.
struct Ready {
    name: PackageName,
    version: Version,
    archive: Archive,
    left_out: Vec<LeftOut>,
}

pub(crate) async fn run(args: PublishArgs, adapter: &dyn Ecosystem) -> anyhow::Result<()> {
    let ready = prepare(&args, adapter).await?;
    tell(&ready, args.json);
    let mut report = Report {
        status: "dry-run",
        package: ready.name.display(),
        version: ready.version.display(),
        size_bytes: ready.archive.size_bytes,
        sha256: &ready.archive.sha256,
        files: &ready.archive.paths,
        left_out: &ready.left_out,
        warnings: Vec::new(),
        code: None,
        message: None,
        help: None,
    };
    if args.dry_run {
        if !args.json {
            eprintln!("nothing was sent (--dry-run)");
        }
        return print_json(args.json, &report);
    }
    let answer = send(&args, &ready).await?;
    let said = Said::read(&answer);
    report.warnings = said.warnings;
    if !(200..300).contains(&answer.status) {
        report.status = "refused";
        (report.code, report.help) = (answer.code.clone(), answer.help.clone());
        report.message = Some(said.message.clone());
        print_json(args.json, &report)?;
        bail!(refusal(&answer, &said.message));
    }
    // 200 instead of 201: the very same release was there already.
    report.status = if answer.status == 201 { "published" } else { "unchanged" };
    if args.json {
        return print_json(true, &report);
    }
    for warning in &report.warnings {
        eprintln!("note: {warning}");
    }
    eprintln!("{} {} {}", report.status, report.package, report.version);
    Ok(())
}

async fn prepare(args: &PublishArgs, adapter: &dyn Ecosystem) -> anyhow::Result<Ready> {
    let path = &args.package;
    let asked = args.release.as_deref();
    if !path.is_dir() {
        let archive = archive::open(path)?;
        let secret =
            archive.paths.iter().find(|path| looks_secret(path) && !args.keep.contains(path));
        if let Some(secret) = secret {
            bail!(
                "{secret} looks like a secret; remove it from the archive, or say --keep {secret}"
            );
        }
        let manifest = manifest::parse(&archive::manifest(&archive)?)?;
        let name = manifest::name_of(&manifest, adapter)?;
        let version = manifest::version_of(asked, &manifest, None, adapter).await?;
        return Ok(Ready { name, version, archive, left_out: Vec::new() });
    }
    let at = path.join("composer.json");
    let text =
        std::fs::read_to_string(&at).with_context(|| format!("cannot read {}", at.display()))?;
    let manifest = manifest::parse(&text)?;
    let name = manifest::name_of(&manifest, adapter)?;
    let version = manifest::version_of(asked, &manifest, Some(path), adapter).await?;
    let gitattributes = std::fs::read_to_string(path.join(".gitattributes")).unwrap_or_default();
    let files = files::find(path, &Exclude::new(&manifest, &gitattributes), &args.keep)?;
    if !files.sent.contains_key("composer.json") {
        bail!("the rules of the package leave composer.json out, and nothing can go without it");
    }
    let archive = archive::pack(&files)?;
    Ok(Ready { name, version, archive, left_out: files.left_out })
}

/// Says what is about to be sent.
fn tell(ready: &Ready, is_json: bool) {
    if is_json {
        return;
    }
    let Archive { paths, size_bytes, sha256, .. } = &ready.archive;
    for path in paths.iter().take(SHOWN_FILES) {
        eprintln!("  {}", path.escape_debug());
    }
    if paths.len() > SHOWN_FILES {
        eprintln!("  … and {} more", paths.len() - SHOWN_FILES);
    }
    for LeftOut { path, reason } in &ready.left_out {
        eprintln!("left out: {} ({reason})", path.escape_debug());
    }
    let (name, version) = (&ready.name, &ready.version);
    eprintln!("{name} {version}: {} files, {size_bytes} bytes, sha256 {sha256}", paths.len());
}

async fn send(args: &PublishArgs, ready: &Ready) -> anyhow::Result<UploadAnswer> {
    let base = args.url.as_ref().context("--url is needed")?;
    let token = token(args)?;
    let url = upload_url(base, &ready.name, &ready.version)?;
    if url.scheme() == "http" && !is_loopback(&url) && !args.json {
        eprintln!("note: the token is sent without encryption to {}", url.authority());
    }
    let uploader = Uploader::new(url.scheme() == "https")?;
    let size_bytes = ready.archive.size_bytes;
    let bar = progress_bar(size_bytes);
    let mut file = ready.archive.file.try_clone()?;
    // Looking into it has moved the place in it, which all handles share.
    file.rewind()?;
    let file = tokio::fs::File::from_std(file);
    let body = futures::stream::try_unfold((file, bar.clone()), |(mut file, bar)| async move {
        let mut chunk = BytesMut::with_capacity(64 * 1024);
        let length = file.read_buf(&mut chunk).await?;
        bar.inc(length as u64);
        let chunk: Bytes = chunk.freeze();
        Ok::<_, std::io::Error>((length > 0).then_some((chunk, (file, bar))))
    });
    let upload = Upload { url, token, content_type: "application/zip", size_bytes, body };
    let answer = uploader.put(upload).await;
    bar.finish_and_clear();
    answer.context("the package was not sent")
}

/// On a terminal; nothing elsewhere.
fn progress_bar(size_bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size_bytes);
    let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn token(args: &PublishArgs) -> anyhow::Result<Secret> {
    let token = match (&args.token, args.token_stdin) {
        (_, true) => {
            let mut text = String::new();
            let read = std::io::stdin().lock().take(MAX_TOKEN_BYTES).read_to_string(&mut text);
            read.context("cannot read the token from standard input")?;
            text.trim().to_owned()
        }
        (Some(token), false) => token.trim().to_owned(),
        (None, false) => String::new(),
    };
    if token.is_empty() {
        bail!("a token is needed: --token, --token-stdin, or VOUCHSAFE_TOKEN");
    }
    Ok(Secret::new(token))
}

/// `BASE/composer/packages/upload/VENDOR/NAME/VERSION`. A base that ends in `/composer`, the
/// address that Composer itself is given, will do.
fn upload_url(base: &Url, name: &PackageName, version: &Version) -> anyhow::Result<Url> {
    let is_plain = matches!(base.scheme(), "http" | "https")
        && base.username().is_empty()
        && base.password().is_none()
        && base.query().is_none()
        && base.fragment().is_none();
    if !is_plain {
        bail!("--url: give an http or https address without user, query or fragment");
    }
    let mut url = base.clone();
    let has_ecosystem = base.path().trim_end_matches('/').ends_with(&format!("/{ECOSYSTEM}"));
    let Ok(mut path) = url.path_segments_mut() else { bail!("--url: it cannot have a path") };
    path.pop_if_empty();
    if !has_ecosystem {
        path.push(ECOSYSTEM);
    }
    path.extend(["packages", "upload"]).extend(name.canonical().split('/'));
    path.push(version.display());
    drop(path);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What the registry said, in words.
struct Said {
    message: String,
    warnings: Vec<String>,
}

impl Said {
    fn read(answer: &UploadAnswer) -> Self {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(|value| value.as_str()).map(printable);
        let listed = body.get("warnings").and_then(|list| list.as_array()).into_iter().flatten();
        let plain = || printable(String::from_utf8_lossy(&answer.body).trim());
        Self {
            message: text("message").or_else(|| text("detail")).unwrap_or_else(plain),
            warnings: listed.filter_map(|value| value.as_str()).map(printable).collect(),
        }
    }
}

/// A server's words must not steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// The refusal in full, with where it is explained.
fn refusal(answer: &UploadAnswer, message: &str) -> String {
    let code = answer.code.as_deref().map(|code| format!(", {}", printable(code)));
    let code = code.unwrap_or_default();
    let mut text = format!("the registry refused it ({}{code}): {message}", answer.status);
    if let Some(help) = answer.help.as_deref().filter(|help| !message.contains(help)) {
        text.push_str(&format!("\nhelp: {}", printable(help)));
    }
    text
}

fn print_json(is_json: bool, report: &Report<'_>) -> anyhow::Result<()> {
    if !is_json {
        return Ok(());
    }
    print::bytes(format!("{}\n", serde_json::to_string_pretty(report)?).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(base: &str, expected: Option<&str>) {
        let name = PackageName::new("acme/lib", "acme/lib", "acme/lib").unwrap();
        let version = Version::new("v1.0.0+x", "1.0.0.0").unwrap();
        let url = upload_url(&base.parse().unwrap(), &name, &version).ok();
        assert_eq!(url.as_ref().map(Url::as_str), expected, "{base}");
    }

    #[test]
    fn the_address_of_an_upload_follows_from_the_base() {
        let upload = "http://127.0.0.1:7878/composer/packages/upload/acme/lib/v1.0.0+x";
        check_url("http://127.0.0.1:7878", Some(upload));
        check_url("http://127.0.0.1:7878/", Some(upload));
        check_url("http://127.0.0.1:7878/composer/", Some(upload));
        let below = "https://registry.example/x/composer/packages/upload/acme/lib/v1.0.0+x";
        check_url("https://registry.example/x", Some(below));
        check_url("ftp://registry.example/", None);
        check_url("https://user:pw@registry.example/", None);
        check_url("https://registry.example/?a=b", None);
    }

    fn answer(status: u16, body: &str, help: Option<&str>) -> UploadAnswer {
        UploadAnswer {
            status,
            code: Some("publish.release-exists".to_owned()),
            help: help.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_refusal_is_shown_in_full_with_its_link() {
        let answer = answer(409, r#"{"message":"it exists"}"#, Some("https://registry.example/e"));
        assert_eq!(
            refusal(&answer, &Said::read(&answer).message),
            "the registry refused it (409, publish.release-exists): it exists\n\
             help: https://registry.example/e"
        );
    }

    #[test]
    fn words_that_are_no_json_are_shown_without_what_steers_a_terminal() {
        let answer = answer(502, "bad \x1b[2Jgateway\n", None);
        assert_eq!(Said::read(&answer).message, "bad  [2Jgateway");
    }
}
