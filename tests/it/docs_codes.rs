//! Every code that the program can give has its page in `docs/codes`, with the wrong form, which really gives it, and
//! the right form, which does not.
//!
//! Which codes there are is read from the source: the words that stand where a [`Diagnostic`], a `Finding` or a
//! `Breakage` gets its code. A new one needs a page, and the test says which and what belongs into it. The markers of
//! the examples are those of [`Form`].

use crate::{
    docs::{Block, blocks_of, made_whole},
    folder::{Playground, files, repository},
    golden, program,
};
use pgauge::schedule::{PlanOptions, plan};
use pgauge::source::{Diagnostic, SourceFile};
use pgauge::spec::load_file;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

/// Where the pages are.
const PAGES: &str = "docs/codes";

/// Places in the source where a code stands, each with the code as its first group; the last one counts only in
/// `src/verdict`.
const PLACES: [&str; 4] = [
    r#"(?:Diagnostic|Finding)::(?:new|error|warning|failed|vacuous|note)\(\s*(?:[A-Za-z_:.]+(?:\(\))?,)?\s*"([a-z0-9-]+)""#,
    r#"\bcode: "([a-z][a-z-]*)""#,
    r#"\bbreakage\(\s*"([a-z][a-z-]*)""#,
    // Codes that a function chooses between: words with a hyphen are nothing else in the room of verdicts.
    r#""([a-z]+(?:-[a-z]+)+)""#,
];

/// How an example is written in a page: the comment above its block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `<!-- code: wrong -->`: gives the code.
    Wrong,
    /// `<!-- code: right -->`: does not give it.
    Right,
}

/// Says that a page has no example, and why not.
const STATED: &str = "<!-- code: stated -->\n";

/// What a page looks like, for whoever has to write one.
const TEMPLATE: &str = "\
# CODE

*error*, or: *warning*, *failed*, *vacuous*, *errored*, *skipped*, *note*

What it means and what to do, in two or three lines.

## Wrong

<!-- code: wrong -->
(a yaml block; keys that it leaves out are taken from AROUND in tests/it/docs.rs; with \"wrong, whole\" nothing is added)

## Right

<!-- code: right -->
(a yaml block that does not give the code)

Where no example can be tried, instead of both: <!-- code: stated --> and on the next line the reason.
";

/// The source without its tests.
fn source() -> Vec<(String, String)> {
    let root = repository().join("src");
    let own = files(&root, "rs").into_iter().filter_map(|file| {
        let name = file.to_string_lossy().into_owned();
        // The rules of `pgauge lint` have pages of their own, in docs/rules.
        let for_tests = ["tests", "testing", "sample.rs", "lint/rules"];
        if for_tests.iter().any(|part| name.contains(part)) {
            return None;
        }
        let text = fs::read_to_string(root.join(&file)).unwrap();
        let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        Some((name, program.to_owned()))
    });
    own.collect()
}

/// Every code with a file that gives it.
fn codes() -> BTreeMap<String, String> {
    let places = PLACES.map(|place| Regex::new(&format!("(?m){place}")).unwrap());
    let mut codes = BTreeMap::new();
    for (file, text) in source() {
        // Elsewhere such words are names of crates, files and options.
        let places = match file.starts_with("verdict/") {
            true => &places[..],
            false => &places[..3],
        };
        for place in places {
            for found in place.captures_iter(&text) {
                codes.entry(found[1].to_owned()).or_insert(file.clone());
            }
        }
    }
    codes
}

/// The pages by their code.
fn pages() -> BTreeMap<String, String> {
    let folder = repository().join(PAGES);
    let pages = files(&folder, "md").into_iter().filter_map(|file| {
        let code = file.file_stem()?.to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join(&file)).unwrap();
        (code != "README").then_some((code, text))
    });
    pages.collect()
}

/// The word in italics under the title.
fn severity(page: &str) -> Option<&str> {
    let line = page.lines().find(|line| line.starts_with('*'))?;
    line.trim_start_matches('*').split('*').next()
}

