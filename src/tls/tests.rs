//! Real handshakes with a client that trusts only the local CA.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;

use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn config(data: &Path) -> Config {
    Config {
        tls: true,
        data: data.to_owned(),
        ..Config::default()
    }
}

fn connector(ca_file: &Path, alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// The leaf's bytes if the client accepts it for `name`.
async fn shake(tls: &Tls, ca_file: &Path, name: &str, local: IpAddr) -> io::Result<Vec<u8>> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = connector(ca_file, &["h2", "http/1.1"]);
    let (server, client) = tokio::join!(tls.accept(far, local), connector.connect(name, near));
    let client = client?;
    server?;
    let (_, session) = client.get_ref();
    assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(session.peer_certificates().unwrap()[0].to_vec())
}

#[tokio::test]
async fn clients_that_trust_the_ca_accept_every_name() {
    let dir = tempfile::tempdir().unwrap();
    let tls = Tls::open(&config(dir.path())).unwrap();
    let ca = tls.ca_file().unwrap().to_owned();
    assert_eq!(ca, dir.path().join("tls/ca.pem"));
    let elsewhere: IpAddr = "192.0.2.7".parse().unwrap();
    let accepted = [
        ("localhost", LOOPBACK),
        ("127.0.0.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("examplebucket.localhost", LOOPBACK),
        ("oss-cn-hangzhou.aliyuncs.com", LOOPBACK),
        (
            "examplebucket.oss-cn-shanghai-internal.aliyuncs.com",
            LOOPBACK,
        ),
        ("192.0.2.7", elsewhere),
        ("127.0.0.1", elsewhere),
    ];
    for (name, local) in accepted {
        let outcome = shake(&tls, &ca, name, local).await;
        assert!(outcome.is_ok(), "{name} at {local}: {outcome:?}");
    }
    let refused = shake(&tls, &ca, "192.0.2.8", elsewhere).await;
    assert!(
        refused.is_err(),
        "an address that is not ours is in no certificate"
    );
}

#[tokio::test]
async fn a_name_is_signed_once_and_each_leaf_has_its_own_serial() {
    let dir = tempfile::tempdir().unwrap();
    let tls = Tls::open(&config(dir.path())).unwrap();
    let ca = tls.ca_file().unwrap().to_owned();
    let first = shake(&tls, &ca, "a.localhost", LOOPBACK).await.unwrap();
    assert_eq!(
        shake(&tls, &ca, "A.localhost", LOOPBACK).await.unwrap(),
        first
    );
    assert_ne!(
        shake(&tls, &ca, "b.localhost", LOOPBACK).await.unwrap(),
        first
    );
    // The serial follows the version in the outermost two sequences; 128 bits never meet twice.
    let serial = |leaf: &[u8]| {
        leaf.windows(18)
            .find(|part| part[..2] == [2, 16])
            .map(<[u8]>::to_vec)
    };
    let second = shake(&tls, &ca, "c.localhost", LOOPBACK).await.unwrap();
    assert!(serial(&first).is_some());
    assert_ne!(serial(&first), serial(&second));
}

#[tokio::test]
async fn the_ca_outlives_the_server_and_its_key_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let ca = Tls::open(&config).unwrap().ca_file().unwrap().to_owned();
    let certificate = std::fs::read(&ca).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("tls/authority.toml")), 0o600);
    assert_eq!(mode(&ca), 0o644);

    std::fs::remove_file(&ca).unwrap();
    let again = Tls::open(&config).unwrap();
    assert_eq!(
        std::fs::read(&ca).unwrap(),
        certificate,
        "written again, the same CA"
    );
    shake(&again, &ca, "a.localhost", LOOPBACK)
        .await
        .expect("signed with the kept key");
}

#[tokio::test]
async fn a_ca_that_runs_out_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let ca = Tls::open(&config).unwrap().ca_file().unwrap().to_owned();
    let certificate = std::fs::read(&ca).unwrap();
    let path = dir.path().join("tls/authority.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let soon = time::OffsetDateTime::now_utc().unix_timestamp() + 29 * 24 * 3600;
    let rest = text.split_once('\n').unwrap().1;
    std::fs::write(&path, format!("expires = {soon}\n{rest}")).unwrap();
    let tls = Tls::open(&config).unwrap();
    assert_ne!(std::fs::read(&ca).unwrap(), certificate);
    shake(&tls, &ca, "localhost", LOOPBACK)
        .await
        .expect("the new CA signs");
}

#[test]
fn a_broken_ca_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let path = dir.path().join("tls/authority.toml");
    std::fs::create_dir(dir.path().join("tls")).unwrap();
    for text in [
        "nonsense",
        "expires = 99999999999\ncertificate = ''\nkey = ''\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Tls::open(&config).expect_err(text).to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(
            error.ends_with("remove the file to make a new CA"),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn in_memory_the_ca_is_written_only_where_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut config = Config {
        memory: true,
        ..config(&data)
    };
    assert_eq!(Tls::open(&config).unwrap().ca_file(), None);
    config.tls_ca_file = Some(dir.path().join("ca.pem"));
    let tls = Tls::open(&config).unwrap();
    let ca = tls.ca_file().unwrap().to_owned();
    assert_eq!(Some(&ca), config.tls_ca_file.as_ref());
    assert!(!data.exists(), "memory mode touches no data directory");
    shake(&tls, &ca, "localhost", LOOPBACK).await.unwrap();
}

#[tokio::test]
async fn a_given_certificate_is_served_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["oss.example".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut config = config(&dir.path().join("data"));
    config.tls_cert = Some(cert.clone());
    config.tls_key = Some(key.clone());
    let tls = Tls::open(&config).unwrap();
    assert_eq!(tls.ca_file(), None);
    let served = shake(&tls, &cert, "oss.example", LOOPBACK).await.unwrap();
    assert_eq!(served, made.cert.der().to_vec());

    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(&key, other.serialize_pem()).unwrap();
    let error = Tls::open(&config)
        .expect_err("the key belongs to another certificate")
        .to_string();
    assert!(error.starts_with(&key.display().to_string()), "{error}");
    std::fs::write(&cert, "no pem").unwrap();
    let error = Tls::open(&config).expect_err("no certificate").to_string();
    assert_eq!(
        error,
        format!("{}: no certificate in this file", cert.display())
    );
    std::fs::remove_file(&cert).unwrap();
    let error = Tls::open(&config).expect_err("no file").to_string();
    assert!(
        error.starts_with(&format!("{}: No such file", cert.display())),
        "{error}"
    );
}
