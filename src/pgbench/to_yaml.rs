//! How does a script read as a scenario?

use super::{
    Given,
    steps::{Script, Step},
};
use crate::{
    isolation::layout::{laid_out, name, value},
    source::SourceFile,
};

/// The name of the only client.
const CLIENT: &str = "pgbench";

/// The scenario.
pub(super) fn to_yaml(file: &SourceFile, given: &Given, script: &Script) -> String {
    let mut out = Lines::default();
    let stem = file.path().file_stem().unwrap_or_default();
    out.line(0, &format!("name: {}", name(&stem.to_string_lossy())));
    let uses_tables = script
        .steps
        .iter()
        .any(|step| step.sql.contains("pgbench_"));
    out.gap();
    match uses_tables {
        true => {
            out.line(0, "seed:");
            out.line(2, &format!("- pgbench: {{ scale: {} }}", given.scale));
        }
        false => out.line(0, "# seed: what the script works on"),
    }
    out.gap();
    out.line(0, "clients:");
    out.line(2, &format!("{CLIENT}:"));
    if !script.with.is_empty() {
        out.line(4, "with:");
        for (variable, argument) in &script.with {
            out.line(6, &format!("{}: {argument}", name(variable)));
        }
    }
    out.hook(4, "before", &script.before);
    out.line(4, "steps:");
    for step in &script.steps {
        out.step(step);
    }
    out.gap();
    out.line(0, "load:");
    out.line(2, "duration: 10s");
    out.line(2, "users: 1");
    if let Some(think) = &script.think {
        out.line(2, &format!("think: {think}"));
    }
    if script.pipeline {
        out.line(2, "pipeline: true");
    }
    out.gap();
    out.line(0, "expect:");
    out.line(2, "- errors: none");
    out.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, indent: usize, text: &str) {
        self.0.push_str(&" ".repeat(indent));
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn hook(&mut self, indent: usize, key: &str, lines: &[String]) {
        if !lines.is_empty() {
            let text = value(&lines.join("\n"), indent + 2);
            self.line(indent, &format!("{key}: {text}"));
        }
    }

    fn step(&mut self, step: &Step) {
        if let (Some(control), true) = (step.control, step.after.is_empty()) {
            return self.line(6, &format!("- {control}"));
        }
        self.line(6, &format!("- step: {}", name(&step.name)));
        let sql = value(&laid_out(&step.sql), 10);
        self.line(8, &format!("sql: {sql}"));
        if step.one_row {
            self.line(8, "row_count: 1");
        }
        if !step.save.is_empty() {
            let save: Vec<String> = step
                .save
                .iter()
                .map(|(variable, column)| format!("{}: {}", name(variable), name(column)))
                .collect();
            self.line(8, &format!("save: {{ {} }}", save.join(", ")));
        }
        if !step.when.is_empty() {
            let when = value(&step.when.join(" && "), 10);
            self.line(8, &format!("when: {when}"));
        }
        self.hook(8, "after", &step.after);
    }
}
