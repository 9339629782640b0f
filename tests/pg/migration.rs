//! The trace of a migration against an independent truth: a second session that tries every mode of lock while the
//! statement's transaction is held open, and the modes that PostgreSQL's manual names.

use crate::world::{batch, case, connect, database, sql, with_server};
use pgauge::pg::server::PgServer;
use pgauge::record::{LockMode, LockSight, StatementTrace, TransactionScope};
use pgauge::run::session::{Database, Server, Tracer};
use std::collections::BTreeSet;

use LockMode::*;

const SEED: &str = "\
CREATE TABLE u (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b text, n integer NOT NULL);
INSERT INTO u SELECT generate_series(1, 100);
INSERT INTO t SELECT i, i, 'text ' || i, i FROM generate_series(1, 100) AS i;
CREATE INDEX t_b ON t (b);
ALTER TABLE t ADD CONSTRAINT t_checked CHECK (a > 0) NOT VALID;
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (n) REFERENCES u NOT VALID;
CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t_noticed BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION noticed();
CREATE MATERIALIZED VIEW m AS SELECT id FROM t";

/// Statements with the strongest lock on each table that the manual names: ALTER TABLE, CREATE INDEX and the others on
/// their own pages, the rest in \"Explicit Locking\".
const STATEMENTS: &[(&str, &[(&str, LockMode)])] = &[
    ("CREATE INDEX ON t (a)", &[("t", Share)]),
    ("CREATE UNIQUE INDEX ON t (n)", &[("t", Share)]),
    ("DROP INDEX t_b", &[("t", AccessExclusive)]),
    ("REINDEX TABLE t", &[("t", Share)]),
    (
        "ALTER TABLE t ADD COLUMN c integer",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ADD COLUMN c integer DEFAULT 1",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
        &[("t", AccessExclusive)],
    ),
    ("ALTER TABLE t DROP COLUMN b", &[("t", AccessExclusive)]),
    (
        "ALTER TABLE t ALTER COLUMN a TYPE bigint",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ALTER COLUMN n DROP NOT NULL",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ALTER COLUMN b SET STATISTICS 200",
        &[("t", ShareUpdateExclusive)],
    ),
    (
        "ALTER TABLE t SET (fillfactor = 50)",
        &[("t", ShareUpdateExclusive)],
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0)",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0) NOT VALID",
        &[("t", AccessExclusive)],
    ),
    (
        "ALTER TABLE t VALIDATE CONSTRAINT t_checked",
        &[("t", ShareUpdateExclusive)],
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
        &[("t", ShareRowExclusive), ("u", ShareRowExclusive)],
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
        &[("t", ShareRowExclusive), ("u", ShareRowExclusive)],
    ),
    (
        "ALTER TABLE t VALIDATE CONSTRAINT t_u",
        &[("t", ShareUpdateExclusive), ("u", RowShare)],
    ),
    (
        "ALTER TABLE t RENAME COLUMN b TO bb",
        &[("t", AccessExclusive)],
    ),
    ("ALTER TABLE t RENAME TO tt", &[("t", AccessExclusive)]),
    (
        "CREATE TRIGGER again BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noticed()",
        &[("t", ShareRowExclusive)],
    ),
    (
        "ALTER TABLE t DISABLE TRIGGER t_noticed",
        &[("t", ShareRowExclusive)],
    ),
    (
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        &[("t", AccessExclusive)],
    ),
    (
        "CREATE POLICY p ON t USING (true)",
        &[("t", AccessExclusive)],
    ),
    (
        "CREATE STATISTICS s ON a, n FROM t",
        &[("t", ShareUpdateExclusive)],
    ),
    ("COMMENT ON TABLE t IS 'x'", &[("t", ShareUpdateExclusive)]),
    ("CLUSTER t USING t_pkey", &[("t", AccessExclusive)]),
    ("TRUNCATE t", &[("t", AccessExclusive)]),
    ("ALTER TABLE t SET UNLOGGED", &[("t", AccessExclusive)]),
    ("CREATE VIEW v AS SELECT * FROM t", &[("t", AccessShare)]),
    (
        "REFRESH MATERIALIZED VIEW m",
        &[("m", AccessExclusive), ("t", AccessShare)],
    ),
    ("DROP TABLE t CASCADE", &[("t", AccessExclusive)]),
    ("UPDATE t SET b = 'x'", &[("t", RowExclusive)]),
    ("SELECT * FROM t FOR UPDATE", &[("t", RowShare)]),
];

/// The modes that the trace holds against others on a table.
fn refused_by_trace(trace: &StatementTrace, table: &str) -> BTreeSet<LockMode> {
    let own = trace.locks.iter().filter(|lock| lock.relation.is(table));
    own.flat_map(|lock| lock.mode.conflicts().iter().copied())
        .collect()
}

fn strongest(trace: &StatementTrace, table: &str) -> Option<LockMode> {
    let names = |lock: &&pgauge::record::RelationLock| {
        // A renamed table is told by its new name.
        lock.relation.is(table) || (table == "t" && lock.relation.is("tt"))
    };
    trace.locks.iter().filter(names).map(|lock| lock.mode).max()
}

