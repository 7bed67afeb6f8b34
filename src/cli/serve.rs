//! `ossicle serve`: from configuration to a running server, its banner, and its end on a signal.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Failure, reachable, write_out};
use crate::app::App;
use crate::config::{Config, Durability};
use crate::dispatch;
use crate::server::{Listeners, Server};

pub(super) fn serve(config: Config) -> Result<(), Failure> {
    start_log(&config)?;
    // One worker for each core. Store calls that wait for the disk have their own pool.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("ossicle")
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format_args!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(run(config));
    // Everything that was promised is done; a store call that hangs must not keep the program.
    runtime.shutdown_background();
    outcome
}

fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(Failure::usage)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(Failure::run)
}

async fn run(config: Config) -> Result<(), Failure> {
    // Before the first request, so that a signal during start-up is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::run)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::run)?;

    let listeners = Listeners::bind(&config).await.map_err(Failure::run)?;
    let app = App::open(config.clone()).await.map_err(Failure::run)?;
    let service = dispatch::service(Arc::clone(&app));
    let server = Server::start(listeners, &config, service).map_err(Failure::run)?;
    write_out(&banner(&config, &server))?;
    warn_if_exposed(&config, &server);
    let lifecycle = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.keep_lifecycle().await })
    };

    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "stopping, a second signal stops at once");
    let close = async {
        server.stop().await;
        // What it has begun is whole: each of its changes is one commit.
        lifecycle.abort();
        app.close().await
    };
    tokio::select! {
        closed = close => closed.map_err(|error| Failure::run(format_args!("cannot close the store: {error}"))),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

fn warn_if_exposed(config: &Config, server: &Server) {
    let addresses = [Some(server.address()), server.tls_address()];
    let exposed = addresses
        .into_iter()
        .flatten()
        .find(|address| !address.ip().is_loopback());
    if let Some(address) = exposed
        && config.has_default_key()
    {
        tracing::warn!(
            %address,
            "listening beyond this machine with the default keys, which everybody knows; set OSSICLE_ACCESS_KEY_ID and OSSICLE_ACCESS_KEY_SECRET"
        );
    }
}

fn banner(config: &Config, server: &Server) -> String {
    let endpoint = format!("http://{}", reachable(server.address()));
    let mut text = format!("ossicle {} is ready\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<11}{value}");
    };
    line("endpoint", &endpoint);
    if let Some(address) = server.tls_address() {
        line("https", &format!("https://{}", reachable(address)));
        match (server.ca_file(), &config.tls_cert) {
            (Some(file), _) => {
                let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
                line("trust", &format!("{} (the local CA)", file.display()));
            }
            (None, Some(_)) => {}
            (None, None) => line(
                "trust",
                "a CA in memory: name a file with --tls-ca-file to get its certificate",
            ),
        }
    }
    line("region", &config.region);
    if config.memory {
        line("data", "in memory, gone when the server stops");
    } else {
        let mode = match config.durability {
            Durability::Durable => "durable: a write is on disk before its answer",
            Durability::Relaxed => "relaxed: a power cut may lose the last writes",
        };
        line("data", &format!("{} ({mode})", config.data.display()));
    }
    if let Some(key) = config.first_key() {
        // The default secret is public; another one does not belong into logs.
        let known = config.has_default_key();
        let shown = if known { key.secret.expose() } else { "***" };
        line("key id", &key.id);
        line("key secret", shown);
        let secret = if known {
            format!("{shown:?}")
        } else {
            "os.environ[\"OSS_ACCESS_KEY_SECRET\"]".to_owned()
        };
        text.push_str(&snippet(&endpoint, &key.id, &secret));
    }
    text
}

/// Python that can be pasted as it stands, hence without indentation, and a second time as well.
fn snippet(endpoint: &str, id: &str, secret: &str) -> String {
    let os = if secret.starts_with("os.") {
        "import os  # after: eval \"$(ossicle env)\"\n"
    } else {
        ""
    };
    format!(
        r#"
{os}import oss2  # pip install oss2
bucket = oss2.Bucket(oss2.Auth("{id}", {secret}), "{endpoint}", "examplebucket")
bucket.create_bucket()
length = bucket.head_object("log").content_length if bucket.object_exists("log") else 0
bucket.append_object("log", length, "hello\n")
print(bucket.get_object("log").read())

"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KeyPair, Secret};

    async fn banner_of(mut config: Config) -> String {
        config.listen.set_port(0);
        let listeners = Listeners::bind(&config).await.unwrap();
        let server = Server::start(listeners, &config, axum::Router::new()).unwrap();
        let text = banner(&config, &server);
        let text = text.replace(&server.address().port().to_string(), "PORT");
        server.stop().await;
        text
    }

    #[tokio::test]
    async fn the_banner_tells_what_a_client_needs() {
        let memory = Config {
            memory: true,
            ..Config::default()
        };
        insta::assert_snapshot!(banner_of(memory).await.replace(env!("CARGO_PKG_VERSION"), "0.1.0"), @r#"
        ossicle 0.1.0 is ready
          endpoint   http://127.0.0.1:PORT
          region     cn-hangzhou
          data       in memory, gone when the server stops
          key id     ossicle
          key secret ossicle-secret

        import oss2  # pip install oss2
        bucket = oss2.Bucket(oss2.Auth("ossicle", "ossicle-secret"), "http://127.0.0.1:PORT", "examplebucket")
        bucket.create_bucket()
        length = bucket.head_object("log").content_length if bucket.object_exists("log") else 0
        bucket.append_object("log", length, "hello\n")
        print(bucket.get_object("log").read())
        "#);
    }

    #[tokio::test]
    async fn a_secret_of_ones_own_is_not_shown() {
        let mut config = Config {
            memory: true,
            ..Config::default()
        };
        config.account[0].keys = vec![KeyPair {
            id: "mine".into(),
            secret: Secret::new("hush"),
            disabled: false,
        }];
        let text = banner_of(config).await;
        assert!(!text.contains("hush"), "{text}");
        assert!(text.contains("key secret ***\n"), "{text}");
        assert!(
            text.contains("oss2.Auth(\"mine\", os.environ[\"OSS_ACCESS_KEY_SECRET\"])"),
            "{text}"
        );
        assert!(text.contains("\nimport os  # after: eval"), "{text}");
    }
}
