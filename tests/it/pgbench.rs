//! A script of pgbench, imported and run.

use crate::folder::Playground;
use crate::program::{pgauge, run};

const SCRIPT: &str = "\
\\set kind random_zipfian(1, 100, 1.2)
\\set near random_gaussian(1, 100, 2.5)
\\set twice :kind * 2 \\
  + 1
\\set even :twice % 2 = 0
BEGIN;
\\set other CASE WHEN :kind > 3 THEN abs(-:kind) ELSE least(1, 2, 3) END
SELECT count(*) AS n, aid FROM pgbench_accounts WHERE aid = :near GROUP BY aid \\gset found_
\\if :even OR NOT :found_n > :limit
UPDATE pgbench_accounts SET abalance = greatest(abalance, :other) WHERE aid = :found_aid;
\\elif :kind
SELECT 1 / 0;
\\endif
\\set last random_exponential(1, 10, 3) + int(sqrt(16.2)) + mod(7, 4) + 1 << 2
SELECT 1 / (:last::int BETWEEN 36 AND 72)::int;
END;
\\sleep 1 ms
";

#[test]
fn a_script_of_pgbench_runs_as_a_scenario() {
    let playground = Playground::new();
    let folder = playground.root();
    std::fs::write(folder.join("script.sql"), SCRIPT).unwrap();
    let words = ["import", "pgbench", "script.sql", "-D", "limit=5"];
    let said = pgauge(folder, &words);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let scenario = said.stdout.replace("duration: 10s", "transactions: 200");
    playground.add("imported", "script.yaml", &scenario);
    let ran = run(folder, &["scenarios"]);
    let load = ran.results.cases[0].log.load.as_deref().unwrap();
    assert_eq!(ran.said.status, 0, "{}\n{scenario}", ran.said.stdout);
    assert_eq!(load.clients[0].latency.count(), 200);
    let updates = load.clients[0]
        .steps
        .iter()
        .find(|step| step.step == "update_accounts");
    assert_eq!(updates.unwrap().executions(), 200);
}

#[test]
fn what_has_no_counterpart_is_said_with_its_place() {
    let playground = Playground::new();
    std::fs::write(
        playground.root().join("script.sql"),
        "SELECT 1;\n\\shell date\n",
    )
    .unwrap();
    let said = pgauge(playground.root(), &["import", "pgbench", "script.sql"]);
    assert_eq!((said.status, said.stdout.as_str()), (3, ""));
    assert!(said.stderr.contains("script.sql:2:1"), "{}", said.stderr);
}
