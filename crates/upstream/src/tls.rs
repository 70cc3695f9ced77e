//! TLS towards upstreams: the platform's root store, set up once for all of them.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::config::ConfigError;

/// * `extra_ca_file`: PEM certificates to trust beside the platform's.
/// * `is_needed`: whether any upstream is spoken to by https. If not, a machine without root
///   certificates is fine: https addresses are then trusted by nobody and fail.
pub(crate) fn client_config(
    extra_ca_file: Option<&Path>,
    is_needed: bool,
) -> Result<ClientConfig, ConfigError> {
    let extra = extra_ca_file.map(read_certificates).transpose()?.unwrap_or_default();
    let has_extra = !extra.is_empty();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let mut config = match Verifier::new_with_extra_roots(extra, provider) {
        // "Dangerous" is how rustls calls any verifier that is not its own.
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) if is_needed || has_extra => return Err(error.into()),
        Err(_no_roots) => {
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| ConfigError::ExtraCa { path: path.to_owned(), source })?;
    if certificates.is_empty() {
        return Err(ConfigError::EmptyExtraCa { path: path.to_owned() });
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_of_certificates_is_an_error() {
        let refused = client_config(Some(Path::new("no-such-file.pem")), false);
        assert!(matches!(refused, Err(ConfigError::ExtraCa { .. })));
    }

    #[test]
    fn a_file_without_certificates_is_an_error() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let refused = client_config(Some(&manifest), false);
        assert!(matches!(refused, Err(ConfigError::EmptyExtraCa { .. })));
    }

    #[test]
    fn the_platforms_roots_are_enough() {
        assert!(client_config(None, false).is_ok());
    }
}
