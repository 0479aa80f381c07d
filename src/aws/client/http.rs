//! The HTTP client of every call: the SDK's own, made once. Owns that what goes to this machine passes no proxy,
//! and which certificate authorities are trusted.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html> (`AWS_CA_BUNDLE`, `ca_bundle`); proxies by
//! `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as the SDK reads them.

use std::path::Path;

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::aws::guard;

/// One client for all: each service's would make one for itself, with connections, handshakes and a copy of the
/// system's certificates of its own. With `bundle`, only the authorities of that file are trusted.
///
/// # Errors
/// The file cannot be read or holds no certificate; the text says so.
pub(super) fn client(bundle: Option<&Path>) -> Result<SharedHttpClient, String> {
    let store = match bundle {
        Some(path) => {
            TrustStore::empty().with_native_roots(false).with_pem_certificate(read(path)?)
        }
        None => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    let context = context.map_err(|e| format!("TLS cannot be set up: {e}"))?;
    let of = |proxy: ProxyConfig| {
        let context = context.clone();
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = ConnectorBuilder::default()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context.clone())
                .proxy_config(proxy.clone());
            connector.set_connector_settings(settings.cloned());
            if let Some(components) = components {
                connector.set_sleep_impl(components.sleep_impl());
            }
            connector.build()
        })
    };
    let split = Split { here: of(ProxyConfig::disabled()), there: of(ProxyConfig::from_env()) };
    Ok(SharedHttpClient::new(split))
}

/// The bundle's text, once every certificate of it was read: the client would panic at one that it cannot read.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|e| {
        format!("the certificate bundle `{name}` (AWS_CA_BUNDLE or ca_bundle) cannot be read: {e}")
    })?;
    let mut store = RootCertStore::empty();
    for (nth, certificate) in CertificateDer::pem_slice_iter(&bytes).enumerate() {
        let why = match certificate {
            Ok(certificate) => match store.add(certificate) {
                Ok(()) => continue,
                Err(e) => e.to_string(),
            },
            Err(e) => e.to_string(),
        };
        return Err(format!(
            "the certificate bundle `{name}` (AWS_CA_BUNDLE or ca_bundle) cannot be used: certificate {}: {why}",
            nth + 1
        ));
    }
    match store.is_empty() {
        true => Err(format!(
            "the certificate bundle `{name}` (AWS_CA_BUNDLE or ca_bundle) holds no certificate in PEM form"
        )),
        false => Ok(bytes),
    }
}

/// Calls to this machine, and all others.
#[derive(Clone, Debug)]
struct Split<T> {
    here: T,
    there: T,
}

impl HttpClient for Split<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Split {
            here: self.here.http_connector(settings, components),
            there: self.there.http_connector(settings, components),
        })
    }
}

impl HttpConnector for Split<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match guard::is_local(request.uri()) {
            true => self.here.call(request),
            false => self.there.call(request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_cannot_be_used_is_refused_in_words() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("bundle.pem");
        let refused = |path: &Path| client(Some(path)).expect_err("a refusal");
        assert!(refused(&path).contains("cannot be read"), "{}", refused(&path));
        std::fs::write(&path, "no certificate").expect("written");
        assert!(refused(&path).contains("holds no certificate"), "{}", refused(&path));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, broken).expect("written");
        assert!(refused(&path).contains("certificate 1"), "{}", refused(&path));
        std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("written");
        assert!(refused(&path).contains("holds no certificate"), "{}", refused(&path));
        assert!(client(None).is_ok());
    }
}
