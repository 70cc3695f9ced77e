//! Minting: a credential hands out no more than it has.

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::{Actor, NamePattern, Scopes, Timestamp};

use crate::authorize::{Denied, is_unlimited, no};

/// Says whether `actor` may create a token with these scopes and package patterns (empty: all) that
/// ends then (`None`: never).
///
/// Needs a sign-in by password or an unlimited token (see
/// [`Action::ManageTokens`](crate::authorize::Action::ManageTokens)), and every scope and pattern
/// of the new token must be covered by the credential in use, and it must not outlive that one.
///
/// # Errors
///
/// [`Denied`] naming the first scope, pattern or end that would be an escalation.
pub fn may_mint(
    actor: &Actor,
    scopes: &Scopes,
    packages: &[NamePattern],
    expires_at: Option<Timestamp>,
) -> Result<(), Denied> {
    let account = match actor {
        Actor::System => return Ok(()),
        Actor::Anonymous => {
            let reason = "a password is needed to create a token".to_owned();
            return Err(Denied { reason, could_authenticate: true });
        }
        Actor::Account(account) => account,
    };
    if !is_unlimited(account) {
        return Err(no(
            "creating tokens needs a password sign-in or a token with every scope and \
                       no package limits",
        ));
    }
    if let Some(scope) = scopes.iter().find(|scope| !account.has_scope(*scope)) {
        return Err(no(format!("the new token would have the scope `{scope}`, which you lack")));
    }
    if let Some(own) = account.expires_at
        && expires_at.is_none_or(|wanted| wanted > own)
    {
        return Err(no(format!(
            "the new token would outlive yours, which ends at {own}; ask for an earlier end, or \
             sign in again"
        )));
    }
    if account.packages.is_empty() {
        return Ok(());
    }
    if packages.is_empty() {
        return Err(no("the new token would reach all packages, and yours does not"));
    }
    match packages.iter().find(|pattern| !is_covered(account, pattern)) {
        Some(pattern) => Err(no(format!("the new token would reach {pattern}, which you may not"))),
        None => Ok(()),
    }
}

/// Whether everything that `wanted` matches is matched by one pattern of the credential.
fn is_covered(account: &AccountActor, wanted: &NamePattern) -> bool {
    account.packages.iter().any(|own| {
        own.ecosystem() == wanted.ecosystem()
            && own.matches_name(wanted.text())
            && (own.is_prefix() || !wanted.is_prefix())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouchsafe_domain::Scope;

    /// A sign-in by password, which may itself be limited (a short-lived session, say).
    fn signed_in(scopes: Scopes, packages: &[&str]) -> Actor {
        Actor::Account(AccountActor {
            id: "0191d5a0-0000-7000-8000-000000000001".parse().unwrap(),
            name: "alice".parse().unwrap(),
            is_admin: false,
            token_id: None,
            scopes,
            packages: packages.iter().map(|pattern| pattern.parse().unwrap()).collect(),
            expires_at: None,
        })
    }

    #[track_caller]
    fn check(own: &[&str], wanted: &[&str], expected: bool) {
        let wanted: Vec<_> = wanted.iter().map(|pattern| pattern.parse().unwrap()).collect();
        let found = may_mint(&signed_in(Scopes::all(), own), &Scopes::all(), &wanted, None);
        assert_eq!(found.is_ok(), expected, "{own:?} {wanted:?}: {found:?}");
    }

    #[test]
    fn patterns_never_widen() {
        check(&[], &[], true);
        check(&[], &["pkg:npm/*"], true);
        check(&["pkg:npm/@acme/*"], &["pkg:npm/@acme/*"], true);
        check(&["pkg:npm/@acme/*"], &["pkg:npm/@acme/left-pad"], true);
        check(&["pkg:npm/@acme/*"], &["pkg:npm/@acme/left*"], true);
        check(&["pkg:npm/@acme/*"], &[], false);
        check(&["pkg:npm/@acme/*"], &["pkg:npm/@acme*"], false);
        check(&["pkg:npm/@acme/*"], &["pkg:npm/@acme/a", "pkg:npm/@other/a"], false);
        check(&["pkg:npm/left-pad"], &["pkg:npm/left-pad*"], false);
        check(&["pkg:npm/*"], &["pkg:cargo/*"], false);
    }

    #[test]
    fn scopes_never_widen() {
        let read: Scopes = [Scope::Read].into_iter().collect();
        let reader = signed_in(read.clone(), &[]);
        assert!(may_mint(&reader, &read, &[], None).is_ok());
        assert!(may_mint(&reader, &Scopes::all(), &[], None).is_err());
    }

    #[test]
    fn ends_never_move_out() {
        let at = |secs| Some(Timestamp::from_secs(secs));
        for (own, wanted, expected) in [
            (None, None, true),
            (None, at(10), true),
            (at(10), at(10), true),
            (at(10), at(9), true),
            (at(10), at(11), false),
            (at(10), None, false),
        ] {
            let Actor::Account(mut account) = signed_in(Scopes::all(), &[]) else { unreachable!() };
            account.expires_at = own;
            let found = may_mint(&Actor::Account(account), &Scopes::all(), &[], wanted);
            assert_eq!(found.is_ok(), expected, "{own:?} {wanted:?}: {found:?}");
        }
    }

    #[test]
    fn a_limited_token_mints_nothing_and_nobody_may_sign_in_first() {
        let read: Scopes = [Scope::Read].into_iter().collect();
        let Actor::Account(mut account) = signed_in(read.clone(), &[]) else { unreachable!() };
        account.token_id = Some("0191d5a0-0000-7000-8000-000000000002".parse().unwrap());
        assert!(may_mint(&Actor::Account(account.clone()), &read, &[], None).is_err());
        account.scopes = Scopes::all();
        assert!(may_mint(&Actor::Account(account), &read, &[], None).is_ok());
        assert!(may_mint(&Actor::Anonymous, &read, &[], None).unwrap_err().could_authenticate);
        assert!(may_mint(&Actor::System, &Scopes::all(), &[], None).is_ok());
    }
}
