//! What is going on right now? On a terminal a bar for the suite and a line per running case; in a log one line
//! per case that ended.

use super::{CaseEnding, Characters, Verbosity, View, case_line, flow::Flow, say, say_aside};
use crate::{
    record::{Blocker, CaseId, ClientId, Event, EventKind},
    report::{results::Outcome, style::shown, trace::whom},
    run::{ExploreProgress, Exploring, LoadProgress},
    text::{plural, thousands},
};
use indexmap::IndexMap;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often a line moves although nothing happened, so that one sees that pgauge lives.
const TICK: Duration = Duration::from_millis(120);

/// The longest name of a scenario that stands beside what its clients do.
const LONGEST_NAME: usize = 36;

/// Tells while cases run, from any thread.
#[derive(Debug)]
pub struct Progress {
    view: View,
    bars: MultiProgress,
    suite: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<usize, Running>,
    bad: usize,
}

/// A case that runs.
#[derive(Debug)]
struct Running {
    bar: ProgressBar,
    name: String,
    steps: IndexMap<ClientId, Doing>,
    flow: Flow,
}

/// What a client does right now.
#[derive(Debug)]
struct Doing {
    step: String,
    waits_for: Option<String>,
}

/// Something that comes from far away.
#[derive(Debug)]
pub struct Transfer(ProgressBar);

