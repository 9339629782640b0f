//! Are the facts of a plan the same each time? Thirty varied queries, captured twenty times by as many runs, each with a
//! server and a database of its own, while every CPU is kept busy:
//!
//! ```text
//! cargo bench --bench plans
//! ```
//!
//! Every fact that does not depend on the machine is compared with that of the first capture: shape, rows and loops of
//! each node, buffers, temporary files, log records and bytes. What the planner expected is counted apart: of tables
//! that are larger than the sample of ANALYZE it is another figure each time.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use pgauge::{
    record::{NodeFacts, PlanFacts},
    report::results::Results,
};
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

type Any = Box<dyn std::error::Error>;

/// How often everything is captured.
const CAPTURES: usize = 20;

/// The queries, by name.
const QUERIES: [(&str, &str); 30] = [
    (
        "page",
        "SELECT o.id, o.status FROM orders o WHERE o.user_id = 17 ORDER BY o.placed_at DESC LIMIT 20",
    ),
    (
        "best_page",
        "SELECT o.id, o.status FROM orders o WHERE o.user_id = 1 ORDER BY o.placed_at DESC LIMIT 20",
    ),
    ("by_key", "SELECT * FROM orders WHERE id = 12345"),
    (
        "by_expression",
        "SELECT id FROM users WHERE lower(email) = 'user77@example.org'",
    ),
    (
        "join",
        "SELECT i.*, p.name FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = 777",
    ),
    (
        "groups",
        "SELECT country, count(*) FROM users GROUP BY country",
    ),
    (
        "three_tables",
        "SELECT u.country, sum(i.quantity * i.price) FROM users u JOIN orders o ON o.user_id = u.id JOIN order_items i ON i.order_id = o.id GROUP BY u.country",
    ),
    (
        "top",
        "SELECT p.name, sum(i.quantity) AS sold FROM products p JOIN order_items i ON i.product_id = p.id GROUP BY p.id ORDER BY sold DESC LIMIT 10",
    ),
    (
        "anti_join",
        "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.id)",
    ),
    (
        "list",
        "SELECT * FROM orders WHERE id IN (1, 5, 9, 13, 17, 70000)",
    ),
    (
        "range",
        "SELECT count(*) FROM orders WHERE placed_at >= '2024-03-01' AND placed_at < '2024-03-08'",
    ),
    (
        "rare_value",
        "SELECT count(*) FROM orders WHERE status = 'open'",
    ),
    ("pattern", "SELECT count(*) FROM users WHERE name LIKE 'A%'"),
    (
        "window",
        "SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY placed_at) FROM orders WHERE user_id < 50",
    ),
    ("distinct", "SELECT count(DISTINCT user_id) FROM orders"),
    (
        "union",
        "SELECT id FROM users WHERE id < 50 UNION SELECT id FROM products WHERE id < 50",
    ),
    (
        "with",
        "WITH big AS MATERIALIZED (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id HAVING count(*) > 100) SELECT u.name, n FROM big JOIN users u ON u.id = big.user_id",
    ),
    (
        "lateral",
        "SELECT u.id, l.id FROM users u CROSS JOIN LATERAL (SELECT id FROM orders o WHERE o.user_id = u.id ORDER BY placed_at DESC LIMIT 1) l WHERE u.id < 100",
    ),
    (
        "offset",
        "SELECT id FROM orders ORDER BY id OFFSET 1000 LIMIT 10",
    ),
    (
        "large_sort",
        "SELECT id, note FROM orders ORDER BY note, id",
    ),
    (
        "self_join",
        "SELECT count(*) FROM orders a JOIN orders b ON a.user_id = b.user_id AND a.id < b.id WHERE a.user_id BETWEEN 500 AND 600",
    ),
    ("maximum", "SELECT max(placed_at) FROM orders"),
    (
        "filtered_sum",
        "SELECT count(*) FILTER (WHERE status = 'paid'), avg(length(note)) FROM orders",
    ),
    (
        "subquery_of_each",
        "SELECT d, (SELECT count(*) FROM orders o WHERE o.placed_at >= d AND o.placed_at < d + interval '1 day') FROM generate_series(timestamptz '2024-02-01', '2024-02-07', '1 day') AS d",
    ),
    (
        "semi_join",
        "SELECT count(*) FROM products p WHERE EXISTS (SELECT FROM order_items i WHERE i.product_id = p.id AND i.quantity = 10)",
    ),
    (
        "update_one",
        "UPDATE orders SET status = 'paid' WHERE id = 4711",
    ),
    (
        "update_many",
        "UPDATE products SET stock = stock - 1 WHERE id <= 200",
    ),
    (
        "insert",
        "INSERT INTO orders (id, user_id, status, placed_at) SELECT 1000000 + n, 1 + n % 100, 'open', timestamptz '2024-05-05' FROM generate_series(1, 100) AS n",
    ),
    (
        "delete",
        "DELETE FROM order_items WHERE order_id BETWEEN 100 AND 120",
    ),
    (
        "upsert",
        "INSERT INTO products VALUES (5, 'x', 1, 1) ON CONFLICT (id) DO UPDATE SET stock = excluded.stock",
    ),
];

