//! Small specs of our own, and the folder with PostgreSQL's.

use crate::{
    isolation::{Cast, Expected, Parsed, Spec, parse},
    source::SourceFile,
};
use std::path::{Path, PathBuf};

/// A spec in memory.
pub fn spec(text: &str) -> Spec {
    parsed(text).spec
}

/// A spec in memory with its warnings.
pub fn parsed(text: &str) -> Parsed {
    parse(&SourceFile::new("t.spec", text)).unwrap()
}

/// What is wrong with a spec in memory, one line each.
pub fn wrong(text: &str) -> String {
    parse(&SourceFile::new("t.spec", text))
        .unwrap_err()
        .to_string()
}

/// An expected file in memory.
pub fn expected(text: &str, cast: &Cast) -> Expected {
    Expected::read(&SourceFile::new("t.out", text), cast).unwrap()
}

/// A bank with a spec and what isolationtester prints for it; every kind of fact occurs.
pub const BANK_SPEC: &str = r#"# A bank
setup { CREATE TABLE account (id int, balance int); }
setup
{
  INSERT INTO account VALUES (1, 100);
  SELECT 'ready' AS state;
}
teardown { DROP TABLE account; }

session alice
setup { BEGIN; }
step debit { UPDATE account SET balance = balance - 10; }
step commit { COMMIT; } # ends her transaction
teardown { SELECT 1 AS bye; }

session "bob b"
step "his credit"
{
  UPDATE account SET balance = balance + 10
  RETURNING id, balance;
}
step nothing { }
step talk { NOTIFY c, 'x'; }

# he waits for her
permutation debit "his credit" (commit, debit notices 2) nothing(*) commit talk
permutation
  debit # alone
  commit nothing
"#;

/// What isolationtester could print for [`BANK_SPEC`].
pub const BANK_OUT: &str = r#"Parsed test spec with 2 sessions

starting permutation: debit his credit nothing commit talk
state
-----
ready
(1 row)

step debit: UPDATE account SET balance = balance - 10;
bob b: NOTICE:  one
DETAIL:  more of it
step his credit: 
  UPDATE account SET balance = balance + 10
  RETURNING id, balance;
 <waiting ...>
isolationtester: canceling step his credit after 360 seconds
step his credit: <... completed>
ERROR:  canceling statement due to user request
of two lines
step nothing:  <waiting ...>
step commit: COMMIT;
step nothing: <... completed>
step talk: NOTIFY c, 'x';
bob b: NOTIFY "c" with payload "x" from bob b
bob b: NOTIFY "d" with payload "a" from b
" from alice
bob b: NOTIFY "d" with payload "" from PID 17
bye
---
  1
(1 row)

teardown failed: ERROR:  no table
LINE 1: DROP TABLE account;

starting permutation: debit commit nothing
step debit: UPDATE account SET balance = balance - 10;
unexpected result status: PGRES_COPY_IN
FATAL:  terminating connection
server closed the connection unexpectedly
	before or while processing the request.

step commit: COMMIT;
step nothing: 
id|note 
--+-----
 1|a|b  
  |two
x
 3|     
(3 rows)

step nothing timed out after 720 seconds
"#;

/// The folder with PostgreSQL's own specs and their outputs, where there is one: `PGAUGE_SHARED`, else
/// `../shared` beside the crate. Says so where there is none.
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn suite() -> Option<PathBuf> {
    let shared = std::env::var_os("PGAUGE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let folder = shared.join("isolation");
    if folder.join("specs").is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no isolation suite in {}", folder.display());
    None
}

/// The specs of the suite, by name, with their expected outputs.
pub fn suite_specs(folder: &Path) -> Vec<(String, Spec, Vec<SourceFile>)> {
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_owned();
        SourceFile::new(name, std::fs::read_to_string(path).unwrap())
    };
    let mut specs: Vec<_> = std::fs::read_dir(folder.join("specs"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let spec = parse(&read(&path)).unwrap().spec;
            let outputs = ["", "_1", "_2"]
                .iter()
                .map(|suffix| folder.join(format!("expected/{name}{suffix}.out")))
                .filter(|path| path.is_file())
                .map(|path| read(&path))
                .collect();
            (name, spec, outputs)
        })
        .collect();
    specs.sort_by(|a, b| a.0.cmp(&b.0));
    specs
}
