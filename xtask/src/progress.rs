//! What a person sees while a task runs: one line per step, on stderr.

#![expect(clippy::print_stderr, reason = "this module is where progress is printed")]

/// Says which step starts.
pub(crate) fn step(message: impl std::fmt::Display) {
    eprintln!("xtask: {message}");
}

/// Says something about the step at hand.
pub(crate) fn note(message: impl std::fmt::Display) {
    eprintln!("       {message}");
}

/// Says why the task failed, with every cause.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("xtask: failed: {error:#}");
}
