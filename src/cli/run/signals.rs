//! The wish to end, from outside: the first signal lets the run finish what it must, the second ends it at once.

use crate::{cli::Stop, run::Interrupt, source::Diagnostic};
use std::{io, io::Write};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// The exit status of a program that was told to end at once.
const AT_ONCE: i32 = 130;

/// Listens for signals from now on.
///
/// # Errors
///
/// The operating system does not let us.
pub fn listen() -> Result<Interrupt, Stop> {
    try_listen().map_err(|error| {
        let primary = format!("cannot listen for signals: {error}");
        Stop::world(Diagnostic::error("signals", primary))
    })
}

fn try_listen() -> io::Result<Interrupt> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let mut signals = Signals::register(&runtime)?;
    let (wish, interrupt) = watch::channel(None);
    let work = move || {
        runtime.block_on(async {
            let name = signals.next().await;
            wish.send_replace(Some(name.to_owned()));
            let text =
                format!("\n{name}: ending the running cases; once more ends pgauge at once\n");
            // Nobody is left to be told that nobody listens.
            drop(io::stderr().lock().write_all(text.as_bytes()));
            signals.next().await;
            std::process::exit(AT_ONCE)
        })
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(work)?;
    Ok(interrupt)
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn register(runtime: &Runtime) -> io::Result<Self> {
        let _inside = runtime.enter();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}
