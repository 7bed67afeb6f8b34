//! The servers under measurement: how each is started, stopped and asked.
//!
//! Each listens on loopback, keeps its data below the work directory, and is ended by its process id.

use crate::{
    client::{self, Result},
    sign::{self, Azure, Oss},
};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Bucket, container or directory of all loads.
pub const BUCKET: &str = "bench";

/// Who is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
pub enum Kind {
    /// An axum server that discards bodies and serves bytes from memory.
    Floor,
    Ossicle,
    Nginx,
    S3sFs,
    Azurite,
    Moto,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Ossicle,
        Self::Floor,
        Self::Nginx,
        Self::S3sFs,
        Self::Azurite,
        Self::Moto,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ossicle => "Ossicle",
            Self::Nginx => "nginx",
            Self::S3sFs => "s3s-fs",
            Self::Azurite => "Azurite",
            Self::Moto => "moto",
        }
    }

    /// Whether it has such an operation at all.
    pub fn offers(self, operation: Operation) -> bool {
        match operation {
            Operation::Append => matches!(self, Self::Floor | Self::Ossicle | Self::Azurite),
            // nginx lists files as a web page, which is no object listing.
            Operation::List => self != Self::Nginx && self != Self::Floor,
            _ => true,
        }
    }
}

/// What is asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
pub enum Operation {
    Append,
    Put,
    Get,
    Head,
    List,
    Delete,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Put => "put",
            Self::Get => "get",
            Self::Head => "head",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }

    /// Whether bytes follow the head.
    pub fn sends(self) -> bool {
        matches!(self, Self::Append | Self::Put)
    }
}

/// Where programs and data are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The binary under test.
    pub ossicle: PathBuf,
    /// Installed peers, as `tests/bench/peers` leaves them.
    pub peers: PathBuf,
    /// Data of all servers, on the disk that is measured.
    pub work: PathBuf,
}

/// A running server.
pub struct Server {
    pub kind: Kind,
    pub address: SocketAddr,
    process: Process,
}

/// A process that ends with its owner.
pub struct Process {
    child: Child,
}

/// Runs a program in place of this process, so that it ends when the bench does, however that ends.
pub fn run_tied(program: &[std::ffi::OsString]) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let (program, arguments) = program.split_first().ok_or("no program")?;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
    Err(Command::new(program).args(arguments).exec().into())
}

