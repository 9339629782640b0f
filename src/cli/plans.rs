//! `pgauge plans`: the captured plans of runs that were written with `--json`, one after the other or laid over each
//! other.

use super::{
    Stop,
    args::{PlansCommand, PlansDiffArgs, PlansShowArgs, ReportFormat},
};
use crate::{
    measure::plans::{diff, reasons},
    record::{CapturedPlan, CaseId, PlanSnapshot},
    report::{
        file::ReportFile,
        plans::{ComparedPlan, markdown, page, shown_plan, text},
        results::Results,
        style::{Paint, shown},
        terminal::{View, say},
    },
    source::Diagnostic,
    text::did_you_mean,
};
use std::path::Path;

/// Does what the subcommand says.
///
/// # Errors
///
/// A file that cannot be read or written; nothing in it that was asked for.
pub fn plans(command: &PlansCommand, view: View) -> Result<(), Stop> {
    match command {
        PlansCommand::Show(args) => show(args, view),
        PlansCommand::Diff(args) => compare(args, view),
    }
}

fn show(args: &PlansShowArgs, view: View) -> Result<(), Stop> {
    let results = read(&args.file)?;
    let snapshots = snapshots(&results, &args.file, args.case.as_deref())?;
    let known = snapshots.iter().flat_map(|taken| &taken.snapshot.plans);
    check_query(args.query.as_deref(), known)?;
    for taken in &snapshots {
        let title = format!("{}, taken at {}", taken.title, taken.snapshot.taken_at);
        say(&format!(
            "{}\n\n",
            Paint::Dim.on(&shown(&title), view.color)
        ));
        for plan in wanted(&taken.snapshot.plans, args.query.as_deref()) {
            say(&shown_plan(plan, view.color));
        }
    }
    Ok(())
}

fn compare(args: &PlansDiffArgs, view: View) -> Result<(), Stop> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let first = snapshots(&before, &args.before, args.from.as_deref())?;
    let second = snapshots(&after, &args.after, args.to.as_deref())?;
    let pairs = paired(&first, &second);
    if pairs.is_empty() {
        return Err(no_pair(&first, &second));
    }
    let known = second.iter().flat_map(|taken| &taken.snapshot.plans);
    check_query(args.query.as_deref(), known)?;
    let compared = pairs.into_iter().flat_map(|(one, other)| {
        let plans = wanted(&other.snapshot.plans, args.query.as_deref());
        plans.filter_map(move |plan| {
            let mut earlier = one.snapshot.plans.iter();
            let earlier = earlier.find(|earlier| earlier.query == plan.query)?;
            Some(ComparedPlan {
                before: one.title.clone(),
                after: other.title.clone(),
                diff: diff(earlier, plan),
                reasons: reasons((one.snapshot, earlier), (other.snapshot, plan)),
            })
        })
    });
    let compared: Vec<ComparedPlan<'_>> = compared.collect();
    let told = match args.shown.format {
        ReportFormat::Text => text(&compared, view.color),
        ReportFormat::Markdown => markdown(&compared),
        ReportFormat::Html => page(&compared),
    };
    match &args.shown.output {
        None => say(&told),
        Some(path) => write(path, &told)?,
    }
    Ok(())
}

/// A snapshot and what it is of.
struct Taken<'a> {
    case: &'a CaseId,
    snapshot: &'a PlanSnapshot,
    /// `Scenario [variant], before`
    title: String,
}

