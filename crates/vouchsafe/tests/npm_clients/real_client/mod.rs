//! The package managers themselves.

mod npm_account;
mod npm_audit;
mod npm_install;
mod npm_policy;
mod npm_publish;
mod pnpm;
mod yarn;
