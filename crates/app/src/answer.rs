//! The switchboard: one call in, one outcome out.

use vouchsafe_domain::call::{Answer, Call};
use vouchsafe_domain::{Actor, PackageRef};
use vouchsafe_identity::authorize::{Action, Resource, authorize};
use vouchsafe_store::blob::Spooled;

use crate::cached_document::ServedDocument;
use crate::read_artifact::ArtifactDownload;
use crate::{App, AppError, ClientAddress, Mounted};

/// Everything about a request that is not the question itself.
pub struct CallContext<'a> {
    /// The ecosystem it came in through.
    pub mounted: &'a Mounted,
    /// Who asks.
    pub actor: &'a Actor,
    /// From where.
    pub client: ClientAddress,
    /// What asks, as it calls itself.
    pub user_agent: Option<&'a str>,
}

/// What goes back.
pub enum Outcome {
    /// A small answer for the adapter to encode.
    Answer(Answer),
    /// A rendered document.
    Document(ServedDocument),
    /// A file.
    Artifact(ArtifactDownload),
}

impl App {
    /// Answers one call.
    ///
    /// # Errors
    ///
    /// [`AppError::Refused`] with what the client may read, [`AppError::Internal`] when our side
    /// failed.
    pub async fn answer(
        &self,
        context: &CallContext<'_>,
        call: Call,
        files: Vec<Spooled>,
    ) -> Result<Outcome, AppError> {
        match call {
            Call::ReadDocument { package, document } => {
                let served = self.read_document(context, package, &document).await?;
                Ok(Outcome::Document(served))
            }
            Call::ReadArtifact { package, version, filename } => {
                let download = self.read_artifact(context, package, version, filename).await?;
                Ok(Outcome::Artifact(download))
            }
            // Reads are nearly everything that is asked. The rest lies on the heap, so that the
            // future of a read is small: every request moves its future several times.
            other => Box::pin(self.answer_other(context, other, files)).await,
        }
    }

    async fn answer_other(
        &self,
        context: &CallContext<'_>,
        call: Call,
        files: Vec<Spooled>,
    ) -> Result<Outcome, AppError> {
        let answer = match call {
            read @ (Call::ReadDocument { .. } | Call::ReadArtifact { .. }) => {
                return Box::pin(self.answer(context, read, files)).await;
            }
            Call::ListPackages { document } => {
                let served = self.list_packages(context, &document).await?;
                return Ok(Outcome::Document(served));
            }
            Call::ReadDigest { package, version, filename, algorithm } => {
                self.read_digest(context, package, version, filename, algorithm).await?
            }
            Call::Publish(draft) => self.publish(context, *draft, files).await?,
            Call::PublishUnnamed(upload) => self.publish_unnamed(context, *upload, files).await?,
            Call::Deploy(deploy) => return self.deploy(context, deploy, files).await,
            Call::CountInstalls(installs) => self.count_installs(context, installs).await?,
            Call::SetYanked { package, version, yanked } => {
                self.set_yanked(context, package, version, yanked).await?
            }
            Call::SetDeprecated { package, texts } => {
                self.set_deprecated(context, package, texts).await?
            }
            Call::ReadTags { package } => self.read_tags(context, package).await?,
            Call::SetTag { package, tag, version } => {
                self.set_tag(context, package, tag, version).await?
            }
            Call::RemoveTag { package, tag } => self.remove_tag(context, package, tag).await?,
            Call::ListOwners { package } => self.list_owners(context, package).await?,
            Call::ChangeOwners { package, change, seen_revision } => {
                self.change_owners(context, package, change, seen_revision).await?
            }
            Call::Remove { package, version } => self.remove(context, package, version).await?,
            Call::RetainReleases { package, keep, seen_revision } => {
                self.retain_releases(context, package, keep, seen_revision).await?
            }
            Call::Search(query) => self.search(context, query).await?,
            Call::WhoAmI => self.who_am_i(context).await?,
            Call::ReadAccount { name } => self.read_account(context, &name).await?,
            Call::SignIn { name, password } => self.sign_in(context, &name, &password).await?,
            Call::StartWebLogin => self.start_web_login(context).await?,
            Call::PollWebLogin { poll_id } => self.poll_web_login(&poll_id).await?,
            Call::ListTokens => self.list_tokens(context).await?,
            Call::CreateToken(draft) => self.create_token(context, draft).await?,
            Call::RevokeToken { id } => self.revoke_token(context, &id).await?,
            Call::RevokeSecret { secret } => self.revoke_secret(context, &secret).await?,
            Call::ReadVisibility { package } => self.read_visibility(context, package).await?,
            Call::ListPackagesOf { name } => self.list_packages_of(context, &name).await?,
        };
        Ok(Outcome::Answer(answer))
    }

    /// Asks whether the actor may read this registry at all.
    ///
    /// # Errors
    ///
    /// Like [`authorize`](Self::authorize).
    pub fn authorize_read(&self, context: &CallContext<'_>) -> Result<(), AppError> {
        self.authorize(context, Action::Enter, None, false)
    }

    /// Asks whether the actor may see this package, or, without one, list and search all.
    ///
    /// # Errors
    ///
    /// Like [`authorize`](Self::authorize).
    pub fn authorize_reading(
        &self,
        context: &CallContext<'_>,
        package: Option<&PackageRef>,
    ) -> Result<(), AppError> {
        self.authorize(context, Action::Read, package, false)
    }

    /// Asks whether the actor may do this; the answer is no unless a rule says yes.
    ///
    /// # Errors
    ///
    /// `auth.required` (401) when signing in could help, `auth.forbidden` (403) when not.
    pub(crate) fn authorize(
        &self,
        context: &CallContext<'_>,
        action: Action,
        package: Option<&PackageRef>,
        is_owner: bool,
    ) -> Result<(), AppError> {
        let resource = Resource {
            package,
            is_owner,
            read_is_public: self.config().read_is_public,
            exists: action != Action::PublishNew,
        };
        let allowed = authorize(context.actor, action, &resource);
        allowed.map_err(|denied| AppError::Refused(denied.into()))
    }
}
