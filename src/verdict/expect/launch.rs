//! `order`: did each launched step do what its entry says?
//!
//! An entry without `waits`, `waits_for` and `completes_after` must finish without having waited: else the order is
//! not the one that was written. One with `waits` or `waits_for` must have been seen waiting: else the case is vacuous,
//! since the contention never happened. `then` says what the step comes to, `completes_after` whose end comes before
//! its own. A step that was not taken makes the case vacuous.

use super::{
    rows::{self, Wanted},
    step::{described, without_success, wrong_end},
};
use crate::{
    measure::{Wait, trace::StepRun},
    record::{ClientId, EventKind, SkipCause, StepEnd},
    schedule::LaunchPlan,
    spec::{
        expect::Bound,
        order::{LaunchOptions, StepRef, Then},
    },
    text::list,
    verdict::{
        context::{Context, condition, segment},
        finding::{Finding, FindingPlace},
        unexpected::{Expected, expected},
    },
};

/// The findings of a forced order; none where no order is forced.
pub fn judge(context: &Context<'_>) -> Vec<Finding> {
    let order = context.case.order.as_deref().unwrap_or_default();
    let of_each = order.iter().enumerate().flat_map(|(index, plan)| {
        let entry = Entry::new(context, plan);
        match context.launched(index) {
            Some(run) => entry.judge(run),
            None => entry.left_out(index).into_iter().collect(),
        }
    });
    of_each.collect()
}

/// One entry of the order.
struct Entry<'a> {
    context: &'a Context<'a>,
    plan: &'a LaunchPlan,
    /// `client.step`.
    name: String,
}

impl<'a> Entry<'a> {
    fn new(context: &'a Context<'a>, plan: &'a LaunchPlan) -> Self {
        let client = &context.case.clients[plan.client];
        let name = format!("{}.{}", client.id, client.steps[plan.step].name);
        Self {
            context,
            plan,
            name,
        }
    }

    /// The place of the entry: its key, where it has one.
    fn place(&self) -> FindingPlace {
        let LaunchPlan { path, options, .. } = self.plan;
        match *options == LaunchOptions::default() {
            true => self.context.place(path),
            false => self
                .context
                .place(format!("{path}/{}", segment(&self.name))),
        }
    }

    fn place_of(&self, key: &str) -> FindingPlace {
        let path = &self.plan.path;
        self.context
            .place(format!("{path}/{}/{key}", segment(&self.name)))
    }

    fn judge(&self, run: &StepRun<'_>) -> Vec<Finding> {
        let mut findings = self.waiting(run);
        findings.extend(self.then(run));
        let after = self.plan.options.completes_after.as_ref();
        findings.extend(after.and_then(|after| self.completes_after(run, after)));
        findings
    }

    fn waiting(&self, run: &StepRun<'_>) -> Vec<Finding> {
        let context = self.context;
        let options = &self.plan.options;
        let seen: Vec<&Wait> = context.measurements.waits.of_run(run.run).collect();
        let may_wait = options.waits == Some(true)
            || options.waits_for.is_some()
            || options.completes_after.is_some()
            // What waits is part of an outcome that is expected as a whole.
            || !context.case.outcomes.is_empty();
        if !may_wait && !seen.is_empty() {
            return vec![self.unexpected_wait(&seen)];
        }
        let names = options
            .waits_for
            .as_ref()
            .map(|names| names.names())
            .unwrap_or_default();
        let unseen = names
            .iter()
            .filter(|name| !seen.iter().any(|wait| wait.is_for(name)));
        let unseen = unseen.map(|name| never_waited(context, run, Some(name)));
        let mut findings: Vec<Finding> = unseen.map(|finding| finding.at(self.place())).collect();
        if options.waits == Some(true) && names.is_empty() && seen.is_empty() {
            findings.push(never_waited(context, run, None).at(self.place()));
        }
        findings
    }

    fn unexpected_wait(&self, seen: &[&Wait]) -> Finding {
        let primary = format!("step \"{}\" was expected to finish but waited", self.name);
        let clients: Vec<String> = seen
            .iter()
            .flat_map(|wait| &wait.blockers)
            .filter_map(|blocker| blocker.client.as_ref())
            .map(ToString::to_string)
            .collect();
        let finding = Finding::failed("unexpected-wait", primary)
            .at(self.place())
            .label(described(seen))
            .events(seen.iter().map(|wait| wait.began));
        match clients.first() {
            Some(client) if self.plan.options == LaunchOptions::default() => finding.hint(format!(
                "if it is meant to wait, write {}: {{ waits_for: {client} }}",
                self.name
            )),
            Some(client) => finding.hint(format!(
                "if it is meant to wait, add \"waits_for: {client}\" to the entry"
            )),
            None => finding.hint("look for a session outside the case that holds the lock"),
        }
    }

