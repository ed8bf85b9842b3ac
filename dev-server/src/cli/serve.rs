//! Serving until a signal comes.

use std::io::Write;

use tracing_subscriber::filter::LevelFilter;

use super::{Failed, Log, ServeArguments};
use crate::config::Config;
use crate::shell::Server;

pub(super) fn run(arguments: ServeArguments) -> Result<(), Failed> {
    start_log(arguments.log);
    let mut config = match &arguments.config {
        Some(path) => Config::from_file(path).map_err(Failed::new)?,
        None => Config::default(),
    };
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.relaxed |= arguments.relaxed;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failed::new(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failed> {
    // Listened for before anybody can know the port, so that no early signal is lost.
    let mut signals = StopSignals::new()
        .map_err(|error| Failed::new(format!("cannot listen for signals: {error}")))?;
    let announcement = announcement(&config);
    let server = Server::start(config).await.map_err(Failed::new)?;
    announce(&server, &announcement);
    signals.received().await;
    tokio::select! {
        () = server.shutdown() => {}
        () = signals.received() => {}
    }
    Ok(())
}

/// What follows the first line: the first publishable key, and the first secret key if it was generated.
fn announcement(config: &Config) -> String {
    let mut text = String::new();
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
    let mut stdout = std::io::stdout().lock();
    let _ = write!(stdout, "listening on {}\n{announcement}", server.url());
    let _ = stdout.flush();
}

fn start_log(log: Log) {
    let level = match log {
        Log::Off => LevelFilter::OFF,
        Log::Error => LevelFilter::ERROR,
        Log::Warn => LevelFilter::WARN,
        Log::Info => LevelFilter::INFO,
        Log::Debug => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

/// SIGTERM and SIGINT, or Ctrl-C where there are no signals.
struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    fn new() -> std::io::Result<StopSignals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignals {
    fn new() -> std::io::Result<StopSignals> {
        Ok(StopSignals {})
    }

    async fn received(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
