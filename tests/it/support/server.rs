//! The server under test: the real binary as a child process on a free port, with its log watched. It ends with the value that holds it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::client::Client;
use super::wait_for;

/// Key pairs and accounts that every test server knows. The users' policies are what `auth_matrix` is about.
pub const ACCOUNTS: &str = r#"
[[account]]
uid = "1000000000000001"
display_name = "ossicle"
keys = [{ id = "ossicle", secret = "ossicle-secret" }]

[[account.users]]
name = "reader"
keys = [{ id = "readerkey", secret = "reader-secret" }]
policy = '''{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:GetObject","oss:ListObjects"],"Resource":["*"]}]}'''

[[account.users]]
name = "appender"
keys = [{ id = "appenderkey", secret = "appender-secret" }]
policy = '''{"Version":"1","Statement":[
  {"Effect":"Allow","Action":"oss:PutObject","Resource":"acs:oss:*:*:*/logs/*"},
  {"Effect":"Deny","Action":"oss:*","Resource":"acs:oss:*:*:*/logs/secret/*"}]}'''

[[account.users]]
name = "nobody"
keys = [{ id = "nobodykey", secret = "nobody-secret" }]

[[account.users]]
name = "assumer"
keys = [{ id = "assumerkey", secret = "assumer-secret" }]
policy = '''{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}'''

[[account]]
uid = "1000000000000002"
display_name = "other"
keys = [{ id = "otherkey", secret = "other-secret" }]

[[role]]
arn = "acs:ram::1000000000000001:role/reader"
account = "1000000000000001"
policy = '''{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Resource":"*"}]}'''
"#;

/// How to start a server.
#[derive(Default)]
pub struct Settings {
    /// Keep the data in a directory that outlives restarts, instead of in memory.
    pub on_disk: bool,
    /// Configuration in front of the accounts (top-level keys and tables).
    pub config: String,
    /// Further arguments.
    pub args: Vec<String>,
    /// A program (and its arguments) that runs the server, e.g. to give it a small file system.
    pub wrapper: Vec<String>,
    /// The data directory, when the test brings one (with `on_disk`).
    pub data: Option<PathBuf>,
}

/// A running server.
pub struct Server {
    child: Option<Running>,
    folder: TempDir,
    settings: Settings,
    expected_errors: Mutex<Vec<String>>,
    /// Log lines of earlier runs and of this one.
    log: Arc<Mutex<Vec<String>>>,
}

