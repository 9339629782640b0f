//! `pgauge show`: the cases, orders and SQL that would run.

use super::{Stop, args::Chosen, planning::planned, settings::Scope};
use crate::{
    report::{
        columns::{Drawing, DrawnLine, Frame, Mark},
        style::{Paint, shown},
        terminal::{Verbosity, View, say},
    },
    schedule::{
        ArgumentPlan, Case, ClientPlan, LaunchPlan, MarkerPlan, OrdersPlan, SeedAction,
        StatementPlan, StepPlan, StepWork,
    },
    spec::{explore::EqualOrders, value::Builtin},
    sql::condition_or_code,
    text::{Side, align_columns, format_duration, list, plural, thousands},
};

/// More orders than these of a case are shown with `-v` only.
const MOST_ORDERS: usize = 12;

/// How far an order stands within a case, at most.
const INDENT: usize = 6;

/// Shows every case that was chosen; with `-q`, its name only.
///
/// # Errors
///
/// Whatever is wrong with the scenarios.
pub fn show(chosen: &Chosen, view: View) -> Result<(), Stop> {
    let scope = Scope::of(chosen)?;
    let plan = planned(&scope, chosen, None)?.warned(view);
    for case in &plan.cases {
        say(&match view.verbosity {
            Verbosity::Quiet => format!("{}\n", shown(&case.id.to_string())),
            Verbosity::Normal | Verbosity::Verbose => of_case(case, view),
        });
    }
    Ok(())
}

/// A case as text of many lines.
fn of_case(case: &Case, view: View) -> String {
    let color = view.color;
    let mut out = String::new();
    let name = Paint::Bold.on(&shown(&case.id.to_string()), color);
    out.push_str(&format!("{name}\n  {}\n", facts(case)));
    for (title, lines) in [
        (
            "seed",
            case.database.seed.actions.iter().map(seed).collect(),
        ),
        ("queries", queries(case)),
        ("clients", clients(case)),
        ("setup", texts(&case.control.setup)),
        ("order", order(case, view)),
        ("orders", orders(case, view)),
        ("explore", explored(case)),
        ("teardown", texts(&case.control.teardown)),
        ("afterwards", probes(case)),
    ] {
        let lines: Vec<String> = lines;
        if !lines.is_empty() {
            out.push_str(&format!("  {}\n", Paint::Dim.on(title, color)));
            out.extend(lines.iter().map(|line| format!("    {line}\n")));
        }
    }
    out.push('\n');
    out
}

/// `scenarios/a.yaml, tags deadlock and bank, at most 30 s, runs alone`
fn facts(case: &Case) -> String {
    let mut facts = vec![case.id.file.clone()];
    if !case.scenario.tags.is_empty() {
        facts.push(format!("tags {}", list(&case.scenario.tags, "and")));
    }
    facts.push(format!("at most {}", format_duration(case.timeout)));
    facts.push(format!("seed {}", case.random_seed));
    if case.measures_time {
        facts.push("measures time, so it runs alone".to_owned());
    }
    facts.join(", ")
}

fn seed(action: &SeedAction) -> String {
    match action {
        SeedAction::Sql {
            file: Some(file), ..
        } => format!("file {}", file.path().display()),
        SeedAction::Sql { text, .. } => one_line(text),
        SeedAction::Csv { table, .. } => format!("CSV into {table}"),
        SeedAction::Generate { generator, .. } => {
            let names: Vec<&str> = generator.columns().collect();
            let rows = plural(generator.rows(), "row");
            format!("{rows} into {} ({})", generator.table(), names.join(", "))
        }
        SeedAction::Pgbench { scale, .. } => format!("pgbench tables, scale {scale}"),
    }
}

fn queries(case: &Case) -> Vec<String> {
    let rows: Vec<Vec<String>> = case
        .queries
        .iter()
        .map(|query| {
            let times = plural(u64::from(query.repeat), "time");
            vec![
                query.name.clone(),
                times,
                one_line(&query.sql),
                arguments(&query.arguments),
            ]
        })
        .collect();
    align_columns(&rows, &[Side::Left, Side::Right])
}

fn clients(case: &Case) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last: Option<&str> = None;
    for client in &case.clients {
        // Sessions of one client share their script: it is shown once.
        if last == Some(client.id.script.as_str()) {
            continue;
        }
        last = Some(&client.id.script);
        let script = client.id.script.as_str();
        let alike = case
            .clients
            .iter()
            .filter(|other| other.id.script == script)
            .count();
        lines.push(client_line(client, alike));
        let steps: Vec<Vec<String>> = client
            .steps
            .iter()
            .map(|step| of_step(client, step))
            .collect();
        lines.extend(
            align_columns(&steps, &[])
                .into_iter()
                .map(|line| format!("  {line}")),
        );
    }
    lines
}

