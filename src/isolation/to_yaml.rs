//! How does a spec read as a scenario?
//!
//! The scenario says what the spec says, in the order of the spec, with its comments beside what they are
//! about. What it needs of the language beyond clients, steps and orders:
//!
//! | key | what it says |
//! |---|---|
//! | `database: { preset: isolationtester }` | the conditions under which PostgreSQL runs its suite: database `isolation_regression` made from `template0`, the superuser, messages and formats in `C`, time zone America/Los_Angeles, `DateStyle` Postgres MDY, `IntervalStyle` postgres_verbose, `bytea_output` hex, `application_name` isolation/SPEC/SESSION |
//! | `requires: { settings: { max_prepared_transactions: 2 } }` | what the server must be started with |
//! | `setup`, `teardown` at the top | before and after each order, on a control session whose notices nobody sees; an entry is one message. Other than `seed` they are part of the order's outcome, and nothing is vacuumed between |
//! | `orders_share: sessions` | one database and one set of sessions for all orders, one after the other: settings, temporary tables, prepared statements and LISTEN stay; without it each order is a case of its own |
//! | `clients.X.setup`, `clients.X.teardown` | before and after each order, not once per connection |
//! | an empty `sql` | a message without a statement |
//! | `orders: all` | every interleaving, depth first, the first client first, none left out as equal |
//! | a launch's `marked: waiting` | `(*)`: it is reported as waiting at the first look, whatever it does |
//! | a launch's `after: s1.a` | `(a)`: its end is not reported while `a` is launched and not reported; a list of several |
//! | a launch's `after_notices: { of: s1.a, count: 3 }` | `(a notices 3)`: its end is not reported until the client of `a` has had three more notices; a list of several |
//! | `expect: [{ outcome: { like: x.out } }]` | the outcome equals an expected file or one of its alternatives; then errors of steps are no failures by themselves, and a client goes on after one (`on_error: continue`) |
//!
//! A name that the language cannot have (a client's with blanks, a step's with a dot) is changed, and a comment
//! gives the one of the spec.

use super::{
    comments::Comments,
    layout::{block, laid_out, name, value},
    spec::{Launch, Marker, Permutation, Session, Spec, Sql, Step, StepId},
};
use std::collections::HashSet;

/// The spec as a scenario in YAML.
pub fn to_yaml(spec: &Spec) -> String {
    let mut writer = Writer {
        spec,
        names: Names::of(spec),
        comments: Comments::of(spec),
        out: String::new(),
    };
    writer.scenario();
    writer.out
}

struct Writer<'a> {
    spec: &'a Spec,
    names: Names,
    comments: Comments<'a>,
    out: String,
}

impl<'a> Writer<'a> {
    fn scenario(&mut self) {
        let spec = self.spec;
        let stem = spec.file.path().file_stem().unwrap_or_default();
        let title = stem.to_string_lossy();
        self.line(0, &format!("name: {}", name(&title)));
        let introduction = self.comments.introduction(first_word(spec));
        if !introduction.is_empty() {
            let text = block(&introduction.join("\n"), 2);
            self.line(0, &format!("description: {text}"));
        }
        self.line(0, "database: { preset: isolationtester }");
        self.line(0, "orders_share: sessions");
        if !spec.setups.is_empty() {
            self.gap();
            self.line(0, "setup:");
            for setup in &spec.setups {
                self.message(2, setup);
            }
        }
        if let Some(teardown) = &spec.teardown {
            self.gap();
            self.line(0, "teardown:");
            self.message(2, teardown);
        }
        self.gap();
        self.line(0, "clients:");
        for (at, session) in spec.sessions.iter().enumerate() {
            if at > 0 {
                self.gap();
            }
            self.client(at, session);
        }
        self.gap();
        self.orders();
        let rest = self.comments.before(usize::MAX);
        self.comment_lines(0, &rest);
    }

    fn client(&mut self, at: usize, session: &'a Session) {
        self.comments_before(2, session.span.start);
        let yaml_name = self.names.clients[at].clone();
        let renamed = (yaml_name != session.name.text).then_some(session.name.text.as_str());
        let behind = self.comments.behind(session.name.span.end);
        self.line_with(2, &format!("{yaml_name}:"), renamed, behind);
        self.line(4, "on_error: continue");
        if let Some(setup) = &session.setup {
            self.line(4, "setup:");
            self.message(6, setup);
        }
        self.line(4, "steps:");
        for (step, written) in session.steps.iter().enumerate() {
            self.step(StepId { session: at, step }, written);
        }
        if let Some(teardown) = &session.teardown {
            self.line(4, "teardown:");
            self.message(6, teardown);
        }
    }

    fn step(&mut self, id: StepId, step: &Step) {
        self.comments_before(6, step.span.start);
        let yaml_name = self.names.step(id).to_owned();
        let renamed = (yaml_name != step.name.text).then_some(step.name.text.as_str());
        let behind = self.comments.behind(step.span.end);
        self.line_with(6, &format!("- step: {}", name(&yaml_name)), renamed, behind);
        let sql = value(&laid_out(&step.sql.text), 10);
        self.line(8, &format!("sql: {sql}"));
    }