impl Process {
    /// Starts a program that ends with this process.
    fn start_tied(command: &Command, log: std::fs::File) -> Result<Self> {
        let mut tied = Command::new(std::env::current_exe()?);
        tied.stderr(log);
        tied.arg("tied")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            tied.env(name, value.unwrap_or_default());
        }
        Self::start(&mut tied)
    }

    fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Self { child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(id) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(id, signal);
        }
    }

    /// SIGTERM, and SIGKILL to one that has not ended within 20 s.
    pub fn stop(&mut self) {
        self.signal(rustix::process::Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A figure of `/proc/<pid>/status` in bytes, such as `VmRSS` or `VmHWM`.
    pub fn memory(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .ok_or("no such figure of a process")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Lets `VmHWM` begin anew at the present resident size.
    pub fn reset_peak(&self) -> Result<()> {
        Ok(std::fs::write(
            format!("/proc/{}/clear_refs", self.id()),
            "5",
        )?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(probe.local_addr()?.port())
}

impl Server {
    /// Starts one with empty data; none where its program is not installed.
    pub fn start(kind: Kind, places: &Places) -> Result<Option<Self>> {
        Self::start_as(kind.name(), kind, places)
    }

    /// The same, under another name of its data: a second server of a kind.
    pub fn start_as(name: &str, kind: Kind, places: &Places) -> Result<Option<Self>> {
        let data = places.work.join(name);
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(&data)?;
        let data = data.canonicalize()?;
        let port = free_port()?;
        let Some(command) = command(kind, places, &data, port)? else {
            return Ok(None);
        };
        let log = std::fs::File::create(places.work.join(format!("{name}.log")))?;
        let process = Process::start_tied(&command, log)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        wait_for(address, Duration::from_mins(1))
            .map_err(|error| format!("{}: {error}", kind.name()))?;
        let server = Self {
            kind,
            address,
            process,
        };
        server.create_bucket()?;
        Ok(Some(server))
    }

    /// Ossicle over the data that is in a directory; no bucket is made.
    pub fn ossicle_at(places: &Places, data: &Path) -> Result<Self> {
        let port = free_port()?;
        let process = Process::start(ossicle(places, data, port).stderr(Stdio::null()))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Self {
            kind: Kind::Ossicle,
            address,
            process,
        };
        server.first_answer(Duration::from_mins(1))?;
        Ok(server)
    }

    /// Waits for the first answer of the health page.
    pub fn first_answer(&self, limit: Duration) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.address) {
                stream.set_read_timeout(Some(limit))?;
                stream.write_all(b"GET /_ossicle/health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
                let mut answer = [0; 15];
                if stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 200 OK" {
                    return Ok(());
                }
            }
            if began.elapsed() > limit {
                return Err("no answer in time".into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    pub fn process_mut(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Makes heads of requests, signed now.
    pub fn asker(&self) -> Asker {
        Asker {
            kind: self.kind,
            host: self.address.to_string(),
            oss: Oss::now(),
            azure: Azure::now(),
        }
    }

    pub fn create_bucket(&self) -> Result<()> {
        let asker = self.asker();
        let head = match self.kind {
            Kind::Floor | Kind::Nginx => return Ok(()),
            Kind::Ossicle => asker.oss.head("PUT", &asker.host, BUCKET, "", &[], 0),
            Kind::S3sFs | Kind::Moto => asker.plain("PUT", "", "", 0),
            Kind::Azurite => asker.azure.head(
                "PUT",
                &asker.host,
                BUCKET,
                &[("restype", "container")],
                &[],
                0,
            ),
        };
        client::prepare(self.address, vec![head], 0, 1)
    }
}

fn ossicle(places: &Places, data: &Path, port: u16) -> Command {
    let mut command = Command::new(&places.ossicle);
    command
        .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(data)
        .args(["--durability", "durable", "--log", "ossicle=warn"]);
    command
}

fn command(kind: Kind, places: &Places, data: &Path, port: u16) -> Result<Option<Command>> {
    let text = port.to_string();
    let program = |path: &str| {
        let path = places.peers.join(path);
        path.try_exists()
            .is_ok_and(|exists| exists)
            .then(|| Command::new(path))
    };
    Ok(match kind {
        Kind::Floor => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["floor", &text]);
            Some(command)
        }
        Kind::Ossicle => Some(ossicle(places, &data.join("data"), port)),
        Kind::Nginx => program("nginx/usr/sbin/nginx").map(|mut command| {
            let _ = std::fs::write(data.join("nginx.conf"), nginx_configuration(port));
            let _ = std::fs::create_dir_all(data.join("data").join(BUCKET));
            let _ = std::fs::create_dir_all(data.join("tmp"));
            command.arg("-p").arg(data).args(["-c", "nginx.conf"]);
            command
        }),
        Kind::S3sFs => program("s3s-fs/bin/s3s-fs").map(|mut command| {
            // Without a key pair it takes unsigned requests, and is spared the work of checking.
            command
                .args(["--host", "127.0.0.1", "--port", &text])
                .arg(data);
            command.env("RUST_LOG", "error");
            command
        }),
        Kind::Azurite => program("azurite/node_modules/.bin/azurite-blob").map(|mut command| {
            command
                .args(["--silent", "--skipApiVersionCheck", "--disableTelemetry"])
                .args(["--blobHost", "127.0.0.1", "--blobPort", &text, "--location"])
                .arg(data);
            command
        }),
        Kind::Moto => program("moto/bin/moto_server").map(|mut command| {
            command.args(["-H", "127.0.0.1", "-p", &text]);
            command
        }),
    })
}

/// As fast as it gets: sendfile, a worker for each core, no log. All its files stay below the work directory.
fn nginx_configuration(port: u16) -> String {
    let user = if rustix::process::geteuid().is_root() {
        "user root;\n"
    } else {
        ""
    };
    format!(
        "daemon off;\n{user}worker_processes auto;\npid nginx.pid;\nerror_log stderr error;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000000;\n  client_max_body_size 0;\n  \
         client_body_temp_path tmp/body;\n  proxy_temp_path tmp/proxy;\n  fastcgi_temp_path tmp/fastcgi;\n  uwsgi_temp_path tmp/uwsgi;\n  \
         scgi_temp_path tmp/scgi;\n  \
         server {{\n    listen 127.0.0.1:{port};\n    root data;\n    location / {{ dav_methods PUT DELETE; }}\n  }}\n}}\n"
    )
}

/// Waits until somebody accepts connections.
fn wait_for(address: SocketAddr, limit: Duration) -> Result<()> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if began.elapsed() > limit {
            return Err("does not listen; see its log in the work directory".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Makes the heads of requests in a server's own dialect.
pub struct Asker {
    kind: Kind,
    host: String,
    oss: Oss,
    azure: Azure,
}

impl Asker {
    pub fn append(&self, key: &str, position: u64, length: u64) -> Vec<u8> {
        match self.kind {
            Kind::Azurite => self.azure.head(
                "PUT",
                &self.host,
                &azure_path(key),
                &[("comp", "appendblock")],
                &[],
                length,
            ),
            Kind::Ossicle => {
                let position = position.to_string();
                let query = [("append", None), ("position", Some(position.as_str()))];
                self.oss
                    .head("POST", &self.host, BUCKET, key, &query, length)
            }
            _ => self.plain("POST", key, "", length),
        }
    }

    /// What must be sent before the first append to a key.
    pub fn before_append(&self, key: &str) -> Option<Vec<u8>> {
        (self.kind == Kind::Azurite).then(|| {
            let kind = [("x-ms-blob-type", "AppendBlob")];
            self.azure
                .head("PUT", &self.host, &azure_path(key), &[], &kind, 0)
        })
    }

    pub fn put(&self, key: &str, length: u64) -> Vec<u8> {
        match self.kind {
            Kind::Azurite => {
                let kind = [("x-ms-blob-type", "BlockBlob")];
                self.azure
                    .head("PUT", &self.host, &azure_path(key), &[], &kind, length)
            }
            _ => self.simple("PUT", key, length),
        }
    }

    pub fn get(&self, key: &str) -> Vec<u8> {
        self.simple("GET", key, 0)
    }

    pub fn head(&self, key: &str) -> Vec<u8> {
        self.simple("HEAD", key, 0)
    }

    pub fn delete(&self, key: &str) -> Vec<u8> {
        self.simple("DELETE", key, 0)
    }

    /// A page of 1000 keys after a marker.
    pub fn list(&self, prefix: &str, marker: &str) -> Vec<u8> {
        match self.kind {
            Kind::Azurite => {
                let query = [
                    ("comp", "list"),
                    ("maxresults", "1000"),
                    ("prefix", prefix),
                    ("restype", "container"),
                ];
                self.azure.head("GET", &self.host, BUCKET, &query, &[], 0)
            }
            Kind::Ossicle => {
                let mut query = vec![("max-keys", Some("1000"))];
                if !marker.is_empty() {
                    query.insert(0, ("marker", Some(marker)));
                }
                if !prefix.is_empty() {
                    query.push(("prefix", Some(prefix)));
                }
                self.oss.head("GET", &self.host, BUCKET, "", &query, 0)
            }
            _ => {
                let query = format!("?list-type=2&max-keys=1000&prefix={prefix}");
                self.plain("GET", "", &query, 0)
            }
        }
    }

    fn simple(&self, method: &str, key: &str, length: u64) -> Vec<u8> {
        match self.kind {
            Kind::Ossicle => self.oss.head(method, &self.host, BUCKET, key, &[], length),
            Kind::Azurite => {
                self.azure
                    .head(method, &self.host, &azure_path(key), &[], &[], length)
            }
            _ => self.plain(method, key, "", length),
        }
    }

    fn plain(&self, method: &str, key: &str, query: &str, length: u64) -> Vec<u8> {
        let slash = if key.is_empty() { "" } else { "/" };
        let framing = sign::framing(method, length);
        // moto wants to see a signature and does not check it.
        let signature = if self.kind == Kind::Moto {
            "Authorization: AWS4-HMAC-SHA256 Credential=bench/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"
        } else {
            ""
        };
        format!(
            "{method} /{BUCKET}{slash}{key}{query} HTTP/1.1\r\nHost: {}\r\n{framing}{signature}\r\n",
            self.host
        )
        .into_bytes()
    }
}

fn azure_path(key: &str) -> String {
    format!("{BUCKET}/{key}")
}