/// The modes that a session is really refused while another one holds the statement's transaction open.
async fn refused(server: &'static PgServer, statement: &str, table: &str) -> BTreeSet<LockMode> {
    let database = server
        .database(&case("locks held", vec![sql(SEED)]))
        .await
        .unwrap();
    let (mut holder, _heard) = connect(&database, "holder").await;
    let (mut tries, _heard) = connect(&database, "tries").await;
    assert_eq!(batch(&mut holder, "BEGIN").await.error, None);
    assert_eq!(
        batch(&mut holder, statement).await.error,
        None,
        "{statement}"
    );
    let mut refused = BTreeSet::new();
    for mode in LockMode::ALL {
        batch(&mut tries, "BEGIN").await;
        let lock = format!("LOCK TABLE {table} IN {} MODE NOWAIT", mode.sql());
        match batch(&mut tries, &lock).await.error {
            None => {}
            Some(error) if error.code == "55P03" => {
                refused.insert(mode);
            }
            // A materialized view cannot be locked by hand.
            Some(error) => panic!("{lock}: {error:?}"),
        }
        batch(&mut tries, "ROLLBACK").await;
    }
    drop((holder, tries));
    database.close().await.unwrap();
    refused
}

async fn trace(server: &'static PgServer, statement: &str) -> StatementTrace {
    let database = server
        .database(&case("locks traced", vec![sql(SEED)]))
        .await
        .unwrap();
    let mut tracer = database.tracer(&[]).await.unwrap();
    let trace = tracer.run(statement).await.unwrap();
    drop(tracer);
    database.close().await.unwrap();
    trace
}

#[test]
fn every_lock_of_a_statement_is_seen_as_others_feel_it_and_as_the_manual_says() {
    with_server(|server| async move {
        let mut wrong = Vec::new();
        for (statement, manual) in STATEMENTS {
            let trace = trace(server, statement).await;
            assert_eq!(trace.error, None, "{statement}");
            assert_eq!(trace.scope, TransactionScope::Own, "{statement}");
            assert_eq!(trace.seen, LockSight::Complete, "{statement}");
            for (table, mode) in *manual {
                let seen = strongest(&trace, table);
                if seen != Some(*mode) {
                    wrong.push(format!(
                        "{statement}: {table} has {seen:?}, the manual says {mode}"
                    ));
                }
                // LOCK TABLE takes tables only, and a renamed one has two names.
                if *table == "m" || statement.contains("RENAME TO") {
                    continue;
                }
                let felt = refused(server, statement, table).await;
                let told = refused_by_trace(&trace, table);
                if felt != told {
                    wrong.push(format!(
                        "{statement}: {table} refuses {felt:?}, the trace says {told:?}"
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(STATEMENTS.len() >= 30);
    });
}

#[test]
fn what_cannot_run_in_a_transaction_is_sampled_and_said_to_be() {
    with_server(|server| async move {
        for statement in [
            "CREATE INDEX CONCURRENTLY ON t (a)",
            "VACUUM t",
            "DO $$ BEGIN UPDATE t SET b = 'x'; COMMIT; END $$",
        ] {
            let trace = trace(server, statement).await;
            assert_eq!(trace.error, None, "{statement}");
            assert_eq!(trace.scope, TransactionScope::Outside, "{statement}");
            assert!(
                matches!(trace.seen, LockSight::Sampled { .. }),
                "{statement}"
            );
            // However short it is, what waits for other snapshots is seen.
            if statement.contains("CONCURRENTLY") {
                assert_eq!(strongest(&trace, "t"), Some(ShareUpdateExclusive));
            }
        }
    });
}

#[test]
fn rewrites_scans_dead_rows_and_timeouts_are_told() {
    with_server(|server| async move {
        let database = database(server, "costs", SEED).await;
        let mut tracer = database.tracer(&[]).await.unwrap();
        let names = |names: &[pgauge::record::RelationName]| -> Vec<String> {
            names.iter().map(ToString::to_string).collect()
        };
        let added = tracer
            .run("ALTER TABLE t ADD COLUMN c integer DEFAULT 1")
            .await
            .unwrap();
        assert_eq!((names(&added.rewrites), added.scans.len()), (vec![], 0));
        let wider = tracer
            .run("ALTER TABLE t ALTER COLUMN a TYPE bigint")
            .await
            .unwrap();
        assert_eq!(names(&wider.rewrites), ["t", "t_b", "t_pkey"]);
        assert!(wider.costs.wal > 1_000, "{:?}", wider.costs);
        assert_eq!(wider.lock_timeout.0, 0);
        tracer.run("SET lock_timeout = '2s'").await.unwrap();
        let required = tracer
            .run("ALTER TABLE t ALTER COLUMN b SET NOT NULL")
            .await
            .unwrap();
        assert_eq!(required.lock_timeout.0, 2_000_000);
        assert_eq!(
            (required.scans[0].table.to_string(), required.scans[0].rows),
            ("t".to_owned(), 100)
        );
        let updated = tracer
            .run("UPDATE t SET b = 'y' WHERE id <= 40")
            .await
            .unwrap();
        assert_eq!(updated.costs.dead_rows, 40);
        let failed = tracer
            .run("ALTER TABLE t ADD CONSTRAINT k CHECK (id > 50)")
            .await
            .unwrap();
        assert_eq!(failed.error.unwrap().code, "23514");
        drop(tracer);
        database.close().await.unwrap();
    });
}