impl Transfer {
    /// So many bytes are here, of so many, where that is known.
    pub fn at(&self, done: u64, all: Option<u64>) {
        if let Some(all) = all {
            self.0.set_length(all);
        }
        self.0.set_position(done);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress {
    /// Progress of a suite of so many cases: bars where standard error is a terminal.
    pub fn new(cases: usize, view: View) -> Self {
        let on_terminal = std::io::stderr().is_terminal() && view.verbosity > Verbosity::Quiet;
        let target = match on_terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self::on(target, cases, view)
    }

    fn on(target: ProgressDrawTarget, cases: usize, view: View) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let suite = bars.add(ProgressBar::new(cases as u64));
        suite.set_style(style("[{bar:30}] {pos}/{len} {msg}({elapsed})").progress_chars("=> "));
        Self {
            view,
            bars,
            suite,
            state: Mutex::default(),
        }
    }

    /// Something goes on before the first case, such as the start of a server.
    pub fn preparing(&self, what: &str) {
        let what = format!("{what} … ");
        self.suite
            .set_message(Characters::chosen().spell(&what).into_owned());
        self.suite.tick();
    }

    /// Something comes from far away: a bar of its own until it is dropped.
    pub fn transfer(&self) -> Transfer {
        let bar = ProgressBar::new(0);
        bar.set_style(
            style("[{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}").progress_chars("=> "),
        );
        Transfer(self.bars.insert_before(&self.suite, bar))
    }

    /// Something worth knowing before the first case.
    pub fn note(&self, text: &str) {
        if self.view.verbosity > Verbosity::Quiet {
            self.bars.suspend(|| say(&format!("note: {text}\n")));
        }
    }

    /// A case begins.
    pub fn began(&self, index: usize, case: &CaseId) {
        self.suite.set_message("");
        let bar = self
            .bars
            .insert_before(&self.suite, ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {wide_msg}"));
        bar.enable_steady_tick(TICK);
        let running = Running {
            bar,
            name: short_name(case),
            steps: IndexMap::new(),
            flow: Flow::default(),
        };
        running.show();
        self.with(|state| state.running.insert(index, running));
    }

    /// Something happened in a case.
    pub fn saw(&self, index: usize, event: &Event) {
        self.with(|state| {
            if let Some(running) = state.running.get_mut(&index) {
                running.saw(&event.kind);
            }
        });
    }

    /// An interval of a load is over.
    pub fn flowed(&self, index: usize, progress: &LoadProgress<'_>) {
        let line = self.with(|state| {
            let running = state.running.get_mut(&index)?;
            let line = running.flow.add(progress);
            let picture = running.flow.picture();
            running
                .bar
                .set_message(format!("{}: {line} {picture}", running.name));
            Some(format!("{}: {line}\n", running.name))
        });
        let Some(line) = line.filter(|_| self.bars.is_hidden()) else {
            return;
        };
        if self.view.verbosity > Verbosity::Quiet {
            say_aside(&line);
        }
    }

    /// So many orders of a case were tried by now.
    pub fn explored(&self, index: usize, progress: &ExploreProgress) {
        self.with(|state| {
            if let Some(running) = state.running.get(&index) {
                let text = format!("{}: {}", running.name, explored(progress));
                running
                    .bar
                    .set_message(Characters::chosen().spell(&text).into_owned());
            }
        });
    }

    /// A case ended and was judged.
    pub fn ended(&self, index: usize, case: &CaseEnding<'_>) {
        let bad = self.with(|state| {
            if let Some(running) = state.running.remove(&index) {
                running.bar.finish_and_clear();
            }
            state.bad += usize::from(match case.outcome {
                Outcome::Failed | Outcome::Errored | Outcome::Vacuous => true,
                Outcome::Passed | Outcome::Skipped => false,
            });
            state.bad
        });
        if self.view.verbosity > Verbosity::Quiet {
            let line = format!("{}\n", case.line(self.view.color));
            self.bars.suspend(|| say(&line));
        }
        if bad > 0 {
            self.suite.set_message(format!("{bad} not passed "));
        }
        self.suite.inc(1);
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.suite.finish_and_clear();
        drop(self.bars.clear());
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `1,204 orders, 310/s`
fn explored(progress: &ExploreProgress) -> String {
    let micros = progress.elapsed.as_micros().max(1);
    let rate = u128::from(progress.ran) * 1_000_000 / micros;
    let rate = thousands(u64::try_from(rate).unwrap_or(u64::MAX));
    let orders = plural(progress.ran, "order");
    match progress.doing {
        Exploring::Trying => format!("{orders}, {rate}/s"),
        Exploring::Shortening => {
            format!("a violation is made shorter; {orders} so far, {rate}/s")
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a wrong one would only look plain.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    match Characters::chosen() {
        Characters::Unicode => style,
        // The last one is shown when it is done.
        Characters::Ascii => style.tick_chars("|/-\\ "),
    }
}

/// The case's name, shortened so that its steps still fit beside it; variant and order stay.
fn short_name(case: &CaseId) -> String {
    let mut short = case.clone();
    if let Some((cut, _)) = short.scenario.char_indices().nth(LONGEST_NAME) {
        short.scenario.truncate(cut);
        short.scenario.push('…');
    }
    shown(&case_line::name(&short))
}

impl Running {
    fn saw(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Launched { client, step, .. } => {
                let doing = Doing {
                    step: step.clone(),
                    waits_for: None,
                };
                self.steps.insert(client.clone(), doing);
            }
            EventKind::Waiting {
                client, blockers, ..
            } => self.waits(client, Some(blockers)),
            EventKind::WaitEnded { client, .. } => self.waits(client, None),
            EventKind::Completed { client, .. } | EventKind::Finished { client, .. } => {
                self.steps.shift_remove(client);
            }
            EventKind::OrderBegan { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Connected { .. }
            | EventKind::Sent { .. }
            | EventKind::Replied { .. }
            | EventKind::Skipped { .. }
            | EventKind::Notice { .. }
            | EventKind::Notified { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Cancelled { .. } => return,
        }
        self.show();
    }

    fn waits(&mut self, client: &ClientId, blockers: Option<&Vec<Blocker>>) {
        if let Some(doing) = self.steps.get_mut(client) {
            doing.waits_for = blockers.map(|blockers| whom(blockers));
        }
    }

    fn show(&self) {
        let text = self.text();
        self.bar
            .set_message(Characters::chosen().spell(&text).into_owned());
    }

    /// `A lost update: bob.update waits for alice; alice.commit`
    fn text(&self) -> String {
        if self.steps.is_empty() {
            return self.name.clone();
        }
        let doing = self
            .steps
            .iter()
            .map(|(client, doing)| match &doing.waits_for {
                Some(whom) => format!("{client}.{} waits for {whom}", doing.step),
                None => format!("{client}.{}", doing.step),
            });
        let doing: Vec<String> = doing.collect();
        format!("{}: {}", self.name, shown(&doing.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn an_exploration_shows_how_many_orders_it_tries_in_a_second() {
        let progress = ExploreProgress {
            ran: 2408,
            elapsed: Duration::from_secs(4),
            doing: Exploring::Trying,
        };
        assert_eq!(explored(&progress), "2,408 orders, 602/s");
    }

    #[test]
    fn a_running_case_shows_who_waits_for_whom() {
        let mut running = Running {
            bar: ProgressBar::hidden(),
            name: "Opposite order".into(),
            steps: IndexMap::new(),
            flow: Flow::default(),
        };
        assert_eq!(running.text(), "Opposite order");
        let mut texts = Vec::new();
        for event in sample::deadlock_events() {
            running.saw(&event.kind);
            if texts.last() != Some(&running.text()) {
                texts.push(running.text());
            }
        }
        insta::assert_snapshot!(texts.join("\n"));
    }
}