struct Running {
    process: Child,
    reader: Option<JoinHandle<()>>,
    addr: SocketAddr,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// The server that tests without special wishes share; it ends when the last test that uses it does. It keeps its data in memory, or
/// with `IT_STORE=disk` in the environment on disk, so that the same tests hold for both.
pub fn shared() -> Arc<Server> {
    let mut slot = lock(&SHARED);
    if let Some(running) = slot.upgrade() {
        return running;
    }
    let on_disk = std::env::var_os("IT_STORE").is_some_and(|store| store == "disk");
    let server = Arc::new(Server::start(Settings {
        on_disk,
        // More than the tests that share it make together.
        config: "[limits]\nbuckets_max = 10000".to_owned(),
        ..Settings::default()
    }));
    *slot = Arc::downgrade(&server);
    server
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that failed while it held the lock must not fail the others.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Starts a server and waits until it has told its port.
    pub fn start(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = format!("{}\n{ACCOUNTS}", settings.config);
        std::fs::write(folder.path().join("ossicle.toml"), config)
            .expect("writing the configuration");
        let mut server = Self {
            child: None,
            folder,
            settings,
            expected_errors: Mutex::new(Vec::new()),
            log: Arc::new(Mutex::new(Vec::new())),
        };
        server.spawn();
        server
    }

    /// Where the data is, for a server on disk.
    pub fn data(&self) -> PathBuf {
        self.settings
            .data
            .clone()
            .unwrap_or_else(|| self.folder.path().join("data"))
    }

    /// The command line of this server, without a wrapper.
    fn command(&self, port_file: &Path) -> Command {
        // An optimised binary can stand in for the one that was built beside the tests.
        let given = std::env::var("OSSICLE_TEST_BINARY").ok();
        let program = given.as_deref().unwrap_or(env!("CARGO_BIN_EXE_ossicle"));
        let mut command = match self.settings.wrapper.split_first() {
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
            None => Command::new(program),
        };
        // The tester's own settings must not leak in.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OSSICLE_") {
                command.env_remove(name);
            }
        }
        command
            .args(["--listen", "127.0.0.1:0", "--port-file"])
            .arg(port_file);
        command
            .arg("--config")
            .arg(self.folder.path().join("ossicle.toml"));
        if self.settings.on_disk {
            command.arg("--data").arg(self.data());
        } else {
            command.arg("--memory");
        }
        command
            .args(&self.settings.args)
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path());
        command
    }

    fn spawn(&mut self) {
        assert!(self.child.is_none(), "one process at a time");
        let port_file = self.folder.path().join("port");
        match std::fs::remove_file(&port_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                panic!("removing {}: {error}", port_file.display())
            }
            _ => {}
        }
        let mut process = self
            .command(&port_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starting the server");
        let stderr = process.stderr.take().expect("a piped stderr");
        let log = Arc::clone(&self.log);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lock(&log).push(line);
            }
        });
        let addr = wait_for("the port file", Duration::from_secs(30), || {
            if let Ok(Some(status)) = process.try_wait() {
                panic!(
                    "the server ended at start with {status}:\n{}",
                    lock(&self.log).join("\n")
                );
            }
            port_in(&port_file)
        });
        self.child = Some(Running {
            process,
            reader: Some(reader),
            addr,
        });
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.child.as_ref().expect("a running server").addr
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").process.id()
    }

    /// A client with the default key pair.
    pub fn client(&self) -> Client {
        Client::new(self.addr(), "ossicle", "ossicle-secret")
    }

    /// Announces that the log may hold an ERROR event with this text.
    pub fn expect_error_log(&self, text: &str) {
        lock(&self.expected_errors).push(text.to_owned());
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        lock(&self.log).clone()
    }

    /// Ends the process as the kernel would: without a chance to say goodbye.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.child.take() {
            running.process.kill().expect("killing the server");
            running.process.wait().expect("waiting for the server");
            running.join();
        }
    }

    /// Asks the process to end (SIGTERM) and waits for it; `None` when it has not ended after `limit` and was killed.
    pub fn terminate(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut running = self.child.take()?;
        signal_term(running.process.id());
        let start = std::time::Instant::now();
        let mut status = running.process.try_wait().expect("asking for the status");
        while status.is_none() && start.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(3));
            status = running.process.try_wait().expect("asking for the status");
        }
        if status.is_none() {
            running.process.kill().expect("killing the server");
            running.process.wait().expect("waiting for the server");
        }
        running.join();
        status
    }

    /// Starts the server and kills it after `moment`, ready or not; whether it had not yet opened its port.
    #[allow(dead_code, reason = "only the proofs do this")]
    pub fn kill_at_start(&mut self, moment: Duration) -> bool {
        let port_file = self.folder.path().join("port");
        let _ = std::fs::remove_file(&port_file);
        let mut process = self
            .command(&port_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starting the server");
        std::thread::sleep(moment);
        process.kill().expect("killing the server");
        process.wait().expect("waiting for the server");
        port_in(&port_file).is_none()
    }

    /// Starts the server again after [`Server::kill`] or [`Server::terminate`], on the same data.
    pub fn start_again(&mut self) {
        self.spawn();
    }
}

impl Running {
    fn join(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the log reader");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.terminate(Duration::from_secs(5));
        let log = self.log();
        let bad = unexpected_errors(&log, &lock(&self.expected_errors));
        if std::thread::panicking() {
            let tail = log
                .iter()
                .rev()
                .take(60)
                .rev()
                .fold(String::new(), |mut text, line| {
                    let _ = writeln!(text, "  {line}");
                    text
                });
            eprintln!("the server's last log lines:\n{tail}");
        } else {
            assert!(
                bad.is_empty(),
                "the server logged errors nobody announced:\n{}",
                bad.join("\n")
            );
        }
    }
}

/// ERROR events and panics in a log, except announced ones.
fn unexpected_errors(log: &[String], expected: &[String]) -> Vec<String> {
    log.iter()
        .filter(|line| {
            line.split_whitespace().take(2).any(|word| word == "ERROR")
                || line.contains("panicked at")
        })
        .filter(|line| !expected.iter().any(|text| line.contains(text.as_str())))
        .cloned()
        .collect()
}

/// SIGTERM by way of the shell, since the standard library can only kill.
fn signal_term(pid: u32) {
    // A failure means that the process is gone already, and that is what was asked for.
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -TERM {pid}")])
        .status()
        .expect("running sh");
}

/// The address in a port file, once it is written whole (it may hold an address or only a port).
fn port_in(file: &Path) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(file).ok()?;
    let text = text.strip_suffix('\n')?.trim();
    text.parse().ok().or_else(|| {
        text.parse()
            .ok()
            .map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)))
    })
}

/// The watcher sees what it must see, and only that: its negative control.
#[test]
fn log_watcher_finds_errors_and_panics() {
    let log: Vec<String> = [
        "2024-05-01T10:00:00Z  INFO ossicle: request key=\"ERROR\" status=200",
        "2024-05-01T10:00:00Z ERROR ossicle::store: sync failed",
        "2024-05-01T10:00:01Z ERROR ossicle: announced",
        "thread 'main' panicked at src/x.rs:1:1",
    ]
    .map(str::to_owned)
    .to_vec();
    let bad = unexpected_errors(&log, &[String::from("announced")]);
    assert_eq!(bad, [log[1].clone(), log[3].clone()]);
    assert!(unexpected_errors(&log[..1], &[]).is_empty());
}