fn main() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let seeds = folder.path().join("seeds");
    std::fs::create_dir(&seeds)?;
    for name in ["shop.yaml", "shop.sql", "shop_indexes.sql"] {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        std::fs::copy(own, seeds.join(name))?;
    }
    let scenarios = folder.path().join("scenarios/plans");
    std::fs::create_dir_all(&scenarios)?;
    let queries: String = QUERIES
        .iter()
        .map(|(name, sql)| format!("  {name}:\n    sql: |\n      {sql}\n    budget: 10m\n"))
        .collect();
    let head = "name: Thirty queries\nrandom_seed: 11\ntimeout: 10m\nseed:\n  - use: ../../seeds/shop.yaml\n";
    let scenario = format!("{head}queries:\n{queries}");
    std::fs::write(scenarios.join("queries.yaml"), scenario)?;
    let cpus = std::thread::available_parallelism()?.get();
    let began = Instant::now();
    let over = AtomicBool::new(false);
    let captures: Result<Vec<Capture>, Any> = std::thread::scope(|scope| {
        for _ in 0..cpus {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let captures = (0..CAPTURES).map(|_| capture(folder.path())).collect();
        over.store(true, Ordering::Relaxed);
        captures
    });
    let captures = captures?;
    println!(
        "{CAPTURES} captures of {} queries with {cpus} CPUs kept busy, in {:.0?}",
        QUERIES.len(),
        began.elapsed()
    );
    compare(&captures)
}

/// The facts of each query.
type Capture = BTreeMap<String, Facts>;

struct Facts {
    facts: PlanFacts,
    steady: bool,
}

fn capture(folder: &Path) -> Result<Capture, Any> {
    let json = folder.join("results.json");
    let status = Command::new(env!("CARGO_BIN_EXE_pgauge"))
        .current_dir(folder)
        .args([
            "run",
            "--server",
            "embedded",
            "--json",
            "results.json",
            "scenarios",
        ])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("the queries did not run".into());
    }
    let results = Results::from_json(&std::fs::read(&json)?)?;
    let case = results.cases.first().ok_or("there is no case")?;
    let snapshot = case.log.plans.first().ok_or("no plans were captured")?;
    let mut facts = Capture::new();
    for captured in &snapshot.plans {
        let plan = captured.measured().ok_or("a query has no plan")?;
        let of_query = Facts {
            facts: PlanFacts::of(&plan.explained),
            steady: plan.steady,
        };
        facts.insert(captured.query.clone(), of_query);
    }
    Ok(facts)
}

/// The facts one by one, what the planner expected left out.
fn one_by_one(facts: &PlanFacts) -> Vec<String> {
    let of_node = |node: &NodeFacts| {
        [
            format!("{} {}", node.depth, node.title),
            format!("rows {:?}", node.rows),
            format!("loops {:?}", node.loops),
        ]
    };
    let nodes = facts.nodes.iter().flat_map(of_node);
    let others = [
        format!("buffers {:?}", facts.buffers),
        format!("temporary {:?}", facts.temp),
        format!("records {}", facts.wal_records),
        format!("log {:?}", facts.wal_bytes),
    ];
    nodes.chain(others).collect()
}

fn compare(captures: &[Capture]) -> Result<(), Any> {
    let first = captures.first().ok_or("nothing was captured")?;
    let (mut compared, mut differ, mut unsteady) = (0_u64, 0_u64, 0_u64);
    let (mut expected, mut otherwise) = (0_u64, 0_u64);
    for (number, capture) in captures.iter().enumerate() {
        for (name, of_query) in capture {
            unsteady += u64::from(!of_query.steady);
            let known = first.get(name).ok_or("a query is missing")?;
            if number == 0 {
                continue;
            }
            let (before, after) = (one_by_one(&known.facts), one_by_one(&of_query.facts));
            compared += before.len().max(after.len()) as u64;
            differ += before.len().abs_diff(after.len()) as u64;
            for (before, after) in before.iter().zip(&after) {
                if before != after {
                    differ += 1;
                    println!("capture {}, {name}: {before} became {after}", number + 1);
                }
            }
            let estimates = known.facts.nodes.iter().zip(&of_query.facts.nodes);
            for (before, after) in estimates {
                expected += 1;
                otherwise += u64::from(before.estimated != after.estimated);
            }
        }
    }
    println!("{differ} of {compared} facts differ from those of the first capture");
    println!("{unsteady} captures found no two executions alike");
    println!(
        "{otherwise} of {expected} expectations of the planner differ (samples of large tables)"
    );
    match differ {
        0 => Ok(()),
        _ => Err("facts are not the same each time".into()),
    }
}
