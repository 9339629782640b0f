//! Which databases are used again? Those that a case left as they were, and no others.

use crate::world::{ask, batch, case, connect, with_server};
use pgauge::{
    run::session::{Database, Server},
    schedule::Case,
    spec::scenario::Preset,
};
use std::collections::HashSet;

/// More cases than it ever takes until a database comes again: it is looked at beside them.
const MOST: u32 = 1000;

fn of_isolationtester(name: &str) -> Case {
    let mut case = case(name, Vec::new());
    case.database.preset = Some(Preset::Isolationtester);
    case
}

#[test]
fn a_database_is_used_again_only_if_it_was_left_as_it_was() {
    with_server(|server| async move {
        let changed = server.database(&of_isolationtester("changes")).await;
        let changed = changed.unwrap();
        let altered = changed.name().to_owned();
        let mut session = connect(&changed, "one").await.0;
        batch(&mut session, "CREATE TABLE stays (id int)").await;
        drop(session);
        changed.close().await.unwrap();

        let mut known = HashSet::new();
        let again = 'used: {
            for _ in 0..MOST {
                let next = server.database(&of_isolationtester("tidies up")).await;
                let next = next.unwrap();
                let mut session = connect(&next, "one").await.0;
                let there = ask(
                    &mut session,
                    "SELECT pg_catalog.to_regclass('public.stays') IS NOT NULL",
                );
                assert_eq!(there.await, "f", "{} was changed", next.name());
                batch(&mut session, "CREATE TABLE goes (id int); DROP TABLE goes").await;
                drop(session);
                let name = next.name().to_owned();
                next.close().await.unwrap();
                assert_ne!(name, altered);
                if !known.insert(name) {
                    break 'used true;
                }
            }
            false
        };
        assert!(again, "none of {MOST} databases was used again");
    });
}
