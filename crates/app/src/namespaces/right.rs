//! May this actor publish in the namespace that the package lies in?

use vouchsafe_domain::{ErrorCode, NamespaceState, PackageRef, RefusalKind};

use crate::{App, AppError, CallContext, REGISTRY};

impl App {
    /// The most specific namespace that belongs to somebody decides: only its owner creates
    /// packages in it, and nobody publishes anything while it is frozen.
    pub(crate) async fn check_namespace(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        is_new: bool,
    ) -> Result<(), AppError> {
        let ecosystem = &context.mounted.id;
        let prefixes = context.mounted.adapter.claimable_namespaces(&package.name);
        // The store is asked and not memory: another node may have verified it a moment ago.
        let held = self.inner.store.held_namespace(REGISTRY, ecosystem, &prefixes).await?;
        let Some(held) = held else {
            let is_required = is_new && self.config().namespaces.required.contains(ecosystem);
            return if is_required { Err(required(package)) } else { Ok(()) };
        };
        let refuse = |code, message| AppError::refused(RefusalKind::Forbidden, code, message);
        let namespace = &held.namespace;
        if held.state == NamespaceState::Frozen {
            return Err(refuse(
                ErrorCode::NamespaceFrozen,
                format!(
                    "{namespace} is frozen since its proof was not found any more; nobody publishes \
                     in it until its owner has it verified again"
                ),
            ));
        }
        let is_owner = context.actor.account().is_some_and(|actor| actor.id == held.account_id);
        if is_new && !is_owner {
            return Err(refuse(
                ErrorCode::NameClaimed,
                format!(
                    "{package} lies in the namespace {namespace}, which belongs to another account; \
                     choose another name, or ask its owner to make the first release"
                ),
            ));
        }
        Ok(())
    }
}

fn required(package: &PackageRef) -> AppError {
    AppError::refused(
        RefusalKind::Forbidden,
        ErrorCode::NamespaceRequired,
        format!(
            "{package} is new, and new {} packages need a namespace of yours here: claim and \
             verify one first",
            package.ecosystem
        ),
    )
}
