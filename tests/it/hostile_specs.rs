//! Files that were made to break the reader: each is refused with its place, in little time and little memory, and
//! never with a panic.
//!
//! The program runs under `ulimit -v`, so that memory beyond the limit is not measured but impossible. The time is
//! bounded by far more than the second that it takes, since the machine of a test is never quiet.

use crate::folder::repository;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

/// Address space, which is more than memory that is used.
const KILOBYTES: u32 = 256 << 10;

/// A reading that multiplies or goes round in circles takes hours.
const FAR_TOO_LONG: Duration = Duration::from_secs(120);

/// `pgauge check` of a path in a folder.
fn check(folder: &Path, path: &str) -> Output {
    let began = Instant::now();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {KILOBYTES} && exec \"$0\" check \"$1\""))
        .arg(env!("CARGO_BIN_EXE_pgauge"))
        .arg(path)
        .current_dir(folder)
        .env_remove("PGAUGE_TAG")
        .output()
        .unwrap();
    assert!(began.elapsed() < FAR_TOO_LONG, "{path} took for ever");
    output
}

/// A scenario whose head is right, followed by this.
fn scenario(rest: &str) -> String {
    format!("name: hostile\n{rest}")
}

/// The files by name, with the code and the place that each must give.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let one = "clients: { a: { steps: [{ sql: SELECT 1, row_count: 1 }] } }\n";
    let lines =
        |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let steps = |count: usize, step: &str| {
        let step = format!("      - {step}\n");
        scenario(&format!(
            "clients:\n  a:\n    steps:\n{}",
            step.repeat(count)
        ))
    };
    let step = "{ sql: SELECT 1, row_count: 1 }";
    let levels = lines(9, &|level| {
        let from = char::from(b'a' + u8::try_from(level).unwrap());
        let to = char::from(b'b' + u8::try_from(level).unwrap());
        format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(", "))
    });
    let mut all: Vec<(&str, String, &str, &str)> = vec![
        (
            "alias_bomb",
            format!("a: &a [x, x]\n{levels}"),
            "too-many-values",
            "7:",
        ),
        ("brackets", "[".repeat(10_000), "too-deep", "1:256"),
        ("dashes", "- ".repeat(10_000) + "x", "too-deep", "1:129"),
        ("braces", "{a: ".repeat(10_000), "too-deep", "1:1021"),
        ("question_marks", "? ".repeat(10_000), "too-deep", "1:129"),
        (
            "staircase",
            lines(3_000, &|i| format!("{}a:\n", " ".repeat(i))),
            "too-deep",
            "65:65",
        ),
        (
            "duplicate_keys",
            "k: 1\n".repeat(50_000),
            "duplicate-key",
            "2:1",
        ),
        ("tabs", scenario("clients:\n\ta: {}\n"), "yaml", "3:2"),
        (
            "tag",
            scenario("clients: !!python/object/apply:os.system [id]\n"),
            "tag",
            "2:10",
        ),
        (
            "own_tag",
            scenario("clients: !include secrets.yaml\n"),
            "tag",
            "2:10",
        ),
        (
            "cyclic_anchor",
            scenario("clients: &c\n  a: *c\n"),
            "endless-alias",
            "3:6",
        ),
        (
            "merge_of_itself",
            scenario("clients: &c\n  <<: *c\n"),
            "endless-alias",
            "3:7",
        ),
        (
            "merge_of_merges",
            "a0: &a0 {k: 1}\n".to_owned()
                + &lines(1_000, &|i| format!("a{0}: &a{0} {{<<: *a{i}}}\n", i + 1)),
            "too-deep",
            "64:16",
        ),
        ("null_byte", scenario("clients: a\0b\n"), "yaml", "2:"),
        ("escape", scenario("clients: \u{1b}[31m\n"), "yaml", "2:10"),
        (
            "documents",
            "---\n".repeat(100_000),
            "second-document",
            "2:1",
        ),
        (
            "unknown_keys",
            lines(50_000, &|i| format!("key{i}: 1\n")),
            "unknown-key",
            "1:1",
        ),
        (
            "wrong_steps",
            steps(5_000, "{ sqll: SELECT 1 }"),
            "unknown-key",
            "5:11",
        ),
        (
            "long_sql",
            scenario(&format!(
                "clients: {{ a: {{ steps: [{{ sql: 'SELECT {}1' }}] }} }}\n",
                "1,".repeat(4_000_000)
            )),
            "too-large",
            "2:32",
        ),
        (
            "sessions_with_long_sql",
            scenario(&format!(
                "clients:\n  a:\n    count: 1000\n    steps: [{{ sql: 'SELECT {}1', row_count: 1 }}]\n",
                "1,".repeat(400_000)
            )),
            "too-many-values",
            "2:1",
        ),
        (
            "alias_of_a_long_text",
            steps(1, &format!("sql: &s '{}'", "x".repeat(1_000_000)))
                + &"      - sql: *s\n".repeat(2_000),
            "too-many-values",
            "21:14",
        ),
        (
            "very_many_wrong_steps",
            steps(40_000, "{ sqll: SELECT 1 }"),
            "unknown-key",
            "5:11",
        ),
        (
            "one_wrong_step_of_many",
            steps(40_000, "{ sql: SELECT 1 }") + "      - { sqll: SELECT 1 }\n",
            "unknown-key",
            "40005:11",
        ),
        (
            "one_step_name",
            steps(10_000, "{ step: s, sql: SELECT 1, row_count: 1 }"),
            "duplicate-step",
            "6:17",
        ),
        (
            "orders_of_nothing",
            scenario(&format!("{one}order:\n{}", "  - a.nobody\n".repeat(20_000))),
            "unknown-name",
            "4:7",
        ),
        (
            "parameters",
            scenario(&format!(
                "clients:\n  a:\n    steps:\n      - sql: SELECT {}\n        row_count: 1\n",
                lines(20_000, &|i| format!(":p{i}, ")) + "1"
            )),
            "unknown-parameter",
            "5:21",
        ),
        (
            "variants",
            steps(5_000, step) + "variants:\n" + &lines(500, &|i| format!("  v{i}: {{}}\n")),
            "too-many-values",
            "5005:1",
        ),
        (
            "orders",
            scenario(&format!(
                "clients:\n  a:\n    steps: [{}]\norders:\n{}",
                vec![step; 1_000].join(", "),
                lines(5_000, &|i| format!("  o{i}: {{ order: [a.1] }}\n"))
            )),
            "too-many-values",
            "5:1",
        ),
        (
            "sessions",
            scenario(&format!(
                "clients:\n{}",
                lines(100, &|i| format!(
                    "  c{i}: {{ count: 10000, steps: [{step}] }}\n"
                ))
            )),
            "too-many-values",
            "2:1",
        ),
        (
            "hook_parentheses",
            scenario(&format!(
                "{one}after: '{}1{}'\n",
                "(".repeat(20_000),
                ")".repeat(20_000)
            )),
            "hook",
            "3:",
        ),
        (
            "hook_blocks",
            scenario(&format!(
                "{one}after: '{} {}'\n",
                "if true {".repeat(2_000),
                "}".repeat(2_000)
            )),
            "hook",
            "3:",
        ),
        (
            "comments_in_comments",
            scenario(&format!(
                "clients: {{ a: {{ steps: [{{ sql: '{}' }}] }} }}\n",
                "/*".repeat(100_000)
            )),
            "no-statement",
            "2:",
        ),
        (
            "number",
            scenario(&format!("{one}random_seed: {}\n", "9".repeat(5_000))),
            "number",
            "3:14",
        ),
        (
            "duration",
            scenario(&format!("{one}timeout: {}s\n", "9".repeat(5_000))),
            "quantity",
            "3:10",
        ),
        (
            "itself",
            scenario(&format!("{one}seed: [{{ use: itself.seed.yaml }}]\n")),
            "seed-cycle",
            "1:8",
        ),
        (
            "chain",
            scenario(&format!("{one}seed: [{{ use: chain0.seed.yaml }}]\n")),
            "too-deep",
            "1:8",
        ),
        (
            "doubling",
            scenario(&format!("{one}seed: [{{ use: doubling0.seed.yaml }}]\n")),
            "too-many-values",
            "3:1",
        ),
        ("empty", String::new(), "empty-file", "1:1"),
    ];
    let mut files: Vec<(&str, Vec<u8>, &str, &str)> = all
        .drain(..)
        .map(|(name, text, code, place)| (name, text.into_bytes(), code, place))
        .collect();
    files.push(("large", b"# x\n".repeat(50 << 18), "too-large", "1:1"));
    files.push(("latin_1", b"name: caf\xe9\n".to_vec(), "not-utf8", "1:10"));
    files.push((
        "utf_16",
        b"\xff\xfen\0a\0m\0e\0".to_vec(),
        "not-utf8",
        "1:1",
    ));
    files.push((
        "halves",
        "name: \u{1f600}\n".bytes().take(8).collect(),
        "not-utf8",
        "1:7",
    ));
    files
}

