//! Scripts as scenarios, and what is said of those that cannot be any.

use super::*;
use crate::{
    source::{Color, render_all},
    spec::load_file,
};

fn imported(script: &str) -> Result<Imported, String> {
    let file = SourceFile::new("script.sql", script);
    let given = Given {
        scale: 10,
        defines: BTreeMap::from([("limit".to_owned(), "5".to_owned())]),
    };
    import(&file, &given).map_err(|problems| render_all(&problems, Color::Off))
}

/// The scenario, which must be right.
fn yaml(script: &str) -> String {
    let imported = imported(script).unwrap();
    let file = SourceFile::new("script.yaml", imported.yaml.as_str());
    if let Err(problems) = load_file(file) {
        panic!("{}\n{}", imported.yaml, render_all(&problems, Color::Off));
    }
    imported.yaml
}

#[test]
fn the_script_that_everybody_knows_has_its_draws_as_variables() {
    insta::assert_snapshot!(yaml(
        "\\set aid random(1, 100000 * :scale)
\\set bid random(1, 1 * :scale)
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
"
    ));
}

#[test]
fn conditions_hooks_and_results_are_kept() {
    insta::assert_snapshot!(yaml(
        "\\set kind random_zipfian(1, 100, 1.2)
\\set near random_gaussian(1, 100, 2.5)
\\set twice :kind * 2 \\
  + 1
\\set even :twice % 2 = 0
SELECT count(*) AS n, aid FROM pgbench_accounts WHERE aid = :near GROUP BY aid \\gset found_
\\if :even AND NOT :found_n > :limit
UPDATE pgbench_accounts SET abalance = greatest(0, :found_n) WHERE aid = :found_aid;
\\elif :kind
\\set other CASE WHEN :kind > 3 THEN abs(-:kind) ELSE least(1, 2, 3) END
SELECT :other::int;
\\else
SELECT 1;
\\endif
\\set last random_exponential(1, 10, 3)
SELECT :last::int;
\\sleep 20 ms
"
    ));
}

#[test]
fn what_has_no_counterpart_is_told_all_at_once() {
    insta::assert_snapshot!(
        imported(
            "\\set x hash(:y)
\\shell echo
\\sleep 1 s
SELECT ':x', :limit;
SELECT count(*) FROM t \\gset
\\if :x >
SELECT 1;
\\sett y 1
"
        )
        .unwrap_err()
    );
}

#[test]
fn statements_sent_together_and_pipelines_become_a_pipeline() {
    let imported = imported("\\startpipeline\nSELECT 1\\; SELECT 2;\n\\endpipeline\n").unwrap();
    assert!(
        imported.yaml.contains("pipeline: true"),
        "{}",
        imported.yaml
    );
    assert_eq!(imported.yaml.matches("- step: select").count(), 2);
    assert_eq!(imported.warnings.0.len(), 1);
}
