//! How does a spec read as a scenario?
//!
//! The scenario says what the spec says, in the order of the spec, with its comments beside what they are about. What
//! a key says stands in the scenario's JSON Schema; `database: { preset: isolationtester }` are the conditions under
//! which PostgreSQL runs its suite.
//!
//! A name that the language cannot have (a client's with blanks, a step's with a dot) is changed, and `printed_as`
//! gives the one of the spec.

use super::{
    comments::Comments,
    layout::{block, laid_out, name, quoted, value},
    names::Names,
    needs::{database_name, decodes_logically, prepared_transactions},
    spec::{Launch, Marker, Permutation, Session, Spec, Sql, Step, StepId},
};

/// The spec as a scenario in YAML; `like` is the file with its expected outcome, as the scenario shall name it.
pub fn to_yaml(spec: &Spec, like: Option<&str>) -> String {
    let mut writer = Writer {
        spec,
        names: Names::of(spec),
        comments: Comments::of(spec),
        out: String::new(),
    };
    writer.scenario();
    if let Some(like) = like {
        writer.gap();
        writer.line(0, "expect:");
        writer.line(2, &format!("- outcome: {{ like: {} }}", path(like)));
    }
    writer.out
}

/// A path in a flow mapping.
fn path(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    match text.chars().all(simple) && !text.starts_with('-') {
        true => text.to_owned(),
        false => quoted(text),
    }
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
        let mut database = "preset: isolationtester".to_owned();
        if let Some(called) = database_name(spec) {
            database.push_str(&format!(", name: {}", name(&called)));
        }
        if decodes_logically(spec) {
            database.push_str(", settings: { wal_level: logical }");
        }
        self.line(0, &format!("database: {{ {database} }}"));
        if let Some(count) = prepared_transactions(spec) {
            let settings = format!("{{ max_prepared_transactions: {count} }}");
            self.line(0, &format!("requires: {{ settings: {settings} }}"));
        }
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
        let yaml_name = self.names.client(at).to_owned();
        let behind = self.comments.behind(session.name.span.end);
        self.line_with(2, &format!("{yaml_name}:"), behind);
        if yaml_name != session.name.text {
            let printed = value(&session.name.text, 6);
            self.line(4, &format!("printed_as: {printed}"));
        }
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
        let behind = self.comments.behind(step.span.end);
        self.line_with(6, &format!("- step: {}", name(&yaml_name)), behind);
        if yaml_name != step.name.text {
            let printed = value(&step.name.text, 10);
            self.line(8, &format!("printed_as: {printed}"));
        }
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
            self.line_with(6, &format!("- {text}"), behind);
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

    fn line_with(&mut self, indent: usize, text: &str, comment: Option<String>) {
        match comment {
            None => self.line(indent, text),
            Some(comment) => self.line(indent, &format!("{text}  # {comment}")),
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
