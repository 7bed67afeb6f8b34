//! The command line: what the program can be told, and the exit codes it answers with.
//!
//! Exit codes: 0 done, 1 could not run (address taken, data directory unreadable or in use, unhealthy), 2 told
//! nonsense (flags, variables or file). Every failure is one plain line on standard error.

mod completions;
mod env;
mod healthcheck;
mod operations;
mod serve;

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{self, CONFIG_VARIABLE, Config, ConfigError, Overrides, VARIABLE_PREFIX};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "ossicle", version, about, disable_help_subcommand = true)]
#[command(
    after_help = "Every flag has a variable: --tls-listen is OSSICLE_TLS_LISTEN. Flags win over variables, \
    variables over the file of --config, the file over the defaults."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (what `ossicle` alone does)
    Serve,
    /// Print export lines for the variables that OSS clients and their tests read: eval "$(ossicle env)"
    Env {
        /// Endpoint to name, in place of the configured address
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
    },
    /// Ask a running server whether it is ready; exit code 0 or 1
    Healthcheck {
        /// Server to ask, in place of the configured address; http only
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
    },
    /// Print which OSS operations are supported
    Operations,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Flags of every command; those that name a server read the same configuration.
#[derive(Debug, Default, Args)]
struct Settings {
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of the http listener; port 0 takes a free one [default: 127.0.0.1:6770]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Write the real port to this file once the server answers
    #[arg(long, global = true, value_name = "FILE")]
    port_file: Option<String>,
    /// Directory of buckets and objects [default: ./ossicle-data]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    data: Option<String>,
    /// Keep everything in memory and touch no disk
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    memory: Option<String>,
    /// When a write is answered: durable (on disk) or relaxed (handed to the system) [default: durable]
    #[arg(long, global = true, value_name = "MODE")]
    durability: Option<String>,
    /// Region that the server stands for [default: cn-hangzhou]
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// What to log to standard error, as target=level [default: ossicle=info]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Open an https listener too, with a certificate from a local CA
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tls: Option<String>,
    /// Address of the https listener; implies --tls [default: port 6771 beside --listen]
    #[arg(long, global = true, value_name = "ADDRESS")]
    tls_listen: Option<String>,
    /// Certificate chain (PEM) in place of the local CA
    #[arg(long, global = true, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Private key (PEM) of --tls-cert
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<String>,
    /// Write the certificate of the local CA to this file
    #[arg(long, global = true, value_name = "FILE")]
    tls_ca_file: Option<String>,
    /// Key id of the first account [default: ossicle]
    #[arg(long, global = true, value_name = "ID")]
    access_key_id: Option<String>,
    /// Its secret; others see flags in the process list, so prefer OSSICLE_ACCESS_KEY_SECRET [default: ossicle-secret]
    #[arg(long, global = true, value_name = "SECRET")]
    access_key_secret: Option<String>,
}

impl Settings {
    fn load(self) -> Result<Config, ConfigError> {
        let file = self.config.or_else(|| {
            let named = std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty());
            named.map(PathBuf::from)
        });
        let mut overrides = Overrides::from_environment(|name| std::env::var(name).ok());
        let flags = [
            ("listen", self.listen),
            ("port_file", self.port_file),
            ("data", self.data),
            ("memory", self.memory),
            ("durability", self.durability),
            ("region", self.region),
            ("log", self.log),
            ("tls", self.tls),
            ("tls_listen", self.tls_listen),
            ("tls_cert", self.tls_cert),
            ("tls_key", self.tls_key),
            ("tls_ca_file", self.tls_ca_file),
            ("access_key_id", self.access_key_id),
            ("access_key_secret", self.access_key_secret),
        ];
        for (key, value) in flags {
            overrides.flag(key, value);
        }
        config::load(file.as_deref(), &overrides)
    }
}

/// Why a command failed.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command could not do its work.
    fn run(message: impl fmt::Display) -> Self {
        Self {
            code: 1,
            message: message.to_string(),
        }
    }

    /// The command was told nonsense.
    fn usage(message: impl fmt::Display) -> Self {
        Self {
            code: 2,
            message: message.to_string(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

/// Runs the command that `arguments` (with the program's name first) ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => execute(arguments),
        Err(error) if !error.use_stderr() => {
            // Help and version; nobody is left to tell if this fails.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(Failure::usage(first_paragraph(&error.to_string()))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("ossicle: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// clap explains at length; what is wrong stands first.
fn first_paragraph(text: &str) -> String {
    let text = text.trim_start().trim_start_matches("error:");
    let first: Vec<_> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    format!("{} (see ossicle --help)", first.join(" "))
}

fn execute(arguments: Arguments) -> Result<(), Failure> {
    let settings = arguments.settings;
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let config = settings.load()?;
            warn_of_unread_variables();
            serve::serve(config)
        }
        Command::Env { endpoint } => env::print(&settings.load()?, endpoint.as_deref()),
        Command::Healthcheck { endpoint } => {
            healthcheck::check(&settings.load()?, endpoint.as_deref())
        }
        Command::Operations => operations::print(),
        Command::Completions { shell } => completions::print(shell),
    }
}

/// A misspelt variable would otherwise be silently without effect. Not an error: Kubernetes sets `OSSICLE_PORT` and
/// more by itself where a service of this name exists.
fn warn_of_unread_variables() {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let orchestrator = ["OSSICLE_PORT", "OSSICLE_SERVICE_"]
            .iter()
            .any(|known| name.starts_with(known));
        if name.starts_with(VARIABLE_PREFIX) && !config::is_variable(&name) && !orchestrator {
            eprintln!("ossicle: warning: {name} is not a variable of ossicle and has no effect");
        }
    }
}

/// Writes to standard output; a closed pipe is the reader's choice, not a failure.
fn write_out(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::run(format_args!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// An address that a client on this machine can use: nobody can connect to "all addresses".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Where the configured server can be reached: with port 0, the real port is in the port file.
fn configured_address(config: &Config) -> Result<SocketAddr, Failure> {
    let mut address = reachable(config.listen);
    if address.port() == 0 {
        let path = config.port_file.as_ref().ok_or_else(|| {
            Failure::usage("with port 0 only --port-file or --endpoint tells where the server is")
        })?;
        let unreadable =
            |what: &dyn fmt::Display| Failure::run(format_args!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        let port = text
            .trim()
            .parse()
            .map_err(|_| unreadable(&"no port in this file"))?;
        address.set_port(port);
    }
    Ok(address)
}

#[cfg(test)]
mod tests;
