//! What goes to the server and what comes back.

use crate::world::{ask, batch, connect, connect_with, database, single, with_server};
use pgauge::record::{Value, same};
use pgauge::run::session::{Canceller, Database, Message, Session, SessionNote};
use pgauge::schedule::StatementForm;

#[test]
fn parameters_go_as_text_and_rows_come_back_as_values() {
    with_server(|server| async move {
        let database = database(server, "values", "CREATE TABLE t (id int, price numeric)").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let params = [Value::Int(1), Value::Text("1.50".into())];
        let reply = single(&mut session, "INSERT INTO t VALUES ($1, $2)", &params).await;
        assert_eq!(
            (reply.row_count(), reply.last().unwrap().command.as_ref()),
            (1, "INSERT")
        );
        for _ in 0..2 {
            let reply = single(&mut session, "SELECT * FROM t WHERE id = $1", &params[..1]).await;
            assert_eq!(reply.rows()[0][1].describe(), "numeric <1.50>");
            assert_eq!(reply.last().unwrap().columns[1].type_name, "numeric");
            let reply = single(
                &mut session,
                "SELECT * FROM t WHERE id = $1",
                &[Value::Null],
            )
            .await;
            assert_eq!(
                (reply.row_count(), reply.last().unwrap().columns.len()),
                (0, 2)
            );
        }
        let reply = single(&mut session, "UPDATE t SET id = 2 RETURNING id", &[]).await;
        assert_eq!((reply.row_count(), reply.rows().len()), (1, 1));
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn all_rows_are_counted_and_only_some_are_kept() {
    with_server(|server| async move {
        let database = database(server, "counting", "").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        for form in [StatementForm::Single, StatementForm::Batch] {
            let message = Message {
                sql: "SELECT * FROM generate_series(1, 10000)",
                params: &[],
                form,
                keep_rows: 3,
            };
            let (reply, timing) = session.execute(message).await;
            assert_eq!((reply.row_count(), reply.rows().len()), (10_000, 3));
            assert!(timing.first_row.is_some_and(|first| first <= timing.total));
        }
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn an_error_has_all_its_fields_and_the_session_goes_on() {
    with_server(|server| async move {
        let seed = "CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0))";
        let database = database(server, "errors", seed).await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let error = single(&mut session, "INSERT INTO t VALUES (0)", &[])
            .await
            .error
            .unwrap();
        assert_eq!(
            (error.severity.as_str(), error.code.as_str()),
            ("ERROR", "23514")
        );
        assert_eq!(error.constraint.as_deref(), Some("positive"));
        let error = single(&mut session, "SELECT nothing", &[])
            .await
            .error
            .unwrap();
        assert_eq!(error.position, Some(8));
        let error = single(&mut session, "SELECT $1::int", &[])
            .await
            .error
            .unwrap();
        assert_eq!(error.code, "08P01");
        assert!(!error.ends_session());
        assert_eq!(ask(&mut session, "SELECT 1").await, "1");
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn a_batch_is_one_transaction_and_keeps_what_came_before_its_error() {
    with_server(|server| async move {
        let database = database(server, "batch", "CREATE TABLE t (id int)").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let reply = batch(
            &mut session,
            "INSERT INTO t VALUES (1), (2); SELECT 1/0; SELECT 3",
        )
        .await;
        assert_eq!(reply.error.unwrap().code, "22012");
        assert_eq!((reply.results.len(), reply.results[0].row_count), (1, 2));
        assert_eq!(ask(&mut session, "SELECT count(*) FROM t").await, "0");
        let reply = batch(&mut session, "SELECT 1 AS a; ; UPDATE t SET id = 1;").await;
        let commands: Vec<&str> = reply.results.iter().map(|r| r.command.as_ref()).collect();
        assert_eq!(commands, ["SELECT", "UPDATE"]);
        // The driver does not tell the types of a batch.
        let one = &reply.results[0].rows[0][0];
        assert!(same(&Value::Int(1), one) && same(&Value::Text("1".into()), one));
        assert_eq!(batch(&mut session, " -- nothing").await, Default::default());
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn a_type_seen_for_the_first_time_hides_no_error_and_stops_no_large_answer() {
    with_server(|server| async move {
        let seed = "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (m mood)";
        let database = database(server, "types", seed).await;
        let (mut session, _heard) = connect(&database, "alice").await;
        single(&mut session, "BEGIN", &[]).await;
        let failing = "SELECT 'sad'::mood, 1 / (g - 3) FROM generate_series(1, 3) AS g";
        let error = single(&mut session, failing, &[]).await.error.unwrap();
        assert_eq!(error.code, "22012");
        let error = single(&mut session, "SELECT 'sad'::mood", &[])
            .await
            .error
            .unwrap();
        assert_eq!(error.code, "25P02");
        single(&mut session, "ROLLBACK", &[]).await;
        let (mut fresh, _heard) = connect(&database, "bob").await;
        let large = "SELECT 'happy'::mood, repeat('x', 1000) FROM generate_series(1, 5000)";
        assert_eq!(single(&mut fresh, large, &[]).await.row_count(), 5000);
        single(&mut fresh, "CREATE TYPE colour AS ENUM ('red')", &[]).await;
        let new = "SELECT 'red'::colour, repeat('x', 1000) FROM generate_series(1, 5000)";
        assert_eq!(single(&mut session, new, &[]).await.row_count(), 5000);
        drop((session, fresh));
        database.close().await.unwrap();
    });
}

#[test]
fn the_same_text_may_return_other_types_after_a_change_by_somebody_else() {
    with_server(|server| async move {
        let database = database(server, "changes", "CREATE TABLE t (a int)").await;
        let (mut alice, _heard) = connect(&database, "alice").await;
        let (mut bob, _heard) = connect(&database, "bob").await;
        single(&mut alice, "SELECT * FROM t", &[]).await;
        single(&mut bob, "CREATE TYPE mood AS ENUM ('sad')", &[]).await;
        single(&mut bob, "ALTER TABLE t ADD m mood, ADD pad text", &[]).await;
        let fill =
            "INSERT INTO t SELECT g, 'sad', repeat('x', 1000) FROM generate_series(1, 5000) g";
        single(&mut bob, fill, &[]).await;
        let reply = single(&mut alice, "SELECT * FROM t", &[]).await;
        assert_eq!(
            (reply.row_count(), reply.last().unwrap().columns.len()),
            (5000, 3)
        );
        drop((alice, bob));
        database.close().await.unwrap();
    });
}

#[test]
fn copy_through_the_client_is_refused_before_it_hangs() {
    with_server(|server| async move {
        let database = database(server, "copy", "CREATE TABLE t (a int)").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
            let error = single(&mut session, sql, &[]).await.error.unwrap();
            assert_eq!(error.code, "0A000");
        }
        let error = batch(&mut session, "SELECT '\0'").await.error.unwrap();
        assert_eq!(error.code, "22021");
        assert_eq!(ask(&mut session, "SELECT 1").await, "1");
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn notes_are_heard_before_the_answer_that_follows_them() {
    with_server(|server| async move {
        let database = database(server, "notes", "").await;
        let (mut session, mut heard) = connect(&database, "alice").await;
        batch(
            &mut session,
            "LISTEN news; DO $$ BEGIN RAISE WARNING 'careful'; END $$",
        )
        .await;
        let note = heard.try_recv().unwrap();
        assert!(matches!(note, SessionNote::Notice { severity, message, .. }
            if severity == "WARNING" && message == "careful"));
        single(&mut session, "NOTIFY news, 'hello'", &[]).await;
        let note = heard.try_recv().unwrap();
        assert!(
            matches!(note, SessionNote::Notified { payload, from_pid, .. }
            if payload == "hello" && from_pid == session.pid())
        );
        drop(session);
        database.close().await.unwrap();
    });
}

#[test]
fn a_session_taken_again_has_nothing_of_the_one_before() {
    with_server(|server| async move {
        let database = database(server, "reuse", "CREATE TABLE t (a int)").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let pid = session.pid();
        batch(
            &mut session,
            "PREPARE p AS SELECT 1; CREATE TEMP TABLE gone (a int); SET work_mem = '1MB'; \
             SELECT pg_advisory_lock(1); LISTEN news",
        )
        .await;
        single(&mut session, "BEGIN", &[]).await;
        single(&mut session, "LOCK t", &[]).await;
        drop(session);
        let (mut other, _heard) = connect(&database, "bob").await;
        // What the first one locked is free although nobody took its connection again.
        assert_eq!(ask(&mut other, "SELECT count(*) FROM t").await, "0");
        let (mut again, mut heard) = connect(&database, "alice").await;
        assert_eq!(again.pid(), pid);
        let left = "SELECT (SELECT count(*) FROM pg_prepared_statements WHERE from_sql)
            + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            + (SELECT count(*) FROM pg_listening_channels())
            + (SELECT count(*) FROM pg_class WHERE relname = 'gone')
            + (current_setting('work_mem') = '1MB')::int";
        assert_eq!(ask(&mut again, left).await, "0");
        assert!(heard.try_recv().is_err());
        drop((again, other));
        database.close().await.unwrap();
    });
}

#[test]
fn settings_and_names_travel_with_the_connection() {
    with_server(|server| async move {
        let database = database(server, "settings", "").await;
        let settings = [
            ("search_path", "\"a b\", \"\\\""),
            ("deadlock_timeout", "10ms"),
            ("app.user", "x"),
        ];
        let (mut session, _heard) = connect_with(&database, "alice", &settings).await;
        let shown = "SELECT concat_ws('|', current_setting('search_path'), \
            current_setting('deadlock_timeout'), current_setting('app.user'), \
            current_setting('application_name'), current_user)";
        assert_eq!(
            ask(&mut session, shown).await,
            "\"a b\", \"\\\"|10ms|x|pgauge/settings/alice|pgauge"
        );
        let is_superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        assert_eq!(ask(&mut session, is_superuser).await, "f");
        let (mut plain, _heard) = connect(&database, "bob").await;
        assert_eq!(ask(&mut plain, "SELECT session_user").await, "pgauge");
        drop((session, plain));
        database.close().await.unwrap();
    });
}

#[test]
fn a_statement_is_cancelled_from_outside() {
    with_server(|server| async move {
        let database = database(server, "cancel", "").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let (mut other, _heard) = connect(&database, "bob").await;
        let canceller = session.canceller();
        let cancel = async {
            let busy = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            while ask(&mut other, busy).await == "0" {}
            canceller.cancel().await;
        };
        let (reply, ()) = tokio::join!(single(&mut session, "SELECT pg_sleep(60)", &[]), cancel);
        assert_eq!(reply.error.unwrap().code, "57014");
        assert_eq!(ask(&mut session, "SELECT 1").await, "1");
        drop((session, other));
        database.close().await.unwrap();
    });
}

#[test]
fn a_session_that_was_terminated_says_so_and_a_new_one_takes_its_place() {
    with_server(|server| async move {
        let database = database(server, "terminated", "").await;
        let (mut session, _heard) = connect(&database, "alice").await;
        let end = "SELECT pg_terminate_backend(pg_backend_pid())";
        let error = single(&mut session, end, &[]).await.error.unwrap();
        assert_eq!((error.code.as_str(), error.ends_session()), ("57P01", true));
        let error = single(&mut session, "SELECT 1", &[]).await.error.unwrap();
        assert!(error.ends_session());
        drop(session);
        let (mut session, _heard) = connect(&database, "alice").await;
        assert_eq!(ask(&mut session, "SELECT 1").await, "1");
        drop(session);
        database.close().await.unwrap();
    });
}
