//! TLS with clients.

use std::sync::Arc;

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::{error::Error, settings::TlsFiles};

/// What takes connections with this certificate. Both files are read once.
///
/// # Errors
/// A file cannot be read, or is not what it should be.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, Error> {
    let wrong = |flag: &str, path: &std::path::Path, error: &dyn std::fmt::Display| {
        Error::Setting(format!("--{flag} {}: {error}", path.display()))
    };
    let of_certificate = |error: &dyn std::fmt::Display| wrong("tls-cert", &files.certificate, error);
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of_certificate(&error))?;
    if chain.is_empty() {
        return Err(of_certificate(&"there is no certificate in it (PEM begins with -----BEGIN CERTIFICATE-----)"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong("tls-key", &files.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| of_certificate(&error))?;
    // By their names in RFC 7301. Which one it is then, the client's first bytes say as well.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(certificate: &str, key: &str) -> String {
        let in_tests = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tls").join(name);
        let files = TlsFiles { certificate: in_tests(certificate), key: in_tests(key) };
        acceptor(&files).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_flag() {
        assert_eq!(told("certificate.pem", "key.pem"), "fine");
        for (certificate, key, parts) in [
            ("none.pem", "key.pem", ["--tls-cert", "none.pem"]),
            ("key.pem", "key.pem", ["--tls-cert", "no certificate"]),
            ("README.md", "key.pem", ["--tls-cert", "no certificate"]),
            ("certificate.pem", "none.pem", ["--tls-key", "none.pem"]),
            ("certificate.pem", "certificate.pem", ["--tls-key", "certificate.pem"]),
        ] {
            let told = told(certificate, key);
            assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        }
    }
}
