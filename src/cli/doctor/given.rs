//! What would happen on a server that runs already? It is asked, and nothing is made there.

use super::super::{Stop, args::Chosen, planning, settings::Scope};
use crate::{
    pg::{conninfo::Conninfo, guard::Guard, lookout::Lookout},
    record::Breakage,
    run::session::NotReady,
    schedule::Plan,
    source::Diagnostic,
    text::plural,
};
use tokio::runtime::Builder;

/// What was found out about a server.
pub(super) struct Found {
    /// A line each, under a word.
    pub(super) rows: Vec<[String; 2]>,
    /// Why scenarios cannot be run there at all.
    pub(super) problem: Option<Diagnostic>,
}

/// Asks the server, and what of the suite would be skipped there.
///
/// # Errors
///
/// The suite that was named cannot be read.
pub(super) fn look(conninfo: &Conninfo, chosen: &Chosen) -> Result<Found, Stop> {
    let (plan, guard) = suite(chosen)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Stop::world(Diagnostic::error("runtime", error.to_string())))?;
    let remarks = conninfo.remarks.iter().map(|remark| row("note", remark));
    let mut rows: Vec<[String; 2]> = remarks.collect();
    let problem = runtime.block_on(async {
        let lookout = match Lookout::at(conninfo.clone(), guard).await {
            Ok(lookout) => lookout,
            Err(breakage) => return Some(diagnostic(&breakage)),
        };
        rows.extend(about(&lookout));
        let problem = unusable(&lookout);
        if let Some(plan) = &plan {
            rows.extend(cases(&lookout, plan).await);
        }
        problem
    });
    Ok(Found { rows, problem })
}

/// The suite's cases; none where nothing was named and there is no suite here.
fn suite(chosen: &Chosen) -> Result<(Option<Plan>, Guard), Stop> {
    let planned = Scope::of(chosen).and_then(|scope| {
        let planned = planning::planned(&scope, chosen, None)?;
        Ok((Some(planned.plan), scope.guard()))
    });
    let named = !chosen.paths.is_empty() || !chosen.tag.is_empty() || !chosen.name.is_empty();
    match planned {
        Ok(found) => Ok(found),
        // Without a suite there is still a server to look at.
        Err(Stop::Usage(_)) if !named => Ok((None, Guard::allowing([]))),
        Err(stop) => Err(stop),
    }
}

fn about(lookout: &Lookout) -> Vec<[String; 2]> {
    let rights = lookout.rights();
    let may = match (lookout.superuser(), rights.creates_databases) {
        (true, _) => "is a superuser",
        (false, true) => "is no superuser, and may create databases",
        (false, false) => "may not create databases",
    };
    let encryption = rights.encryption.as_deref();
    let mut rows = vec![
        row("reached", &lookout.address()),
        row("version", &format!("PostgreSQL {}", lookout.version())),
        row("user", may),
        row("encryption", encryption.unwrap_or("none")),
    ];
    if lookout.pooled() {
        let told = "something that passes no startup options on, such as PgBouncer; sessions stay whole, and get their \
                    settings by statements";
        rows.push(row("in between", told));
    }
    for limit in lookout.limits() {
        rows.push(row("limit", &limit.told()));
        rows.push(row("", &limit.advice()));
    }
    rows
}

fn unusable(lookout: &Lookout) -> Option<Diagnostic> {
    let rights = lookout.rights();
    if rights.standby {
        let primary = "the server is a standby: nothing can be made there";
        return Some(Diagnostic::error("server", primary).hint("name its primary"));
    }
    (!rights.creates_databases).then(|| {
        Diagnostic::error("server", "the user may not create databases")
            .detail("pgauge works in databases of its own, and nowhere else")
            .hint("give the role CREATEDB: ALTER ROLE … CREATEDB")
    })
}

async fn cases(lookout: &Lookout, plan: &Plan) -> Vec<[String; 2]> {
    let mut skipped = Vec::new();
    for case in &plan.cases {
        match lookout.would_run(case).await {
            Ok(()) => {}
            Err(NotReady::Skip { reason }) => {
                skipped.push(row("would skip", &format!("{}: {reason}", case.id)));
            }
            Err(NotReady::Broke(breakage)) => {
                skipped.push(row(
                    "would break",
                    &format!("{}: {}", case.id, breakage.message),
                ));
            }
        }
    }
    let runs = plan.cases.len() - skipped.len();
    let all = plural(plan.cases.len() as u64, "case");
    let mut rows = vec![row("would run", &format!("{runs} of {all}"))];
    rows.extend(skipped);
    rows
}

fn row(word: &str, text: &str) -> [String; 2] {
    [word.to_owned(), text.to_owned()]
}

/// A server that cannot be used, as a message.
fn diagnostic(breakage: &Breakage) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(breakage.code.clone(), breakage.message.clone());
    let said = breakage.error.as_ref();
    let said = said.map(|error| format!("{} {}: {}", error.severity, error.code, error.message));
    let parts: Vec<String> = said.into_iter().chain(breakage.detail.clone()).collect();
    diagnostic.detail = Some(parts.join("\n")).filter(|detail| !detail.is_empty());
    diagnostic.hints.extend(breakage.hint.clone());
    diagnostic
}
