//! What fills a database.

use crate::world::{ask, case, connect, generated, single, sql, with_server};
use pgauge::pg::server::PgServer;
use pgauge::record::Breakage;
use pgauge::run::session::{Database, NotReady, Server};
use pgauge::schedule::SeedAction;
use pgauge::source::SourceFile;

/// What the query answers in a database with this seed.
async fn seeded(server: &PgServer, actions: Vec<SeedAction>, query: &str) -> String {
    let database = server.database(&case("seed", actions)).await.unwrap();
    let (mut session, _heard) = connect(&database, "alice").await;
    let answer = ask(&mut session, query).await;
    drop(session);
    database.close().await.unwrap();
    answer
}

async fn broken(server: &PgServer, actions: Vec<SeedAction>) -> Breakage {
    match server.database(&case("broken", actions)).await {
        Err(NotReady::Broke(breakage)) => *breakage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_script_runs_statement_by_statement_and_takes_copy_data() {
    with_server(|server| async move {
        let script = "CREATE TABLE t (a int, b text);\nCOPY t FROM STDIN;\n1\tone;\n2\t\\N\n\\.\n\
            VACUUM t;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$;";
        let query = "SELECT string_agg(concat(a, b), ',' ORDER BY a) || f() FROM t";
        assert_eq!(seeded(server, vec![sql(script)], query).await, "1one;,22");
    });
}

#[test]
fn an_error_in_a_script_is_told_where_it_is() {
    with_server(|server| async move {
        let text = "SELECT 'ü';\nSELECT wrong;";
        let breakage = broken(server, vec![sql(text)]).await;
        assert_eq!(
            (breakage.code.as_str(), breakage.path.as_deref()),
            ("seed", Some("/seed/0/sql"))
        );
        assert_eq!(breakage.error.unwrap().position, Some(20));
        let file = SeedAction::Sql {
            text: text.into(),
            file: Some(SourceFile::new("seeds/a.sql", text)),
            path: "/seed/0/file".to_owned(),
        };
        let breakage = broken(server, vec![file]).await;
        assert_eq!(breakage.detail.as_deref(), Some("at seeds/a.sql:2:8"));
        let breakage = broken(server, vec![sql("SELECT 1;\n\\gset")]).await;
        assert!(breakage.message.contains("psql"));
    });
}

#[test]
fn what_one_script_sets_does_not_reach_the_next_one() {
    with_server(|server| async move {
        let first =
            "CREATE TABLE t (a int); SELECT pg_catalog.set_config('search_path', '', false)";
        let actions = vec![sql(first), sql("INSERT INTO t VALUES (1)")];
        assert_eq!(seeded(server, actions, "SELECT count(*) FROM t").await, "1");
        let breakage = broken(server, vec![sql("BEGIN; CREATE TABLE t (a int)")]).await;
        assert_eq!(breakage.message, "the SQL leaves a transaction open");
    });
}

#[test]
fn the_first_line_of_a_csv_file_names_the_columns() {
    with_server(|server| async move {
        let csv = |text: &str| SeedAction::Csv {
            table: "users".to_owned(),
            text: text.into(),
            path: "/seed/1".to_owned(),
        };
        let table = sql("CREATE TABLE users (id int, \"Mail\" text, note text DEFAULT 'd')");
        let rows = "Mail,ID\n\"a\"\"b@x\",1\n,2\n";
        let query = "SELECT string_agg(concat(id, \"Mail\", note), ',' ORDER BY id) FROM users";
        let actions = vec![table.clone(), csv(rows)];
        assert_eq!(seeded(server, actions, query).await, "1a\"b@xd,2d");
        let breakage = broken(server, vec![table.clone(), csv("id,mial\n")]).await;
        assert_eq!(
            breakage.message,
            "the table \"users\" has no column \"mial\""
        );
        let breakage = broken(server, vec![table, csv("id\nx\n")]).await;
        assert!(breakage.error.unwrap().context.unwrap().contains("line 2"));
    });
}

#[test]
fn every_type_of_generated_value_arrives_as_it_was() {
    with_server(|server| async move {
        let table = sql(
            "CREATE TYPE state AS ENUM ('paid', 'open'); CREATE DOMAIN cents AS int;
             CREATE TABLE t (i2 int2, i4 cents, i8 int8, n numeric(8,2), f4 float4, f8 float8, b bool,
                 s state, v varchar(20), c char(10), u uuid, ts timestamp, tz timestamptz, d date, j jsonb)",
        );
        let columns = serde_json::json!({
            "i2": { "sequence": 1 }, "i4": { "sequence": 1 }, "i8": { "sequence": { "start": -5, "step": 5 } },
            "n": { "uniform": { "from": -5, "to": 500, "scale": 2 } },
            "f4": { "gaussian": { "mean": 0, "stddev": 1, "scale": 3 } }, "f8": { "sequence": 1 },
            "b": { "bool": "50%" }, "s": { "choice": ["paid", "open", null] },
            "v": { "text": { "length": [1, 20] } }, "c": "abc", "u": { "uuid": {} },
            "ts": { "timestamp": { "from": "2024-01-01", "to": "2024-12-31" } },
            "tz": { "timestamp": { "from": "2024-01-01", "to": "2024-12-31" } },
            "d": { "timestamp": { "from": "1999-01-01", "to": "2024-12-31" } },
            "j": { "choice": [{ "a": 1 }] }
        });
        let query = "SELECT concat_ws('|', count(*), count(DISTINCT u), min(i8), max(f8), bool_and(n BETWEEN -5 AND 500), \
            count(DISTINCT s), bool_and(tz BETWEEN '2024-01-01Z' AND '2024-12-31Z'), min(j::text), \
            max(length(c)), min(extract(year FROM d))) FROM t";
        let answer = seeded(
            server,
            vec![table.clone(), generated("t", 2000, columns.clone())],
            query,
        )
        .await;
        assert_eq!(answer, "2000|2000|-5|2000|t|2|t|{\"a\": 1}|3|1999");
        // With a column that has no binary encoder the same rows go as text.
        let more = sql("ALTER TABLE t ADD ip inet");
        let mut columns = columns;
        columns["ip"] = serde_json::json!({ "choice": ["10.0.0.1"] });
        let sum = "SELECT md5(string_agg(t::text, ',' ORDER BY i2)) FROM \
            (SELECT i2,i4,i8,n,f4,f8,b,s,v,c,u,ts,tz,d,j FROM t) t";
        let binary = seeded(
            server,
            vec![
                table.clone(),
                generated("t", 500, columns_without(&columns, "ip")),
            ],
            sum,
        )
        .await;
        let text = seeded(server, vec![table, more, generated("t", 500, columns)], sum).await;
        assert_eq!(binary, text);
    });
}

fn columns_without(columns: &serde_json::Value, name: &str) -> serde_json::Value {
    let mut columns = columns.clone();
    columns.as_object_mut().unwrap().shift_remove(name);
    columns
}

#[test]
fn a_value_of_another_type_is_read_by_the_server() {
    with_server(|server| async move {
        let table = sql("CREATE TABLE t (a int, b date)");
        let columns = serde_json::json!({ "a": { "choice": ["7"] }, "b": "2024-02-29" });
        let actions = vec![table.clone(), generated("t", 10, columns)];
        assert_eq!(
            seeded(server, actions, "SELECT sum(a) || max(b)::text FROM t").await,
            "702024-02-29"
        );
        let columns = serde_json::json!({ "a": "seven" });
        let breakage = broken(server, vec![table.clone(), generated("t", 10, columns)]).await;
        assert_eq!(breakage.error.unwrap().code, "22P02");
        let missing = generated("tt", 1, serde_json::json!({ "a": 1 }));
        let breakage = broken(server, vec![table, missing]).await;
        assert_eq!(breakage.message, "the table \"tt\" does not exist");
    });
}

#[test]
fn rows_come_to_those_that_are_there_and_to_tables_that_others_refer_to() {
    with_server(|server| async move {
        let tables = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (0); \
            CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (b int REFERENCES b); \
            CREATE TABLE d (id int) PARTITION BY RANGE (id); \
            CREATE TABLE d1 PARTITION OF d FOR VALUES FROM (0) TO (100)";
        let ids = serde_json::json!({ "id": { "sequence": 1 } });
        let mut actions = vec![sql(tables)];
        actions.extend(["a", "b", "d"].map(|table| generated(table, 5, ids.clone())));
        let query = "SELECT concat((SELECT count(*) FROM a), (SELECT count(*) FROM b), \
            (SELECT count(*) FROM d1))";
        assert_eq!(seeded(server, actions, query).await, "655");
    });
}

#[test]
fn the_tables_of_pgbench_have_its_rows() {
    with_server(|server| async move {
        let actions = vec![SeedAction::Pgbench {
            scale: 1,
            path: "/seed/0".to_owned(),
        }];
        let query = "SELECT concat_ws('|', (SELECT count(*) FROM pgbench_accounts WHERE bid = 1), \
            (SELECT max(tid) FROM pgbench_tellers), (SELECT count(*) FROM pgbench_branches), \
            (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text ~ '^pgbench'))";
        assert_eq!(seeded(server, actions, query).await, "100000|10|1|3");
    });
}

#[test]
fn a_seeded_database_is_vacuumed_analyzed_and_cloned_once_per_case() {
    with_server(|server| async move {
        let plan = case(
            "clone",
            vec![sql(
                "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g",
            )],
        );
        let (one, other) = tokio::join!(server.database(&plan), server.database(&plan));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.name(), other.name());
        let (mut session, _heard) = connect(&one, "alice").await;
        let state = "SELECT reltuples || (SELECT ' ' || count(*) FROM pg_stats WHERE tablename = 't') \
            FROM pg_class WHERE relname = 't'";
        assert_eq!(ask(&mut session, state).await, "1000 1");
        single(&mut session, "DROP TABLE t", &[]).await;
        let (mut session_of_other, _heard) = connect(&other, "alice").await;
        assert_eq!(
            ask(&mut session_of_other, "SELECT count(*) FROM t").await,
            "1000"
        );
        let (gone, name) = (one.name().to_owned(), other.name().to_owned());
        drop(session);
        one.close().await.unwrap();
        let left = format!(
            "SELECT string_agg(datname, '') FROM pg_database WHERE datname IN ('{gone}', '{name}')"
        );
        assert_eq!(ask(&mut session_of_other, &left).await, name);
        drop(session_of_other);
        other.close().await.unwrap();
    });
}
