//! Why git gave nothing usable.

use std::io;
use std::time::Duration;

/// Characters of git's own words that are shown.
const SHOWN_CHARS: usize = 300;

/// Why a git repository could not be read. The texts are fit for the owner of a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The address may not be asked.
    #[error("{address} is not asked: {reason}")]
    Address {
        /// Which address, without what may be a credential.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The name of the host leads nowhere just now.
    #[error("the name `{host}` cannot be resolved")]
    Unresolved {
        /// Which name.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// There is no git on this machine.
    #[error("the program `git` cannot be started; install it, {} or newer", oldest())]
    Missing {
        /// Why.
        source: io::Error,
    },
    /// The git of this machine cannot be kept from resolving names again.
    #[error("`{found}` is too old: {} or newer is needed", oldest())]
    TooOld {
        /// What it calls itself.
        found: String,
    },
    /// It took too long.
    #[error("git was stopped after {} s", after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// There is more than is believed.
    #[error("{what} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// Git said no.
    #[error("git could not {what}: {message}")]
    Failed {
        /// What it was to do.
        what: &'static str,
        /// Its own words, cut short and made printable.
        message: String,
    },
    /// A tag leads to something that is no commit.
    #[error("the tag does not lead to a commit")]
    NoCommit,
    /// Our own disk or pipes.
    #[error("git cannot be worked with")]
    Io(#[from] io::Error),
}

impl GitError {
    /// Whether trying again later makes sense. What the repository or the operator has to mend
    /// first is not tried again by itself.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unresolved { .. } | Self::TimedOut { .. } | Self::Failed { .. } | Self::Io(_) => {
                true
            }
            Self::Address { .. }
            | Self::Missing { .. }
            | Self::TooOld { .. }
            | Self::TooLarge { .. }
            | Self::NoCommit => false,
        }
    }

    /// * `stderr`: what git wrote; strangers' words are among it.
    pub(super) fn failed(what: &'static str, stderr: &[u8]) -> Self {
        Self::Failed { what, message: shown(stderr) }
    }
}

fn oldest() -> String {
    let (major, minor) = super::OLDEST_GIT;
    format!("{major}.{minor}")
}

/// The last words, on one line: git says at the end what went wrong.
fn shown(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = line.collect::<Vec<_>>().join("; ");
    let clean: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let start = clean.len().saturating_sub(SHOWN_CHARS);
    let shown: String = clean.iter().skip(start).collect();
    if shown.is_empty() { "it did not say why".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stderr: &str, expected: &str) {
        assert_eq!(shown(stderr.as_bytes()), expected);
    }

    #[test]
    fn what_git_says_is_one_printable_line() {
        check("remote: hello\x1b[2J\nfatal: no\n", "remote: hello [2J; fatal: no");
        check("\n \n", "it did not say why");
    }

    #[test]
    fn of_many_words_the_last_ones_are_shown() {
        let long = format!("{}end", "x".repeat(1000));
        let shown = shown(long.as_bytes());
        assert_eq!(shown.chars().count(), SHOWN_CHARS);
        assert!(shown.ends_with("end"));
    }
}