/// `worker: 8 sessions, repeatable read, 10 passes, retries 40001 up to 5 times`
fn client_line(client: &ClientPlan, alike: usize) -> String {
    let mut facts = Vec::new();
    if client.id.number.is_some() {
        facts.push(plural(alike as u64, "session"));
    }
    facts.extend(client.isolation.map(|level| level.as_sql().to_owned()));
    if client.iterations > 1 {
        facts.push(format!(
            "{} passes",
            thousands(u64::from(client.iterations))
        ));
    }
    if let Some(retry) = &client.retry {
        let conditions: Vec<&str> = retry
            .codes
            .iter()
            .map(|code| condition_or_code(code))
            .collect();
        let conditions = list(&conditions, "or");
        facts.push(format!("{} tries on {conditions}", retry.tries));
    }
    facts.extend(
        client
            .settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}")),
    );
    facts.extend(client.setup.iter().map(|sql| one_line(sql)));
    match facts.is_empty() {
        true => client.id.script.clone(),
        false => format!("{}: {}", client.id.script, facts.join(", ")),
    }
}

fn of_step(client: &ClientPlan, step: &StepPlan) -> Vec<String> {
    match &step.work {
        StepWork::Control(control) => vec![step.name.clone(), client.control_sql(*control)],
        StepWork::Statement(statement) => vec![
            step.name.clone(),
            one_line(&statement.sql),
            arguments(&statement.arguments),
            hooks(statement),
        ],
    }
}

fn hooks(statement: &StatementPlan) -> String {
    let mut words = Vec::new();
    if let Some(step) = &statement.for_each {
        words.push(format!("for each row of {step}"));
    }
    let hooks = [
        ("when", &statement.when),
        ("before", &statement.before),
        ("after", &statement.after),
    ];
    let named = hooks.iter().filter(|(_, hook)| hook.is_some());
    words.extend(named.map(|(name, _)| format!("{name} hook")));
    match words.is_empty() {
        true => String::new(),
        false => format!("({})", words.join(", ")),
    }
}

/// `[$1 = 42, $2 = before]`
fn arguments(arguments: &[(String, ArgumentPlan)]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let shown_arguments = arguments
        .iter()
        .enumerate()
        .map(|(index, (name, argument))| {
            let value = match argument {
                ArgumentPlan::Constant(value) => shown(&value.to_string()),
                ArgumentPlan::Saved(variable) => format!(":{variable}"),
                ArgumentPlan::Column { step, column } => format!("{step}.{column}"),
                ArgumentPlan::Builtin(Builtin::Client) => "the client's number".to_owned(),
                ArgumentPlan::Builtin(Builtin::Iteration) => "the pass".to_owned(),
                ArgumentPlan::Builtin(Builtin::Row) => "the row".to_owned(),
                ArgumentPlan::Generated(_) => format!("a new {name} each time"),
            };
            format!("${} = {value}", index + 1)
        });
    format!("[{}]", shown_arguments.collect::<Vec<_>>().join(", "))
}

/// The messages around each order.
fn texts(texts: &[String]) -> Vec<String> {
    texts.iter().map(|sql| one_line(sql)).collect()
}

/// The order, where there is one.
fn order(case: &Case, view: View) -> Vec<String> {
    match (&case.order, case.rounds.as_slice()) {
        (Some(order), []) => in_columns(case, order, view),
        (None, _) | (Some(_), [_, ..]) => Vec::new(),
    }
}

/// The orders that share their sessions.
fn orders(case: &Case, view: View) -> Vec<String> {
    let all = case.order.as_deref().unwrap_or_default();
    let most = match view.verbosity {
        Verbosity::Verbose => usize::MAX,
        Verbosity::Quiet | Verbosity::Normal => MOST_ORDERS,
    };
    let mut lines = Vec::new();
    for (index, round) in case.rounds.iter().enumerate().take(most) {
        let name = round.name.as_deref().map(shown);
        lines.push(name.unwrap_or_else(|| format!("order {}", index + 1)));
        let launches = all.get(round.launches.clone()).unwrap_or_default();
        let drawn = in_columns(case, launches, view);
        lines.extend(drawn.into_iter().map(|line| format!("  {line}")));
    }
    match case.rounds.len().saturating_sub(most) {
        0 => {}
        more => lines.push(format!(
            "… {} (-v shows all)",
            plural(more as u64, "more order")
        )),
    }
    lines
}

