//! How does a spec of PostgreSQL's isolation tester become a scenario? Key by key, each with its place in the spec; the
//! text form of the import says the same in YAML. And the way back: how its text form names who acts.

use super::{
    Scenario,
    client::{Client, Control, Step, step_names},
    tree::{Document, Made, Maker},
};
use crate::{
    isolation::{
        Cast, CastStep, Names, Spec, database_name, decodes_logically, prepared_transactions,
        spec::{Launch, Marker, Name, Permutation, Session, Sql, Step as SpecStep, StepId},
    },
    source::Span,
};
use std::collections::HashMap;

/// The scenario that a spec is; `like` is the file with its expected outcome, as the spec would name it.
pub(super) fn document(spec: &Spec, like: Option<&str>) -> Document {
    let names = Names::of(spec);
    let mut writer = Writer {
        spec,
        names,
        maker: Maker::new(spec.file.clone()),
    };
    let whole = writer.scenario(like);
    writer.maker.finish(whole)
}

type Entries = Vec<(String, Span, Made)>;

struct Writer<'a> {
    spec: &'a Spec,
    names: Names,
    maker: Maker,
}

/// What no part of the spec says is said by its first letter.
const NOWHERE: Span = Span { start: 0, end: 0 };

impl Writer<'_> {
    fn scenario(&mut self, like: Option<&str>) -> Made {
        let spec = self.spec;
        let stem = spec.file.path().file_stem().unwrap_or_default();
        let title = self.maker.text(&stem.to_string_lossy(), NOWHERE);
        let mut entries: Entries = vec![
            ("name".to_owned(), NOWHERE, title),
            ("database".to_owned(), NOWHERE, self.database()),
        ];
        if let Some(count) = prepared_transactions(spec) {
            let count = self.maker.number(count, NOWHERE);
            let settings = self.one("max_prepared_transactions", count);
            let requires = self.one("settings", settings);
            entries.push(("requires".to_owned(), NOWHERE, requires));
        }
        let sessions = self.maker.text("sessions", NOWHERE);
        entries.push(("orders_share".to_owned(), NOWHERE, sessions));
        self.messages(&mut entries, "setup", &spec.setups);
        self.messages(&mut entries, "teardown", spec.teardown.as_slice());
        let clients = spec.sessions.iter().enumerate();
        let clients: Entries = clients
            .map(|(at, session)| {
                let name = self.names.client(at).to_owned();
                (name, session.name.span, self.client(at, session))
            })
            .collect();
        let clients = self.maker.map(clients, NOWHERE);
        entries.push(("clients".to_owned(), NOWHERE, clients));
        entries.push(("orders".to_owned(), NOWHERE, self.orders()));
        if let Some(like) = like {
            let like = self.maker.text(like, NOWHERE);
            let facts = self.one("like", like);
            let outcome = self.one("outcome", facts);
            let expect = self.maker.list(vec![outcome], NOWHERE);
            entries.push(("expect".to_owned(), NOWHERE, expect));
        }
        self.maker.map(entries, NOWHERE)
    }

    fn database(&mut self) -> Made {
        let preset = self.maker.text("isolationtester", NOWHERE);
        let mut entries: Entries = vec![("preset".to_owned(), NOWHERE, preset)];
        if let Some(name) = database_name(self.spec) {
            let name = self.maker.text(&name, NOWHERE);
            entries.push(("name".to_owned(), NOWHERE, name));
        }
        if decodes_logically(self.spec) {
            let level = self.maker.text("logical", NOWHERE);
            let settings = self.one("wal_level", level);
            entries.push(("settings".to_owned(), NOWHERE, settings));
        }
        self.maker.map(entries, NOWHERE)
    }

    fn client(&mut self, at: usize, session: &Session) -> Made {
        let mut entries: Entries = Vec::new();
        self.printed_as(
            &mut entries,
            self.names.client(at).to_owned(),
            &session.name,
        );
        let on_error = self.maker.text("continue", session.span);
        entries.push(("on_error".to_owned(), session.span, on_error));
        self.messages(&mut entries, "setup", session.setup.as_slice());
        let steps = session.steps.iter().enumerate();
        let steps: Vec<Made> = steps
            .map(|(step, written)| self.step(StepId { session: at, step }, written))
            .collect();
        let steps = self.maker.list(steps, session.span);
        entries.push(("steps".to_owned(), session.name.span, steps));
        self.messages(&mut entries, "teardown", session.teardown.as_slice());
        self.maker.map(entries, session.span)
    }

    fn step(&mut self, id: StepId, step: &SpecStep) -> Made {
        let name = self.names.step(id).to_owned();
        let made = self.maker.text(&name, step.name.span);
        let mut entries: Entries = vec![("step".to_owned(), step.name.span, made)];
        self.printed_as(&mut entries, name, &step.name);
        let sql = self.sql(&step.sql);
        entries.push(("sql".to_owned(), step.sql.span, sql));
        self.maker.map(entries, step.span)
    }

    /// The name in the spec, where the scenario has another one.
    fn printed_as(&mut self, entries: &mut Entries, name: String, written: &Name) {
        if name != written.text {
            let made = self.maker.text(&written.text, written.span);
            entries.push(("printed_as".to_owned(), written.span, made));
        }
    }

    fn messages(&mut self, entries: &mut Entries, key: &str, messages: &[Sql]) {
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return;
        };
        let span = Span::new(first.span.start, last.span.end);
        let items = messages.iter().map(|sql| self.sql(sql)).collect();
        let list = self.maker.list(items, span);
        entries.push((key.to_owned(), first.span, list));
    }

    fn sql(&mut self, sql: &Sql) -> Made {
        let braced = self.spec.file.text().get(sql.span.start..sql.span.end);
        let at = braced.and_then(|braced| braced.find(sql.text.as_str()));
        let start = sql.span.start + at.unwrap_or(0);
        let span = Span::new(start, start + sql.text.len());
        self.maker.text(&sql.text, span)
    }

    fn orders(&mut self) -> Made {
        if self.spec.permutations.is_empty() {
            return self.maker.text("all", NOWHERE);
        }
        let permutations = self.spec.permutations.iter().enumerate();
        let orders: Entries = permutations
            .map(|(at, permutation)| {
                let order = self.order(permutation);
                (format!("p{}", at + 1), permutation.span, order)
            })
            .collect();
        self.maker.map(orders, NOWHERE)
    }

    fn order(&mut self, permutation: &Permutation) -> Made {
        let launches = permutation.launches.iter().zip(&permutation.places);
        let launches: Vec<Made> = launches
            .map(|(launch, place)| self.launch(launch, *place))
            .collect();
        let list = self.maker.list(launches, permutation.span);
        let entries = vec![("order".to_owned(), permutation.span, list)];
        self.maker.map(entries, permutation.span)
    }

    fn launch(&mut self, launch: &Launch, place: Span) -> Made {
        let step = self.names.full(launch.step);
        if launch.markers.is_empty() {
            return self.maker.text(&step, place);
        }
        let mut options: Entries = Vec::new();
        if launch.markers.contains(&Marker::Once) {
            let waiting = self.maker.text("waiting", place);
            options.push(("marked".to_owned(), place, waiting));
        }
        let mut after = Vec::new();
        let mut notices = Vec::new();
        for marker in &launch.markers {
            match marker {
                Marker::Once => {}
                Marker::After(step) => after.push(self.full(*step, place)),
                Marker::AfterNotices { step, count } => {
                    let of = self.full(*step, place);
                    let count = self.maker.number(*count, place);
                    let entries = vec![
                        ("of".to_owned(), place, of),
                        ("count".to_owned(), place, count),
                    ];
                    notices.push(self.maker.map(entries, place));
                }
            }
        }
        for (key, items) in [("after", after), ("after_notices", notices)] {
            if !items.is_empty() {
                let list = self.maker.list(items, place);
                options.push((key.to_owned(), place, list));
            }
        }
        let options = self.maker.map(options, place);
        self.maker.map(vec![(step, place, options)], place)
    }

    fn full(&mut self, step: StepId, place: Span) -> Made {
        self.maker.text(&self.names.full(step), place)
    }

    fn one(&mut self, key: &str, value: Made) -> Made {
        self.maker
            .map(vec![(key.to_owned(), NOWHERE, value)], NOWHERE)
    }
}

