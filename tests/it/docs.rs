//! Every YAML block of the documentation is tried, and every output that it shows is one that a test has seen.
//!
//! A comment on the line above a block says what the block is:
//!
//! - nothing: a whole scenario
//! - `<!-- yaml: part -->`: some keys of a scenario, laid over [`AROUND`]
//! - `<!-- yaml: suite -->`: a `pgauge.yaml`
//! - `<!-- yaml: other -->`: a file of another program; it only has to be YAML
//! - `<!-- output: tests/must_fail/NAME -->`: what the terminal says of that scenario
//! - `<!-- code: … -->`: an example of a code, tried in `docs_codes`

use crate::{
    folder::{Playground, files, repository},
    redacted::Redactor,
};
use pgauge::schedule::{PlanOptions, plan};
use pgauge::source::{Color, SourceFile, render_all};
use pgauge::spec::Suite;
use pgauge::spec::load;
use std::fs;
use std::path::PathBuf;

/// What the parts of scenarios in the documentation are parts of: every block whose key the part does not say itself.
const AROUND: [&str; 4] = [
    "seed:
  - file: ../../seeds/bank.sql
",
    "queries:
  orders_of_user: { sql: SELECT 1 }
",
    "clients:
  alice:
    steps:
      - begin
      - { step: debit, sql: UPDATE accounts SET balance = balance - 10 WHERE id = 1 }
      - { step: credit, sql: UPDATE accounts SET balance = balance + 10 WHERE id = 2 }
      - commit
  bob:
    steps:
      - begin
      - { step: debit, sql: UPDATE accounts SET balance = balance - 30 WHERE id = 2 }
      - { step: credit, sql: UPDATE accounts SET balance = balance + 30 WHERE id = 1 }
      - commit
",
    "expect:
  - { sql: SELECT sum(balance) FROM accounts, value: 10000 }
",
];

/// A fenced block of a page.
pub struct Block {
    /// `docs/language.md:17`
    pub place: String,
    /// The word behind the fence.
    pub language: String,
    /// What the comment above it says.
    pub marker: Option<String>,
    pub text: String,
}

/// The pages of the documentation.
pub fn pages() -> Vec<PathBuf> {
    let docs = files(&repository().join("docs"), "md");
    let docs = docs
        .into_iter()
        .map(|file| PathBuf::from("docs").join(file));
    docs.chain([PathBuf::from("README.md")]).collect()
}

/// The fenced blocks of all pages.
pub fn blocks() -> Vec<Block> {
    pages().iter().flat_map(blocks_of).collect()
}

/// The fenced blocks of a page.
pub fn blocks_of(page: &PathBuf) -> Vec<Block> {
    let text = fs::read_to_string(repository().join(page)).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut marker = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                let comment = line.strip_prefix("<!-- ");
                marker = comment.and_then(|line| line.strip_suffix(" -->"));
            }
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line);
        let inside: Vec<&str> = inside.take_while(|line| !line.starts_with("```")).collect();
        blocks.push(Block {
            place: format!("{}:{}", page.display(), number + 1),
            language: language.to_owned(),
            marker: marker.take().map(str::to_owned),
            text: inside.join("\n") + "\n",
        });
    }
    blocks
}

fn mapping(text: &str, place: &str) -> serde_json::Map<String, serde_json::Value> {
    match serde_yaml::from_str(text) {
        Ok(serde_json::Value::Object(map)) => map,
        Ok(_) => panic!("{place}: this is no mapping"),
        Err(error) => panic!("{place}: {error}"),
    }
}

/// The part with everything around it that it does not say itself. It stays as it is written, since some examples are
/// about how something is written.
pub fn made_whole(block: &Block) -> String {
    let says = |key: &str| block.text.lines().any(|line| line.starts_with(key));
    let mut whole = match says("name:") {
        true => String::new(),
        false => format!("name: {}\n", block.place.replace(':', " line ")),
    };
    for around in AROUND {
        let key = around.split_inclusive(':').next().unwrap_or_default();
        if !says(key) {
            whole.push_str(around);
        }
    }
    whole + &block.text
}

#[test]
fn every_scenario_of_the_documentation_is_right() {
    let suite = Playground::new();
    let mut tried = 0;
    for block in blocks().iter().filter(|block| block.language == "yaml") {
        let name = format!("{}.yaml", block.place.replace(['/', ':', '.'], "_"));
        match block.marker.as_deref() {
            None => suite.add("docs", &name, &block.text),
            Some("yaml: part") => suite.add("docs", &name, &made_whole(block)),
            Some("yaml: suite") => {
                let file = SourceFile::new(&block.place, block.text.as_str());
                drop(Suite::parse(&file).unwrap());
            }
            Some(code) if code.starts_with("code: ") => {}
            Some("yaml: other") => drop(mapping(&block.text, &block.place)),
            Some(other) => panic!("{}: what is \"{other}\"?", block.place),
        }
        tried += 1;
    }
    let scenarios = suite.root().join("scenarios");
    let files = files(&scenarios, "yaml").into_iter();
    let files = files.filter(|file| !file.ends_with("pgauge.yaml"));
    let files: Vec<PathBuf> = files.map(|file| scenarios.join(file)).collect();
    if let Err(wrong) = load(&files).and_then(|read| plan(&read, &PlanOptions::default())) {
        panic!("{}", render_all(&wrong, Color::Off));
    }
    assert!(tried > 20, "only {tried} blocks were found");
}

#[test]
fn every_output_in_the_documentation_is_one_that_was_seen() {
    let redactor = Redactor::new();
    let mut shown = 0;
    for block in blocks() {
        let marker = block.marker.as_deref().unwrap_or_default();
        let Some(name) = marker.strip_prefix("output: ") else {
            continue;
        };
        let golden = fs::read_to_string(repository().join(format!("{name}.stdout"))).unwrap();
        let seen = redactor.text(&golden).contains(&redactor.text(&block.text));
        assert!(seen, "{}: this is not in {name}.stdout", block.place);
        shown += 1;
    }
    assert!(shown > 0);
}

#[test]
fn no_link_between_the_pages_is_broken() {
    for page in pages() {
        let own = repository().join(&page);
        let text = fs::read_to_string(&own).unwrap();
        let folder = own.parent().unwrap();
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap_or_default();
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => own.clone(),
                file => folder.join(file),
            };
            assert!(file.exists(), "{} links to {target}", page.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(file).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.any(|heading| anchor_of(heading) == anchor)
                        || text.contains(&format!("<a name=\"{anchor}\">")),
                    "{} links to {target}",
                    page.display()
                );
            }
        }
    }
}

/// What a heading is linked by, as the usual hosts make it.
fn anchor_of(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    title
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}
