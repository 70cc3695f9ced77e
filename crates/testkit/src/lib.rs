//! vouchsafe-testkit.