fn snapshots<'a>(
    results: &'a Results,
    file: &Path,
    named: Option<&str>,
) -> Result<Vec<Taken<'a>>, Stop> {
    let cases = results.cases.iter();
    let all: Vec<Taken<'a>> = cases
        .flat_map(|case| {
            case.log.plans.iter().map(|snapshot| Taken {
                case: &case.log.case,
                snapshot,
                title: format!("{}, {}", case.log.case, snapshot.point),
            })
        })
        .collect();
    if all.is_empty() {
        let primary = format!("no plan was captured in the run of {}", file.display());
        let hint = "plans are captured of the statements under \"queries\"";
        return Err(Stop::usage(
            Diagnostic::error("no-plan", primary).hint(hint),
        ));
    }
    let Some(named) = named else { return Ok(all) };
    // A variant's whole name means that variant, also where the scenario's name has the word in it.
    let is_variant = |taken: &Taken<'_>| taken.case.variant.as_deref() == Some(named);
    if all.iter().any(is_variant) {
        return Ok(all.into_iter().filter(is_variant).collect());
    }
    let lower = named.to_lowercase();
    let (found, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|taken| taken.title.to_lowercase().contains(&lower));
    if found.is_empty() {
        let primary = format!("no case in {} has \"{named}\" in its name", file.display());
        let titles = others.iter().map(|taken| taken.title.as_str());
        let hint = did_you_mean(named, titles);
        return Err(Stop::usage(hinted(
            Diagnostic::error("no-case", primary),
            hint,
        )));
    }
    Ok(found)
}

/// Which snapshots are compared: the same point of the same case in both; before and after of each case where both come
/// from the same place; the only ones, where there is one each.
fn paired<'t, 'a>(
    first: &'t [Taken<'a>],
    second: &'t [Taken<'a>],
) -> Vec<(&'t Taken<'a>, &'t Taken<'a>)> {
    if let ([one], [other]) = (first, second) {
        return vec![(one, other)];
    }
    let same_place = std::ptr::eq(first[0].snapshot, second[0].snapshot)
        || first
            .iter()
            .map(|taken| &taken.snapshot.taken_at)
            .eq(second.iter().map(|taken| &taken.snapshot.taken_at));
    let pairs = first.iter().flat_map(|one| {
        let others = second.iter().filter(move |other| {
            one.case == other.case
                && match same_place {
                    true => one.snapshot.point < other.snapshot.point,
                    false => one.snapshot.point == other.snapshot.point,
                }
        });
        others.map(move |other| (one, other))
    });
    pairs.collect()
}

fn no_pair(first: &[Taken<'_>], second: &[Taken<'_>]) -> Stop {
    let titles = |taken: &[Taken<'_>]| {
        let titles: Vec<&str> = taken.iter().map(|taken| taken.title.as_str()).collect();
        titles.join("; ")
    };
    let detail = format!("before: {}\nafter: {}", titles(first), titles(second));
    Stop::usage(
        Diagnostic::error("no-pair", "no two snapshots belong together")
            .detail(detail)
            .hint("choose one of each with --from TEXT and --to TEXT, by a part of these names"),
    )
}

fn wanted<'a>(
    plans: &'a [CapturedPlan],
    query: Option<&'a str>,
) -> impl Iterator<Item = &'a CapturedPlan> {
    plans
        .iter()
        .filter(move |plan| query.is_none_or(|query| plan.query == query))
}

fn check_query<'a>(
    query: Option<&str>,
    mut known: impl Iterator<Item = &'a CapturedPlan> + Clone,
) -> Result<(), Stop> {
    let Some(query) = query else { return Ok(()) };
    let names = known.clone().map(|plan| plan.query.as_str());
    if known.any(|plan| plan.query == query) {
        return Ok(());
    }
    let primary = format!("there is no query \"{query}\"");
    let hint = did_you_mean(query, names);
    Err(Stop::usage(hinted(
        Diagnostic::error("no-query", primary),
        hint,
    )))
}

fn hinted(mut diagnostic: Diagnostic, hint: Option<String>) -> Diagnostic {
    diagnostic.hints.extend(hint);
    diagnostic
}

/// What `pgauge run --json` wrote.
pub(super) fn read(path: &Path) -> Result<Results, Stop> {
    let unreadable = |why: String| {
        let primary = format!("cannot read {}: {why}", path.display());
        let hint = "the file is one that `pgauge run --json FILE` wrote";
        Stop::world(Diagnostic::error("results", primary).hint(hint))
    };
    let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    Results::from_json(&text).map_err(|error| unreadable(error.to_string()))
}

/// Writes a report into a file, as a whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Stop> {
    let written = ReportFile::open(path).and_then(|file| file.write(text.as_bytes()));
    written.map_err(|error| {
        let primary = format!("cannot write {}: {error}", path.display());
        Stop::world(Diagnostic::error("report", primary))
    })
}