impl Scenario {
    /// How isolationtester's text form names everybody: as `printed_as` says, else by the client's name and the step's.
    /// The form knows a step by its name alone, so one that two clients have is told with its client, `alice.begin`.
    pub fn cast(&self) -> Cast {
        let mut known: HashMap<String, u32> = HashMap::new();
        for client in self.clients.values() {
            for step in printed_steps(client) {
                *known.entry(step).or_default() += client.count.unwrap_or(1);
            }
        }
        let mut cast = Cast::default();
        for (name, client) in &self.clients {
            let printed = client.printed_as.as_ref().unwrap_or(name);
            let sessions: Vec<String> = match client.count {
                None => vec![printed.clone()],
                Some(count) => (1..=count)
                    .map(|number| format!("{printed}[{number}]"))
                    .collect(),
            };
            for session in sessions {
                for (step, text) in client.steps.iter().zip(printed_steps(client)) {
                    let unique = known.get(&text) == Some(&1);
                    cast.steps.push(CastStep {
                        name: match unique {
                            true => text,
                            false => format!("{session}.{text}"),
                        },
                        session: session.clone(),
                        sql: match step {
                            Step::Control(control) => control_sql(client, *control),
                            Step::Statement(statement) => statement.sql.clone(),
                        },
                    });
                }
                cast.sessions.push(session);
            }
        }
        cast
    }
}

fn printed_steps(client: &Client) -> Vec<String> {
    let names = step_names(&client.steps).into_iter().zip(&client.steps);
    names
        .map(|(name, step)| match step {
            Step::Control(_) => name,
            Step::Statement(statement) => statement.printed_as.clone().unwrap_or(name),
        })
        .collect()
}

fn control_sql(client: &Client, control: Control) -> String {
    match (control, client.isolation) {
        (Control::Begin, Some(level)) => {
            format!("BEGIN ISOLATION LEVEL {};", level.as_sql().to_uppercase())
        }
        (control, _) => format!("{};", control.word().to_uppercase()),
    }
}