fn write_lists(folder: &Path) {
    let write = |name: String, text: String| fs::write(folder.join(name), text).unwrap();
    let use_of = |name: String| format!("- use: {name}\n");
    write(
        "itself.seed.yaml".to_owned(),
        use_of("./itself.seed.yaml".to_owned()),
    );
    for i in 0..100 {
        let next = format!("chain{}.seed.yaml", i + 1);
        write(format!("chain{i}.seed.yaml"), use_of(next));
    }
    write(
        "chain100.seed.yaml".to_owned(),
        "- sql: SELECT 1\n".to_owned(),
    );
    for i in 0..30 {
        let next = format!("doubling{}.seed.yaml", i + 1);
        write(format!("doubling{i}.seed.yaml"), use_of(next).repeat(2));
    }
    write(
        "doubling30.seed.yaml".to_owned(),
        "- sql: SELECT 1\n".to_owned(),
    );
}

#[test]
fn hostile_files_are_refused_with_their_place_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    write_lists(folder.path());
    let mut wrong = Vec::new();
    for (name, bytes, code, place) in hostile() {
        let file = format!("{name}.yaml");
        fs::write(folder.path().join(&file), bytes).unwrap();
        let output = check(folder.path(), &file);
        let said = String::from_utf8(output.stderr).unwrap();
        let placed = said.lines().any(|line| {
            let place_of = line.trim_start().strip_prefix("--> ");
            place_of.is_some_and(|at| at.contains(&format!(".yaml:{place}")))
        });
        let right = output.status.code() == Some(3) && said.contains(&format!("error[{code}]"));
        if !right || !placed || said.contains("panicked") {
            let said: String = said.chars().take(600).collect();
            wrong.push(format!(
                "{name}: {}, expected {code} at {place}\n{said}",
                output.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_editors_write_at_the_beginning_and_end_of_lines_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        fs::read_to_string(repository().join("scenarios/locks/deadlock_opposite_order.yaml"));
    let text = text.unwrap().replace("../../seeds", "seeds");
    fs::create_dir(folder.path().join("seeds")).unwrap();
    let bank = repository().join("seeds/bank.sql");
    fs::copy(bank, folder.path().join("seeds/bank.sql")).unwrap();
    let written = [
        ("byte_order_mark.yaml", format!("\u{feff}{text}")),
        ("windows.yaml", text.replace('\n', "\r\n")),
        (
            "both.yaml",
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        ),
    ];
    for (name, text) in written {
        fs::write(folder.path().join(name), text).unwrap();
        let output = check(folder.path(), name);
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_folder_of_ten_thousand_scenarios_fits_into_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..10_000 {
        let inside = folder.path().join(format!("scenarios/{:02}", i % 100));
        fs::create_dir_all(&inside).unwrap();
        let text = format!("name: number {i}\nexpect: [{{ sql: SELECT {i}, value: {i} }}]\n");
        fs::write(inside.join(format!("{i}.yaml")), text).unwrap();
    }
    let output = check(folder.path(), "scenarios");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "10,000 files with 10,000 cases: nothing wrong\n");
}

#[test]
fn of_a_folder_in_which_everything_is_wrong_a_part_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scenarios")).unwrap();
    for i in 0..100 {
        let steps = "      - { sqll: SELECT 1 }\n".repeat(200);
        let text = format!("name: number {i}\nclients:\n  a:\n    steps:\n{steps}");
        fs::write(folder.path().join(format!("scenarios/{i}.yaml")), text).unwrap();
    }
    let output = check(folder.path(), "scenarios");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("note[more]: not looked at, since so much"),
        "{said}"
    );
    assert!(said.matches("error[unknown-key]").count() < 1_200);
}
