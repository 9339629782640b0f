//! What a look at a schema or at scripts found: for a terminal, for programs, and for a review.

use super::clean::for_markdown;
use crate::{
    lint::{Found, Rule, Severity as Weight},
    source::{Diagnostic, Diagnostics, Place, Severity},
    text::plural,
};
use serde::Serialize;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Linted {
    /// Files and databases, as they are told.
    pub looked_at: Vec<String>,
    /// What breaks a rule, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// What breaks one and was silenced.
    pub ignored: Vec<Ignored>,
    /// Comments that silence nothing as they stand.
    pub problems: Diagnostics,
}

/// One thing that breaks a rule.
#[derive(Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What breaks it.
    pub found: Found,
    /// The statement; none of what there is in a database.
    pub place: Option<Place>,
}

/// A finding that does not count.
#[derive(Debug)]
pub struct Ignored {
    /// What it would be.
    pub finding: Finding,
    /// Why it does not count, from a comment.
    pub reason: String,
}

impl Linted {
    /// How many findings are so bad.
    pub fn count(&self, weight: Weight) -> u64 {
        let of_weight = self.findings.iter();
        of_weight
            .filter(|finding| finding.rule.severity == weight)
            .count() as u64
    }

    /// Findings whose rule claims what a statement does.
    pub fn claims(&self) -> u64 {
        let claims = self.findings.iter();
        claims
            .filter(|finding| finding.found.claim.is_some())
            .count() as u64
    }

    /// Problems and findings, each with its place in the file.
    pub fn diagnostics(&self) -> Diagnostics {
        let problems = self.problems.0.iter().cloned();
        let findings = self.findings.iter().map(Finding::diagnostic);
        Diagnostics(problems.chain(findings).collect())
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let ignored = match self.ignored.len() {
            0 => String::new(),
            count => format!(", {count} ignored"),
        };
        format!(
            "{}: {} blocking, {} advisory{ignored}",
            self.looked_at.join(", "),
            self.count(Weight::Blocking),
            self.count(Weight::Advisory)
        )
    }

    /// For programs: a versioned form.
    ///
    /// # Errors
    ///
    /// Never in practice: everything in it can be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let written = Written {
            format: FORMAT,
            looked_at: &self.looked_at,
            blocking: self.count(Weight::Blocking),
            advisory: self.count(Weight::Advisory),
            findings: self.findings.iter().map(OneFinding::of).collect(),
            ignored: self.ignored.iter().map(OneIgnored::of).collect(),
            problems: self.problems.0.iter().map(OneProblem::of).collect(),
        };
        serde_json::to_string_pretty(&written).map(|json| json + "\n")
    }

    /// For a comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut out = format!("## {}\n\n", for_markdown(&self.summary()));
        if !self.findings.is_empty() {
            out.push_str("| rule | | where | what | cure |\n|---|---|---|---|---|\n");
            out.extend(self.findings.iter().map(Finding::row));
            out.push('\n');
        }
        for ignored in &self.ignored {
            out.push_str(&format!(
                "- ignored: {} at {}: {}\n",
                ignored.finding.rule.code,
                for_markdown(&ignored.finding.stands()),
                for_markdown(&ignored.reason)
            ));
        }
        for problem in &self.problems.0 {
            let place = problem.place.as_ref().map(ToString::to_string);
            out.push_str(&format!(
                "- **{}** at {}: {}\n",
                problem.code,
                for_markdown(&place.unwrap_or_default()),
                for_markdown(&problem.primary)
            ));
        }
        out
    }
}

impl Finding {
    fn diagnostic(&self) -> Diagnostic {
        let severity = match self.rule.severity {
            Weight::Blocking => Severity::Failed,
            Weight::Advisory => Severity::Warning,
        };
        let mut diagnostic = Diagnostic::new(severity, self.rule.code, self.found.says.clone());
        diagnostic.place.clone_from(&self.place);
        diagnostic.label = self
            .found
            .claim
            .map(|claim| format!("claimed, not traced: {}", claim.words()));
        diagnostic.detail.clone_from(&self.found.detail);
        diagnostic.hints.extend(self.found.cure.clone());
        diagnostic.hints.push(format!(
            "`pgauge lint --explain {}` says more",
            self.rule.code
        ));
        diagnostic
    }