    fn then(&self, run: &StepRun<'_>) -> Vec<Finding> {
        let context = self.context;
        let subject = format!("step \"{}\"", self.name);
        let outcome = match &self.plan.options.then {
            None => return Vec::new(),
            Some(Then::Done(_)) => {
                let not_done = match run.error_code() {
                    Some(_) => without_success(context, run, &subject),
                    None => None,
                };
                let place = self.place_of("then");
                return not_done
                    .map(|finding| finding.at(place))
                    .into_iter()
                    .collect();
            }
            Some(Then::Outcome(outcome)) => outcome,
        };
        let place = self.place_of("then");
        let mut findings = Vec::new();
        if let Some(error) = &outcome.error {
            findings.extend(wrong_end(context, run, &subject, error));
        }
        let own = context.trace.own_reply(run);
        if let Some(reply) = own.filter(|reply| reply.error.is_none()) {
            let sql = context.statement(run.client, run.step);
            let sql = sql.map_or("", |(_, plan, _)| plan.sql.as_str());
            findings.extend(outcome.rows.as_ref().and_then(|rows| {
                let wanted = Wanted {
                    rows,
                    ordered: None,
                    sql,
                };
                rows::compare(&subject, &wanted, reply)
            }));
            let affected = outcome.affected.map(Bound::Natural);
            findings.extend(affected.and_then(|bound| rows::affected(&subject, &bound, reply)));
        } else if outcome.rows.is_some() || outcome.affected.is_some() {
            findings.extend(without_success(context, run, &subject));
        }
        findings
            .into_iter()
            .map(|finding| finding.at(place.clone()))
            .collect()
    }

    fn completes_after(&self, run: &StepRun<'_>, after: &StepRef) -> Option<Finding> {
        let place = self.place_of("completes_after");
        let (own, _) = run.completed?;
        let mut others = self.context.runs_of(&after.0);
        others.retain(|other| other.launch.is_some());
        let other = others.last().and_then(|other| other.completed);
        let Some((other, _)) = other else {
            let primary =
                format!("step \"{after}\" never ended, so that nothing could come after it");
            return Some(Finding::vacuous("never-ran", primary).at(place));
        };
        if own.seq > other.seq {
            return None;
        }
        let primary = format!(
            "step \"{}\" was expected to complete after \"{after}\" but came first",
            self.name
        );
        let finding = Finding::failed("completed-too-early", primary)
            .at(place)
            .label(self.context.ending(run))
            .detail(format!(
                "it ended at event {}, \"{after}\" at event {}",
                own.seq, other.seq
            ))
            .events([own.seq, other.seq]);
        Some(finding)
    }

    /// The finding if the step of this entry was not taken, and nothing else tells why.
    fn left_out(&self, index: usize) -> Option<Finding> {
        let name = &self.name;
        let skipped = self
            .context
            .log
            .events
            .iter()
            .find_map(|event| match &event.kind {
                EventKind::Skipped { cause, launch, .. } if *launch == Some(index) => {
                    Some((event.seq, cause))
                }
                _ => None,
            });
        let Some((seq, cause)) = skipped else {
            // A hook ended the case before this entry, and has a finding of its own.
            return None;
        };
        let client = &self.context.case.clients[self.plan.client].id;
        let finding = match cause {
            SkipCause::When => {
                let primary =
                    format!("step \"{name}\" of the order was not taken: its \"when\" was false");
                Finding::vacuous("left-out", primary)
                    .hint("take the step out of the order, or have the condition hold")
            }
            SkipCause::ScriptEnded if ended_by_surprise(self.context, client) => return None,
            SkipCause::ScriptEnded => {
                let primary =
                    format!("step \"{name}\" of the order was not taken: the script had ended");
                let hint = format!(
                    "take it out of the order and list it under \"unused\", or give client \"{client}\" \"on_error: continue\" or \"rollback\""
                );
                let finding = Finding::vacuous("script-ended", primary).hint(hint);
                finding.detail(why_ended(self.context, client, seq))
            }
        };
        Some(finding.at(self.place()).events([seq]))
    }
}

