//! Sample requests decode; the same requests with path tricks never become a call that carries
//! a bad name.

use vouchsafe_domain::call::Call;
use vouchsafe_domain::deploy::Deploy;
use vouchsafe_domain::{Filename, PackageName, Version};

use super::{Broken, OwnedRequest, Samples};
use crate::{Decoded, Ecosystem};

/// Segments as they look after percent-decoding. The edge lets these through: it refuses only
/// empty and dot segments and control characters.
const TRICKS: [&str; 14] = [
    "../x",
    "x/../y",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "..\\x",
    "%2e%2e",
    "a%00",
    "a b",
    "a?b",
    "a#b",
    "a\u{202e}b",
    "...",
    "C:",
];

pub(super) fn check_requests(adapter: &dyn Ecosystem, samples: &Samples<'_>, broken: &mut Broken) {
    for (method, target) in samples.requests {
        let request = OwnedRequest::new(adapter, method, target);
        match adapter.decode(&request.as_wire()) {
            Ok(decoded) => check_decoded(adapter, &request, decoded, broken),
            Err(error) => {
                broken.unless(false, || format!("{method} {target} does not decode: {error}"));
            }
        }
        for at in 0..request.segments.len() {
            check_tricks(adapter, method, target, at, broken);
        }
    }
    let nowhere = OwnedRequest::new(adapter, "GET", "no/such/thing/in/any/protocol/at/all");
    broken.unless(adapter.decode(&nowhere.as_wire()).is_err(), || {
        "an address of no protocol decodes".to_owned()
    });
}

/// Replaces, prefixes and suffixes one segment with every trick.
fn check_tricks(
    adapter: &dyn Ecosystem,
    method: &str,
    target: &str,
    at: usize,
    broken: &mut Broken,
) {
    let too_long = "a".repeat(4_000);
    for trick in TRICKS.iter().chain([&too_long.as_str()]) {
        for variant in 0..3 {
            let mut request = OwnedRequest::new(adapter, method, target);
            let Some(segment) = request.segments.get_mut(at) else { continue };
            *segment = match variant {
                0 => (*trick).to_owned(),
                1 => format!("{trick}{segment}"),
                _ => format!("{segment}{trick}"),
            };
            if let Ok(decoded) = adapter.decode(&request.as_wire()) {
                check_decoded(adapter, &request, decoded, broken);
            }
        }
    }
}

/// Every name in a call must be one that the adapter itself would accept again.
fn check_decoded(
    adapter: &dyn Ecosystem,
    request: &OwnedRequest,
    decoded: Decoded,
    broken: &mut Broken,
) {
    let Decoded::Call(call) = decoded else { return };
    let named = Named::of(&call);
    if let Some(package) = named.package {
        let again = adapter.parse_name(package.display());
        broken.unless(again.is_ok_and(|again| again == *package), || {
            format!("{} became a call about the bad name {package:?}", request.label())
        });
    }
    if let Some(version) = named.version {
        let again = adapter.parse_version(version.display());
        broken.unless(again.is_ok_and(|again| again == *version), || {
            format!("{} became a call about the bad version {version:?}", request.label())
        });
    }
    if let Some(filename) = named.filename {
        let is_plain = filename.as_str().is_ascii() && !filename.as_str().contains("..");
        broken.unless(is_plain, || {
            format!("{} became a call about the bad file name {filename:?}", request.label())
        });
    }
}

/// The names a call carries.
#[derive(Default)]
struct Named<'a> {
    package: Option<&'a PackageName>,
    version: Option<&'a Version>,
    filename: Option<&'a Filename>,
}

impl<'a> Named<'a> {
    fn of(call: &'a Call) -> Self {
        let (package, version, filename) = match call {
            Call::ReadArtifact { package, filename, .. } => (Some(package), None, Some(filename)),
            Call::Publish(draft) => (Some(&draft.package), Some(&draft.version), None),
            Call::ReadDigest { package, version, filename, .. } => {
                (Some(package), Some(version), Some(filename))
            }
            Call::SetYanked { package, version, .. } | Call::SetTag { package, version, .. } => {
                (Some(package), Some(version), None)
            }
            Call::PublishUnnamed(upload) => (upload.package.as_ref(), None, None),
            Call::Deploy(deploy) => Self::of_deploy(deploy),
            Call::Remove { package, version } => (Some(package), version.as_ref(), None),
            Call::ReadDocument { package, .. }
            | Call::SetDeprecated { package, .. }
            | Call::ReadTags { package }
            | Call::RemoveTag { package, .. }
            | Call::ListOwners { package }
            | Call::ChangeOwners { package, .. }
            | Call::RetainReleases { package, .. }
            | Call::ReadVisibility { package } => (Some(package), None, None),
            Call::ListPackages { .. }
            | Call::Search(_)
            | Call::CountInstalls(_)
            | Call::WhoAmI
            | Call::ReadAccount { .. }
            | Call::SignIn { .. }
            | Call::StartWebLogin
            | Call::PollWebLogin { .. }
            | Call::ListTokens
            | Call::CreateToken(_)
            | Call::RevokeToken { .. }
            | Call::RevokeSecret { .. }
            | Call::ListPackagesOf { .. } => (None, None, None),
        };
        Self { package, version, filename }
    }

    fn of_deploy(
        deploy: &'a Deploy,
    ) -> (Option<&'a PackageName>, Option<&'a Version>, Option<&'a Filename>) {
        match deploy {
            Deploy::Stage { package, version, filename }
            | Deploy::Check { package, version, filename, .. }
            | Deploy::ReadFile { package, version, filename, .. } => {
                (Some(package), Some(version), Some(filename))
            }
            Deploy::Finish { package, versions } => (Some(package), versions.first(), None),
            Deploy::IsPublished { package, version } => (Some(package), Some(version), None),
            Deploy::Bundle { .. }
            | Deploy::Read { .. }
            | Deploy::Publish { .. }
            | Deploy::Drop { .. } => (None, None, None),
        }
    }
}