    fn orders(&mut self) {
        let spec = self.spec;
        if spec.permutations.is_empty() {
            self.line(0, "orders: all");
            return;
        }
        self.line(0, "orders:");
        for (at, permutation) in spec.permutations.iter().enumerate() {
            if at > 0 {
                self.gap();
            }
            self.order(at, permutation);
        }
    }

    fn order(&mut self, at: usize, permutation: &Permutation) {
        self.comments_before(2, permutation.span.start);
        self.line(2, &format!("p{}:", at + 1));
        self.line(4, "order:");
        for (launch, place) in permutation.launches.iter().zip(&permutation.places) {
            self.comments_before(6, place.start);
            let behind = self.comments.behind(place.end);
            let text = self.launch(launch);
            self.line_with(6, &format!("- {text}"), None, behind);
        }
    }

    fn launch(&self, launch: &Launch) -> String {
        let step = name(&self.names.full(launch.step));
        let mut options = Vec::new();
        if launch.markers.contains(&Marker::Once) {
            options.push("marked: waiting".to_owned());
        }
        let after = launch.markers.iter().filter_map(|marker| match marker {
            Marker::After(step) => Some(name(&self.names.full(*step))),
            Marker::Once | Marker::AfterNotices { .. } => None,
        });
        options.extend(one_or_many("after", after.collect()));
        let notices = launch.markers.iter().filter_map(|marker| match marker {
            Marker::AfterNotices { step, count } => {
                let of = name(&self.names.full(*step));
                Some(format!("{{ of: {of}, count: {count} }}"))
            }
            Marker::Once | Marker::After(_) => None,
        });
        options.extend(one_or_many("after_notices", notices.collect()));
        if options.is_empty() {
            step
        } else {
            format!("{step}: {{ {} }}", options.join(", "))
        }
    }

    /// An entry of a list that is one message.
    fn message(&mut self, indent: usize, sql: &Sql) {
        self.comments_before(indent, sql.span.start);
        if let Some(behind) = self.comments.behind(sql.span.end) {
            self.comment_lines(indent, &[behind]);
        }
        let text = value(&laid_out(&sql.text), indent + 2);
        self.line(indent, &format!("- {text}"));
    }

    // ---- lines ----

    fn line(&mut self, indent: usize, text: &str) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn line_with(
        &mut self,
        indent: usize,
        text: &str,
        renamed: Option<&str>,
        comment: Option<String>,
    ) {
        let renamed = renamed.map(|name| format!("in the spec: {name:?}"));
        let notes: Vec<String> = renamed.into_iter().chain(comment).collect();
        if notes.is_empty() {
            self.line(indent, text);
        } else {
            self.line(indent, &format!("{text}  # {}", notes.join("; ")));
        }
    }

    fn gap(&mut self) {
        self.out.push('\n');
    }

    fn comments_before(&mut self, indent: usize, offset: usize) {
        let lines = self.comments.before(offset);
        self.comment_lines(indent, &lines);
    }

    fn comment_lines(&mut self, indent: usize, lines: &[String]) {
        for line in lines {
            if line.is_empty() {
                self.gap();
            } else {
                self.line(indent, &format!("# {line}"));
            }
        }
    }
}

fn one_or_many(key: &str, values: Vec<String>) -> Option<String> {
    match values.as_slice() {
        [] => None,
        [one] => Some(format!("{key}: {one}")),
        many => Some(format!("{key}: [{}]", many.join(", "))),
    }
}

/// Where the first word of a spec stands.
fn first_word(spec: &Spec) -> usize {
    let text = spec.file.text();
    let mut at = 0;
    for comment in &spec.comments {
        let between = text.get(at..comment.span.start).unwrap_or_default();
        if !between.trim().is_empty() {
            break;
        }
        at = comment.span.end;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start().len()
}

/// The names of clients and steps in the scenario.
struct Names {
    clients: Vec<String>,
    steps: Vec<Vec<String>>,
}

impl Names {
    fn of(spec: &Spec) -> Self {
        let mut taken = HashSet::new();
        let clients = spec
            .sessions
            .iter()
            .map(|session| unique(client_name(&session.name.text), &mut taken))
            .collect();
        let steps = spec.sessions.iter().map(|session| {
            let mut taken = HashSet::new();
            session
                .steps
                .iter()
                .map(|step| unique(step_name(&step.name.text), &mut taken))
                .collect()
        });
        Self {
            clients,
            steps: steps.collect(),
        }
    }

    fn step(&self, id: StepId) -> &str {
        let of_session = self.steps.get(id.session);
        of_session
            .and_then(|steps| steps.get(id.step))
            .map_or("", String::as_str)
    }

    fn full(&self, id: StepId) -> String {
        let client = self.clients.get(id.session).map_or("", String::as_str);
        format!("{client}.{}", self.step(id))
    }
}

fn client_name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    name
}

fn step_name(text: &str) -> String {
    if text.is_empty() {
        "unnamed".to_owned()
    } else {
        text.replace('.', "_")
    }
}

/// The name, with a number behind it where it is taken.
fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or(name);
    taken.insert(free.clone());
    free
}
