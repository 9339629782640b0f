//! Who waits for whom.

use crate::world::{ask, connect, database, single, with_server};
use pgauge::pg::locks::PgLockWatch;
use pgauge::run::session::{Blocked, Database, LockWatch, Session, WaitFacts};

/// Asks until the session waits.
async fn until_blocked(watch: &mut PgLockWatch, pid: i32, all: &[i32]) -> (Blocked, WaitFacts) {
    loop {
        let blocked = watch.blocked(all, all).await.unwrap();
        let facts = watch.wait_facts(&[pid]).await.unwrap();
        if let ([blocked], [facts]) = (&blocked[..], &facts[..]) {
            assert_eq!((blocked.pid, facts.pid), (pid, pid));
            return (blocked.clone(), facts.clone());
        }
    }
}

#[test]
fn a_row_lock_names_its_holder_and_its_table() {
    with_server(|server| async move {
        let seed = "CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1)";
        let database = database(server, "row lock", seed).await;
        let (mut alice, _heard) = connect(&database, "alice").await;
        let (mut bob, _heard) = connect(&database, "bob").await;
        let mut watch = database.watch().await.unwrap();
        let all = [alice.pid(), bob.pid()];
        single(&mut alice, "BEGIN", &[]).await;
        single(&mut alice, "UPDATE accounts SET id = 2", &[]).await;
        assert_eq!(watch.blocked(&all, &all).await.unwrap(), []);
        let waiting = single(&mut bob, "UPDATE accounts SET id = 3", &[]);
        let watching = async {
            let (blocked, facts) = until_blocked(&mut watch, all[1], &all).await;
            assert_eq!(blocked.by, [all[0]]);
            assert_eq!(
                (facts.lock.kind.as_str(), facts.lock.mode.as_str()),
                ("transactionid", "ShareLock")
            );
            assert_eq!(facts.lock.relation.as_deref(), Some("accounts"));
            single(&mut alice, "COMMIT", &[]).await;
        };
        let (reply, ()) = tokio::join!(waiting, watching);
        assert_eq!(reply.row_count(), 1);
        assert_eq!(watch.wait_facts(&all).await.unwrap(), []);
        drop((alice, bob, watch));
        database.close().await.unwrap();
    });
}

#[test]
fn a_wait_for_somebody_who_is_not_asked_about_is_no_wait() {
    with_server(|server| async move {
        let database = database(server, "stranger", "CREATE TABLE t (id int)").await;
        let (mut alice, _heard) = connect(&database, "alice").await;
        let (mut bob, _heard) = connect(&database, "bob").await;
        let mut watch = database.watch().await.unwrap();
        let (alice_pid, bob_pid) = (alice.pid(), bob.pid());
        single(&mut alice, "BEGIN", &[]).await;
        single(&mut alice, "LOCK t", &[]).await;
        let waiting = single(&mut bob, "SELECT * FROM t", &[]);
        let watching = async {
            let (_, facts) = until_blocked(&mut watch, bob_pid, &[alice_pid, bob_pid]).await;
            assert_eq!(
                (facts.lock.kind.as_str(), facts.lock.relation.as_deref()),
                ("relation", Some("t"))
            );
            assert!(facts.for_.is_some());
            assert_eq!(watch.blocked(&[bob_pid], &[bob_pid]).await.unwrap(), []);
            single(&mut alice, "ROLLBACK", &[]).await;
        };
        tokio::join!(waiting, watching);
        drop((alice, bob, watch));
        database.close().await.unwrap();
    });
}

#[test]
fn a_safe_snapshot_is_waited_for() {
    with_server(|server| async move {
        let database = database(server, "safe snapshot", "CREATE TABLE t (id int)").await;
        let (mut alice, _heard) = connect(&database, "alice").await;
        let (mut bob, _heard) = connect(&database, "bob").await;
        let mut watch = database.watch().await.unwrap();
        let all = [alice.pid(), bob.pid()];
        single(&mut alice, "BEGIN ISOLATION LEVEL SERIALIZABLE", &[]).await;
        single(&mut alice, "INSERT INTO t VALUES (1)", &[]).await;
        single(
            &mut bob,
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
            &[],
        )
        .await;
        let waiting = ask(&mut bob, "SELECT count(*) FROM t");
        let watching = async {
            let (blocked, facts) = until_blocked(&mut watch, all[1], &all).await;
            assert_eq!(blocked.by, [all[0]]);
            assert_eq!(facts.lock.kind, "safe snapshot");
            single(&mut alice, "COMMIT", &[]).await;
        };
        tokio::join!(waiting, watching);
        drop((alice, bob, watch));
        database.close().await.unwrap();
    });
}

#[test]
fn whoever_looks_at_a_database_leaves_before_it_is_copied() {
    with_server(|server| async move {
        let database = database(server, "copied", "CREATE TABLE t (id int)").await;
        let mut watch = database.watch().await.unwrap();
        assert_eq!(watch.queue().await.unwrap().len(), 0);
        drop(watch);
        // Who stays is waited for, ended in the end, and lost to whoever looks again.
        let copy = database.fork().await.unwrap();
        let mut again = database.watch().await.unwrap();
        assert_eq!(again.queue().await.unwrap().len(), 0);
        drop(again);
        copy.close().await.unwrap();
        database.close().await.unwrap();
    });
}