/// A launch list in columns, one per client that is in it.
fn in_columns(case: &Case, launches: &[LaunchPlan], view: View) -> Vec<String> {
    let mut drawing = Drawing::default();
    let mut acting: Vec<usize> = launches.iter().map(|launch| launch.client).collect();
    acting.sort_unstable();
    acting.dedup();
    let names = acting.iter().filter_map(|client| case.clients.get(*client));
    drawing.columns = names.map(|plan| plan.id.to_string()).collect();
    for (index, launch) in launches.iter().enumerate() {
        let Some(column) = acting.iter().position(|client| *client == launch.client) else {
            continue;
        };
        let seen = seen(case, launch);
        drawing.lines.push(DrawnLine {
            gutter: (index + 1).to_string(),
            column,
            text: match seen.is_empty() {
                true => step_name(case, launch.client, launch.step),
                false => format!("{} … {seen}", step_name(case, launch.client, launch.step)),
            },
            mark: match launch.options.waits_for.is_some() || launch.options.waits == Some(true) {
                true => Mark::Wait,
                false => Mark::Plain,
            },
            notes: Vec::new(),
        });
    }
    let frame = Frame {
        width: view.width.saturating_sub(INDENT),
        most_lines: usize::MAX,
        color: view.color,
    };
    frame.draw(&drawing).lines().map(str::to_owned).collect()
}

/// `all, at most 5,000; those that cannot differ from one that ran are left out`
fn explored(case: &Case) -> Vec<String> {
    let told = case.explore.map(|plan| {
        let limit = plural(u64::from(plan.limit), "order");
        match plan.orders {
            OrdersPlan::All(EqualOrders::Skip) => {
                format!(
                    "all, {limit} at most; those that cannot differ from one that ran are left out"
                )
            }
            OrdersPlan::All(EqualOrders::Run) => format!("all, {limit} at most"),
            OrdersPlan::Preemptions(most, equal) => format!(
                "all with at most {}, {limit} at most{}",
                plural(u64::from(most), "interruption"),
                match equal {
                    EqualOrders::Skip => {
                        "; those that cannot differ from one that ran are left out"
                    }
                    EqualOrders::Run => "",
                }
            ),
            OrdersPlan::Sample => format!("{limit} drawn by seed {}", case.random_seed),
            OrdersPlan::Forced => "this one, held against the serial ones".to_owned(),
        }
    });
    told.into_iter().collect()
}

fn step_name(case: &Case, client: usize, step: usize) -> String {
    let client = case.clients.get(client);
    let step = client.and_then(|client| client.steps.get(step));
    step.map(|step| step.name.clone()).unwrap_or_default()
}

fn client_name(case: &Case, client: usize) -> String {
    let client = case.clients.get(client);
    client
        .map(|client| client.id.to_string())
        .unwrap_or_default()
}

/// What an entry of an order says of its step besides its name.
fn seen(case: &Case, launch: &LaunchPlan) -> String {
    let options = &launch.options;
    let mut words = Vec::new();
    match (&options.waits_for, options.waits) {
        (Some(whom), _) => words.push(format!("waits for {}", list(whom.names(), "and"))),
        (None, Some(true)) => words.push("waits".to_owned()),
        (None, Some(false)) => words.push("does not wait".to_owned()),
        (None, None) => {}
    }
    words.extend(
        launch
            .expected_error
            .as_ref()
            .map(|code| format!("ends with {}", condition_or_code(code))),
    );
    words.extend(
        options
            .completes_after
            .as_ref()
            .map(|step| format!("completes after {step}")),
    );
    words.extend(launch.markers.iter().map(|marker| match marker {
        MarkerPlan::Once => "told as waiting at once".to_owned(),
        MarkerPlan::After { client, step } => format!(
            "held back until {}.{} is over",
            client_name(case, *client),
            step_name(case, *client, *step)
        ),
        MarkerPlan::AfterNotices { client, count } => format!(
            "held back until {} has had {}",
            client_name(case, *client),
            plural(u64::from(*count), "more notice")
        ),
    }));
    words.join(", ")
}

fn probes(case: &Case) -> Vec<String> {
    case.probes
        .iter()
        .map(|probe| one_line(&probe.sql))
        .collect()
}

/// SQL on one line: runs of white space become one space.
fn one_line(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    shown(&words.join(" "))
}