    /// Where it stands: in a file, or in the database.
    fn stands(&self) -> String {
        let place = self.place.as_ref().map(ToString::to_string);
        place.unwrap_or_else(|| self.found.of.clone())
    }

    fn row(&self) -> String {
        let details = self.found.detail.iter().flat_map(|detail| detail.lines());
        let says = std::iter::once(self.found.says.as_str()).chain(details);
        let says: Vec<String> = says.map(|line| for_markdown(line.trim())).collect();
        let weight = match self.rule.severity {
            Weight::Blocking => "**blocking**",
            Weight::Advisory => "advisory",
        };
        format!(
            "| {} | {weight} | {} | {} | {} |\n",
            self.rule.code,
            for_markdown(&self.stands()),
            says.join("<br>"),
            for_markdown(self.found.cure.as_deref().unwrap_or_default())
        )
    }
}

/// What is to be said of claims that nobody has held against a server.
pub fn untraced(claims: u64) -> String {
    let read = match claims {
        0 => return String::new(),
        1 => "1 claim is".to_owned(),
        claims => format!("{} are", plural(claims, "claim")),
    };
    format!(
        "{read} read from the text alone: a scenario with migrate: [{{ file: … }}] runs the statements on real data and says \
         of each whether the trace confirms or refutes it\n"
    )
}

/// The JSON form.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    looked_at: &'a [String],
    blocking: u64,
    advisory: u64,
    findings: Vec<OneFinding<'a>>,
    ignored: Vec<OneIgnored<'a>>,
    problems: Vec<OneProblem<'a>>,
}

/// What is not known is null, so that every finding has every key.
#[derive(Serialize)]
struct OneFinding<'a> {
    code: &'static str,
    severity: &'static str,
    #[serde(flatten)]
    at: At,
    relation: Option<&'a str>,
    message: &'a str,
    detail: Option<&'a str>,
    effect: &'static str,
    fix: Option<&'a str>,
    claim: Option<&'static str>,
}

#[derive(Serialize)]
struct OneIgnored<'a> {
    code: &'static str,
    #[serde(flatten)]
    at: At,
    relation: Option<&'a str>,
    message: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct OneProblem<'a> {
    code: &'a str,
    #[serde(flatten)]
    at: At,
    message: &'a str,
}

/// A place in a file; nowhere in what there is in a database.
#[derive(Serialize)]
struct At {
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
}

impl At {
    fn of(place: Option<&Place>) -> Self {
        let position = place.map(Place::position);
        Self {
            file: place.map(|place| place.file.path().display().to_string()),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
        }
    }
}

impl<'a> OneFinding<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { rule, found, place } = finding;
        Self {
            code: rule.code,
            severity: rule.severity.word(),
            at: At::of(place.as_ref()),
            relation: relation(found),
            message: &found.says,
            detail: found.detail.as_deref(),
            effect: rule.effect,
            fix: found.cure.as_deref(),
            claim: found.claim.map(|claim| claim.words()),
        }
    }
}

impl<'a> OneIgnored<'a> {
    fn of(ignored: &'a Ignored) -> Self {
        let Finding { rule, found, place } = &ignored.finding;
        Self {
            code: rule.code,
            at: At::of(place.as_ref()),
            relation: relation(found),
            message: &found.says,
            reason: &ignored.reason,
        }
    }
}

impl<'a> OneProblem<'a> {
    fn of(problem: &'a Diagnostic) -> Self {
        Self {
            code: &problem.code,
            at: At::of(problem.place.as_ref()),
            message: &problem.primary,
        }
    }
}

fn relation(found: &Found) -> Option<&str> {
    (!found.of.is_empty()).then_some(found.of.as_str())
}