/// Whether a client's script was ended by something that has a finding of its own.
fn ended_by_surprise(context: &Context<'_>, client: &ClientId) -> bool {
    let mut runs = context.trace.runs.iter().filter(|run| run.client == client);
    runs.any(|run| match run.completed {
        Some((_, StepEnd::Error { code })) => expected(context, run, code) == Expected::Nowhere,
        Some((_, StepEnd::HookFailed)) => true,
        Some((_, StepEnd::Done | StepEnd::Skipped)) | None => false,
    })
}

fn why_ended(context: &Context<'_>, client: &ClientId, seq: u32) -> Option<String> {
    let last = context.last_step_before(client, seq)?;
    let (moment, _) = last.completed?;
    let name = format!("{client}.{}", last.step);
    Some(format!(
        "the last step before it was \"{name}\", which {} (event {})",
        context.ending(last),
        moment.seq
    ))
}

/// The finding for a step that was to be seen waiting, for a client or for whomever, and was not.
pub(super) fn never_waited(
    context: &Context<'_>,
    run: &StepRun<'_>,
    client: Option<&str>,
) -> Finding {
    let name = format!("{}.{}", run.client, run.step);
    let seen: Vec<&Wait> = context.measurements.waits.of_run(run.run).collect();
    if let (Some(client), false) = (client, seen.is_empty()) {
        let others: Vec<String> = seen
            .iter()
            .flat_map(|wait| &wait.blockers)
            .filter_map(|blocker| blocker.client.as_ref())
            .map(|other| format!("\"{other}\""))
            .collect();
        let whom = match others.is_empty() {
            true => "another session".to_owned(),
            false => list(&others, "and"),
        };
        let primary =
            format!("step \"{name}\" was expected to wait for \"{client}\" but waited for {whom}");
        return Finding::vacuous("never-waited", primary)
            .label(described(&seen))
            .hint(format!("if that is meant, write \"waits_for\" with {whom}"))
            .events(seen.iter().map(|wait| wait.began));
    }
    let finding = Finding::vacuous(
        "never-waited",
        format!("step \"{name}\" was expected to wait but finished"),
    )
    .label(context.ending(run))
    .events(run.completed.map(|(moment, _)| moment.seq));
    match client {
        Some(client) => held(context, run, client, finding),
        None => finding
            .hint("have another client hold a conflicting lock by then, or drop the expectation"),
    }
}

/// Adds what the other client held, and what to do.
fn held(context: &Context<'_>, run: &StepRun<'_>, client: &str, finding: Finding) -> Finding {
    let sessions = context.sessions(client);
    let [other] = sessions[..] else {
        return finding.detail(format!(
            "no session of client \"{client}\" held a conflicting lock"
        ));
    };
    let before = run.launched.seq;
    let in_transaction = context.was_in_transaction(other, before);
    let last = context.last_step_before(other, before);
    let failed = in_transaction && last.is_some_and(|last| last.error_code().is_some());
    let state = match (in_transaction, failed) {
        (true, false) => "held no conflicting lock",
        (true, true) => "held no lock: its transaction had failed",
        (false, _) => "held no conflicting lock: it was in no transaction",
    };
    let Some(last) = last else {
        return finding
            .detail(format!(
                "client \"{client}\" {state}; it had taken no step yet"
            ))
            .hint(format!(
                "launch a step of \"{client}\" that takes the lock before \"{}.{}\"",
                run.client, run.step
            ));
    };
    let seq = last
        .completed
        .map_or(last.launched.seq, |(moment, _)| moment.seq);
    let name = format!("{client}.{}", last.step);
    let ended = match last.error_code() {
        Some(code) => condition(code),
        None => context.tag(last),
    };
    let detail =
        format!("client \"{client}\" {state}; its last step was \"{name}\", {ended} (event {seq})");
    let own = format!("{}.{}", run.client, run.step);
    let hint = match (in_transaction, last.step) {
        (false, "commit" | "rollback") => {
            format!("move \"{name}\" after \"{own}\", or drop \"waits_for\"")
        }
        (false, _) => format!(
            "begin a transaction in \"{client}\" and end it after \"{own}\", or drop \"waits_for\""
        ),
        (true, _) => format!(
            "have \"{client}\" lock what \"{own}\" needs, such as by SELECT … FOR UPDATE, or drop \"waits_for\""
        ),
    };
    finding.detail(detail).hint(hint).events([seq])
}
