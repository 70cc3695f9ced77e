//! The one list of ecosystems. A further one is a folder, a dependency and a line here.

use vouchsafe_adapter::Ecosystem;

/// Every ecosystem this registry speaks, in the order pages show them.
pub const ADAPTERS: &[&dyn Ecosystem] = &[
    &vouchsafe_ecosystem_cargo::Cargo,
    &vouchsafe_ecosystem_npm::Npm,
    &vouchsafe_ecosystem_pypi::PyPi,
    &vouchsafe_ecosystem_composer::Composer,
    &vouchsafe_ecosystem_maven::Maven,
    &vouchsafe_ecosystem_golang::Golang,
];