fn form(block: &Block) -> Option<Form> {
    let words = block.marker.as_deref()?.strip_prefix("code: ")?;
    match words.split(',').next()? {
        "wrong" => Some(Form::Wrong),
        "right" => Some(Form::Right),
        _ => None,
    }
}

/// The text of an example as a file.
fn example(block: &Block) -> String {
    match block.marker.as_deref() {
        Some(marker) if marker.ends_with(", whole") => block.text.clone(),
        _ => made_whole(block),
    }
}

fn examples(code: &str) -> BTreeMap<Form, String> {
    let page = format!("{PAGES}/{code}.md").into();
    let blocks = blocks_of(&page).into_iter();
    blocks
        .filter_map(|block| Some((form(&block)?, example(&block))))
        .collect()
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let (codes, pages) = (codes(), pages());
    assert!(codes.len() > 100, "only {} codes were found", codes.len());
    let mut wrong = Vec::new();
    for (code, file) in &codes {
        if !pages.contains_key(code) {
            wrong.push(format!(
                "src/{file} gives the code {code}: write {PAGES}/{code}.md"
            ));
        }
    }
    let all: String = source().into_iter().map(|(_, text)| text).collect();
    for (code, page) in &pages {
        if !all.contains(&format!("\"{code}\"")) {
            wrong.push(format!("nothing gives {code}: remove {PAGES}/{code}.md"));
        }
        if !page.starts_with(&format!("# {code}\n")) {
            wrong.push(format!("{PAGES}/{code}.md must begin with # {code}"));
        }
        let known = [
            "error", "warning", "failed", "vacuous", "errored", "skipped", "note",
        ];
        if !severity(page).is_some_and(|word| known.contains(&word)) {
            wrong.push(format!("{PAGES}/{code}.md does not say how bad it is"));
        }
        let forms = examples(code).len();
        let stated = page.contains(STATED);
        if (forms, stated) != (2, false) && (forms, stated) != (0, true) {
            wrong.push(format!(
                "{PAGES}/{code}.md needs a wrong and a right form, or the reason why not"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n\nThe form of a page:\n\n{TEMPLATE}",
        wrong.join("\n")
    );
}

/// What is said of a file before any server is asked.
fn said(name: &str, text: &str, root: &std::path::Path) -> Vec<Diagnostic> {
    // The files that a seed names are looked for from here.
    let path = root.join("scenarios/codes").join(name);
    match load_file(SourceFile::new(path, text)) {
        Err(wrong) => wrong.0,
        Ok(loaded) => {
            let loaded = Arc::new(loaded);
            let planned = plan(&[Arc::clone(&loaded)], &PlanOptions::default());
            let wrong = planned.err().unwrap_or_default();
            loaded.warnings.0.iter().cloned().chain(wrong.0).collect()
        }
    }
}

#[test]
fn every_example_of_what_check_finds_gives_its_code_and_its_cure_does_not() {
    let suite = Playground::new();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (code, page) in pages() {
        let of_check = matches!(severity(&page), Some("error" | "warning"));
        for (form, text) in examples(&code) {
            if !of_check {
                continue;
            }
            tried += 1;
            let said = said(&format!("{code}.yaml"), &text, suite.root());
            let given = said.iter().any(|problem| problem.code == code);
            let words: Vec<String> = said.iter().map(ToString::to_string).collect();
            let right = match form {
                Form::Wrong => given,
                Form::Right => said.is_empty(),
            };
            if !right {
                let form = if form == Form::Wrong {
                    "wrong"
                } else {
                    "right"
                };
                wrong.push(format!("{code}, {form}: {}\n{text}", words.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(tried > 100, "only {tried} were tried");
}

/// The text up to its first full stop or colon; one within code or a name does not count.
fn first_sentence(prose: &str) -> &str {
    let mut within_code = false;
    let ends = |(at, c): (usize, char)| {
        within_code ^= c == '`';
        let before_a_gap = prose[at + c.len_utf8()..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace);
        (matches!(c, '.' | ':') && !within_code && before_a_gap).then_some(at)
    };
    let end = prose.char_indices().find_map(ends);
    &prose[..end.unwrap_or(prose.len())]
}

#[test]
fn the_list_of_codes_is_current() {
    let mut by_severity: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let pages = pages();
    for (code, page) in &pages {
        let prose = page.split("\n\n").nth(2).unwrap_or_default();
        let prose = prose.replace('\n', " ").replace("](../", "](../../docs/");
        let sentence = first_sentence(&prose).trim_end();
        let line = format!("- [{code}]({code}.md): {sentence}.\n");
        let severity = severity(page).unwrap_or("error");
        by_severity.entry(severity).or_default().push(line);
    }
    let heads = [
        (
            "error",
            "What cannot be run",
            "Found before any server is asked, by `pgauge check` and at the start of `pgauge run`.",
        ),
        (
            "warning",
            "What is probably not meant",
            "Warnings of `pgauge check`, and what is not as the baseline has it.",
        ),
        ("failed", "What did not hold", "An expectation failed."),
        (
            "vacuous",
            "What would mean nothing",
            "All else held, and yet a green would prove nothing.",
        ),
        (
            "errored",
            "What broke",
            "The world broke: the server, a session, a file.",
        ),
        (
            "skipped",
            "What was left out",
            "Not run, for a good reason.",
        ),
        (
            "note",
            "What is worth knowing",
            "Shown with `-v`, and in the JSON.",
        ),
    ];
    let mut list = String::from(
        "# Codes\n\nEvery message of pgauge has a code, in brackets behind its first word: `vacuous[never-waited]`. This is what \
         they mean.\nThe list is made from the pages beside it, and the project's tests try their examples.\n",
    );
    for (severity, title, about) in heads {
        if let Some(lines) = by_severity.get(severity) {
            list.push_str(&format!("\n## {title}\n\n{about}\n\n{}", lines.concat()));
        }
    }
    let file = repository().join(PAGES).join("README.md");
    if let Err(difference) = golden::compare(&file, &list) {
        panic!("{difference}");
    }
}

/// The codes of the findings of each case, by the stem of its file.
#[test]
fn the_examples_of_what_a_run_finds_come_to_their_code_on_a_real_server() {
    let suite = Playground::new();
    let mut expected: BTreeMap<String, (String, Form)> = BTreeMap::new();
    let head = Regex::new(r"(?m)^name: .*$").unwrap();
    for (code, page) in pages() {
        if matches!(severity(&page), Some("error" | "warning")) {
            continue;
        }
        for (form, text) in examples(&code) {
            let folder = if form == Form::Wrong {
                "wrong"
            } else {
                "right"
            };
            // Names are unique in a suite.
            let name = format!("\nname: {code} {folder}\n");
            let text = format!("\n{}", head.replace(&text, name.trim()));
            suite.add(folder, &format!("{code}.yaml"), &text);
            let file = format!("scenarios/{folder}/{code}.yaml");
            expected.insert(file, (code.clone(), form));
        }
    }
    let ran = program::run(suite.root(), &["scenarios"]);
    let mut given: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in &ran.results.cases {
        let codes = case.findings.iter().map(|finding| finding.code.to_string());
        let all = given.entry(case.log.case.file.clone()).or_default();
        all.extend(codes);
    }
    let mut wrong = Vec::new();
    for (file, (code, form)) in &expected {
        let codes = given.get(file).cloned().unwrap_or_default();
        let right = match form {
            Form::Wrong => codes.contains(code),
            Form::Right => !codes.contains(code) && only_notes(&ran, file),
        };
        if !right {
            wrong.push(format!("{file}: {codes:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{}",
        wrong.join("\n"),
        ran.said.stderr
    );
    assert!(expected.len() > 60, "only {} were tried", expected.len());
}

fn only_notes(ran: &program::Ran, file: &str) -> bool {
    let mut cases = ran.results.cases.iter();
    cases.all(|case| {
        case.log.case.file != file || case.findings.iter().all(|finding| !finding.kind.is_bad())
    })
}
