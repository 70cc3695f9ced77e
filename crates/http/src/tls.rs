//! TLS with given certificates.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::ServeError;

/// Where the certificate chain and its key are, both PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// Whether HTTP/2 is offered. HTTP/2 has no reason phrase, and for several clients that
    /// phrase is the only part of a refusal that a person sees.
    pub http2: bool,
}

impl TlsFiles {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// [`ServeError::Tls`] naming the file that cannot be used.
    pub(crate) fn load(&self) -> Result<Arc<ServerConfig>, ServeError> {
        let refuse =
            |path: &PathBuf, reason: String| ServeError::Tls { path: path.clone(), reason };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| refuse(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(refuse(&self.certificate, "there is no certificate in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| refuse(&self.key, error.to_string()))?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| refuse(&self.key, error.to_string()))?;
        config.alpn_protocols = if self.http2 {
            vec![b"h2".to_vec(), b"http/1.1".to_vec()]
        } else {
            vec![b"http/1.1".to_vec()]
        };
        Ok(Arc::new(config))
    }
}
