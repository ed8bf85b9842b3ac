//! Serving until a signal comes.

use std::io::Write;
use std::path::Path;

use tracing_subscriber::filter::LevelFilter;

use super::signals::{Signal, Signals};
use super::{Failed, Log, ServeArguments};
use crate::config::{Config, Mode};
use crate::shell::Server;

pub(super) fn run(arguments: ServeArguments) -> Result<(), Failed> {
    let mode = if arguments.production { Mode::Production } else { Mode::Development };
    start_log(arguments.log, mode);
    let config = configuration(&arguments, mode)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failed::new(format!("cannot start the runtime: {error}")))?;
    if arguments.check {
        return runtime.block_on(check(config));
    }
    runtime.block_on(serve(config))
}

fn configuration(arguments: &ServeArguments, mode: Mode) -> Result<Config, Failed> {
    let mut config = match &arguments.config {
        Some(path) => Config::from_file(path, mode).map_err(Failed::new)?,
        None => Config::default(),
    };
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.relaxed |= arguments.relaxed;
    config.trusted_proxies.extend(&arguments.behind_proxy);
    if !arguments.nats.is_empty() {
        config.nats.get_or_insert_default().servers = arguments.nats.clone();
    }
    config.check().map_err(|error| match &arguments.config {
        Some(path) => Failed::new(format!("{}: {error}", path.display())),
        None => Failed::new(error),
    })?;
    if mode == Mode::Production {
        warn_of_readable_secrets(&config, arguments.config.as_deref());
    }
    Ok(config)
}

/// Starts a server on free ports of this machine, which finds out what the files hold, and ends it.
async fn check(config: Config) -> Result<(), Failed> {
    let free = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let metrics_listen = config.metrics_listen.map(|_| free);
    let config = Config { listen: free, metrics_listen, ..config };
    Server::start(config).await.map_err(Failed::new)?;
    writeln!(std::io::stdout(), "the configuration is good").map_err(Failed::new)
}

async fn serve(config: Config) -> Result<(), Failed> {
    // Listened for before anybody can know the port, so that no early signal is lost.
    let mut signals = Signals::new()
        .map_err(|error| Failed::new(format!("cannot listen for signals: {error}")))?;
    let announcement = announcement(&config);
    let server = Server::start(config).await.map_err(Failed::new)?;
    announce(&server, &announcement);
    while let Signal::Reload = signals.received().await {
        reload(&server);
    }
    tokio::select! {
        () = server.shutdown() => {}
        () = signals.stop() => tracing::warn!("ended at once by a second signal"),
    }
    Ok(())
}

fn reload(server: &Server) {
    match server.reload_tls() {
        Ok(true) => tracing::info!("the certificate was read again"),
        Ok(false) => tracing::info!("there is no certificate to read again"),
        Err(error) => tracing::error!("the certificate stays what it was: {error}"),
    }
}

/// What follows the first line: the first publishable key, and the first secret key if it was generated. In production
/// everybody has keys of their own.
fn announcement(config: &Config) -> String {
    let mut text = String::new();
    if config.mode == Mode::Production {
        return text;
    }
    if let Some(key) = config.publishable_keys.first() {
        text.push_str(&format!("publishable key: {}\n", key.key));
    }
    if let Some(pair) = config.secret_keys.first().filter(|pair| pair.generated) {
        text.push_str(&format!("secret key: {}:{}\n", pair.id, pair.secret.expose()));
    }
    text
}

/// The first lines on stdout, which programs read. A closed stdout is no reason to stop.
fn announce(server: &Server, announcement: &str) {
    if let Some(addr) = server.metrics_addr() {
        tracing::info!("metrics at http://{addr}/metrics");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "listening on {}", server.url());
    let mut stdout = std::io::stdout().lock();
    let _ = write!(stdout, "listening on {}\n{announcement}", server.url());
    let _ = stdout.flush();
}

/// Whoever reads the files can mint tokens or pose as the server.
fn warn_of_readable_secrets(config: &Config, file: Option<&Path>) {
    let key = config.tls.as_ref().map(|files| &*files.private_key);
    for file in file.into_iter().chain(key) {
        if is_readable_by_all(file) {
            tracing::warn!("every user of this machine can read {}; chmod o-r it", file.display());
        }
    }
}

#[cfg(unix)]
fn is_readable_by_all(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_all(_: &Path) -> bool {
    false
}

fn start_log(log: Log, mode: Mode) {
    let level = match log {
        Log::Off => LevelFilter::OFF,
        Log::Error => LevelFilter::ERROR,
        Log::Warn => LevelFilter::WARN,
        Log::Info => LevelFilter::INFO,
        Log::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    match mode {
        Mode::Development => {
            log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
        }
        Mode::Production => log.json().flatten_event(true).init(),
    }
}
