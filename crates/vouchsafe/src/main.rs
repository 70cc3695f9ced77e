//! The binary: chooses the crypto provider, names the ecosystems, hands over to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Every TLS connection of this process, in and out, uses this one. It fails only when
    // something else was installed before, and nothing ran before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    vouchsafe_cli::main(vouchsafe_ecosystems::ADAPTERS)
}
