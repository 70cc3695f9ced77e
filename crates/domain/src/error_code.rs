//! The closed list of error codes. Each has a page in `docs/errors/`.

/// Declares the codes with their dotted names.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident => $word:literal,)*) => {
        /// The stable, documented name of an error. Renaming one is a breaking change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The dotted name: `area.what`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

error_codes! {
    /// No credential, and this needs one.
    AuthRequired => "auth.required",
    /// The credential is unknown, expired, revoked or malformed.
    AuthRefused => "auth.refused",
    /// Too many refused credentials.
    AuthThrottled => "auth.throttled",
    /// The credential is fine and does not cover this.
    Forbidden => "auth.forbidden",
    /// There is no such thing here.
    NotFound => "request.not-found",
    /// The request cannot be understood.
    BadRequest => "request.malformed",
    /// The thing changed since the client looked at it.
    Outdated => "request.outdated",
    /// This path knows other methods.
    MethodNotAllowed => "request.method-not-allowed",
    /// The request is larger than allowed.
    TooLarge => "request.too-large",
    /// The client asks too often.
    RateLimited => "request.rate-limited",
    /// This part of the protocol is not built.
    NotImplemented => "request.not-implemented",
    /// The package name breaks a rule.
    BadName => "publish.bad-name",
    /// The version breaks a rule.
    BadVersion => "publish.bad-version",
    /// The archive is damaged or dangerous.
    BadArchive => "publish.bad-archive",
    /// The manifest disagrees with the request or breaks a rule.
    BadManifest => "publish.bad-manifest",
    /// The release lacks what the public repository asks for, and this registry insists on it.
    BelowStandard => "publish.below-standard",
    /// There is no such deployment, or it is over.
    NoDeployment => "deploy.not-found",
    /// The deployment is not in a state that allows this.
    DeploymentState => "deploy.wrong-state",
    /// A stated digest does not match the bytes.
    DigestMismatch => "publish.digest-mismatch",
    /// The release exists; releases never change.
    ReleaseExists => "publish.release-exists",
    /// The file name is taken, now or by something removed.
    FilenameTaken => "publish.filename-taken",
    /// The name and version were removed and are never used again.
    Tombstoned => "publish.tombstoned",
    /// The name is so much like another that the ecosystem treats them as equal.
    NameCollision => "publish.name-collision",
    /// The name exists upstream and is not claimed here.
    NameExistsUpstream => "publish.name-exists-upstream",
    /// The name is claimed for others.
    NameClaimed => "publish.name-claimed",
    /// The namespace of the package lost its proof, and nobody publishes in it.
    NamespaceFrozen => "publish.namespace-frozen",
    /// New packages need a namespace that their publisher has verified.
    NamespaceRequired => "publish.namespace-required",
    /// The proof of a claim to a namespace was not found.
    NamespaceNotProved => "namespace.not-proved",
    /// The last owner cannot leave.
    LastOwner => "owners.last-owner",
    /// No such account.
    UnknownAccount => "owners.unknown-account",
    /// Removal is not allowed by this registry's policy.
    RemovalForbidden => "remove.forbidden",
    /// The release is younger than the registry waits.
    PolicyCooldown => "policy.cooldown",
    /// The release is on the deny list.
    PolicyDenied => "policy.denied",
    /// The release is not on the allow list.
    PolicyNotAllowed => "policy.not-allowed",
    /// The release is quarantined.
    PolicyQuarantined => "policy.quarantined",
    /// A rule could not be evaluated, so the answer is no.
    PolicyRuleFailed => "policy.rule-failed",
    /// The upstream cannot be reached and nothing usable is cached.
    UpstreamUnavailable => "upstream.unavailable",
    /// The upstream's bytes are not what its index says.
    UpstreamMismatch => "upstream.digest-mismatch",
    /// The upstream sent something that cannot be read.
    UpstreamMalformed => "upstream.malformed",
    /// The registry failed. The cause is in its log, under the request id.
    Internal => "internal.error",
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
