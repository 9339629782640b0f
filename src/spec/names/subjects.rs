//! What can be measured: clients, sessions, steps, queries, and how often.

use super::{
    Checker,
    cast::Session,
    order::{part, text},
};
use crate::spec::order::StepRef;

/// What a measure can be of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subjects {
    Clients,
    ClientsAndSteps,
    ClientsStepsAndQueries,
    Queries,
}

/// The expectations of the scenario, or of one of its orders.
pub(super) struct Scope<'a> {
    /// The launches that come before; none where the clients run freely.
    pub(super) launched: Option<Vec<&'a StepRef>>,
}

impl Checker<'_> {
    /// Whether there is something of this name.
    pub(super) fn subject(&self, of: &str, path: &str, allowed: Subjects) {
        let place = self.place(path);
        if !self.is_subject(of, allowed) {
            let known = self.subjects(allowed);
            let known = known.iter().map(String::as_str);
            self.push(self.unknown(what(allowed), of, part(&place, of), known));
        }
    }

    pub(super) fn is_subject(&self, of: &str, allowed: Subjects) -> bool {
        if allowed == Subjects::Queries {
            return self.scenario.queries.contains_key(of);
        }
        let session = Session::parse(of);
        if self.is_session(session)
            || allowed == Subjects::ClientsStepsAndQueries && self.scenario.queries.contains_key(of)
        {
            return true;
        }
        let Some((session, step)) = of.split_once('.') else {
            return false;
        };
        let session = Session::parse(session);
        let member = self.cast.members.get(session.client());
        allowed != Subjects::Clients
            && self.is_session(session)
            && member.is_some_and(|member| member.step(step).is_some())
    }

    fn is_session(&self, session: Session<'_>) -> bool {
        let whole = self.sessions_of(Session::Whole(session.client()));
        let known = self.cast.members.contains_key(session.client());
        known && (matches!(session, Session::Whole(_)) || whole.contains(&text(session)))
    }

    pub(super) fn subjects(&self, allowed: Subjects) -> Vec<String> {
        if allowed == Subjects::Queries {
            return self.scenario.queries.keys().cloned().collect();
        }
        let mut known: Vec<String> = self.cast.names().map(str::to_owned).collect();
        if allowed != Subjects::Clients {
            known.extend(self.cast.all_steps());
        }
        if allowed == Subjects::ClientsStepsAndQueries {
            known.extend(self.scenario.queries.keys().cloned());
        }
        known
    }

    /// How many samples there will be at most; none where that depends on what happens.
    pub(super) fn samples(&self, of: &str, scope: &Scope<'_>) -> Option<u64> {
        if let Some(query) = self.scenario.queries.get(of) {
            return Some(u64::from(query.repeat));
        }
        if let Some(load) = &self.scenario.load {
            let whole = !of.contains('.') && load.mix.len() <= 1 && self.cast.members.len() == 1;
            return load.transactions.map(|count| count.0).filter(|_| whole);
        }
        let (session, step) = match of.split_once('.') {
            Some((session, step)) => (Session::parse(session), Some(step)),
            None => (Session::parse(of), None),
        };
        let member = self.cast.members.get(session.client())?;
        let repeats = step
            .and_then(|step| member.step(step))
            .is_some_and(|step| member.repeats(step));
        if repeats || member.client.retry.is_some() {
            return None;
        }
        let sessions = self.sessions_of(session);
        let Some(launched) = &scope.launched else {
            let passes = u64::from(member.client.iterations);
            return Some(passes * sessions.len() as u64);
        };
        let Some(step) = step else {
            return Some(sessions.len() as u64);
        };
        let launches = launched.iter().filter(|launch| {
            launch.parts().is_some_and(|(session, name)| {
                name == step && sessions.iter().any(|known| known == session)
            })
        });
        Some(launches.count() as u64)
    }
}

pub(super) fn what(allowed: Subjects) -> &'static str {
    match allowed {
        Subjects::Clients => "client",
        Subjects::ClientsAndSteps => "client or step",
        Subjects::ClientsStepsAndQueries => "client, step or query",
        Subjects::Queries => "query",
    }
}
