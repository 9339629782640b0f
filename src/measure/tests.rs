use super::testing::*;
use super::*;
use crate::record::{ClientEnd, EventKind, Micros, Reply, SentBy, StepEnd, Value};
use crate::schedule::Case;
use std::time::Duration;

const PAGE: &str = "
name: A page
clients:
  page:
    steps:
      - { step: list, sql: SELECT user_id FROM orders }
      - { step: owner, sql: SELECT name FROM users WHERE id = $1, for_each: list }
";

const LOOKUP: &str = "SELECT name FROM users WHERE id = $1";

fn for_each(row: u32) -> SentBy {
    SentBy::ForEach {
        of: "list".to_owned(),
        row,
    }
}

fn by_hook(_: u32) -> SentBy {
    SentBy::Hook
}

fn list(log: &mut LogBuilder, reply: Reply) {
    log.step("page.list", None, "SELECT user_id FROM orders", reply);
}

/// A list whose rows nobody kept.
fn uncounted(rows: u64) -> Reply {
    let mut reply = ids(0..5);
    reply.results[0].row_count = rows;
    reply
}

fn found(case: &Case, log: LogBuilder) -> Vec<NPlusOne> {
    measure(case, &log.log).repetitions.n_plus_one
}

#[test]
fn a_statement_for_each_row_is_found_with_parent_multiplier_and_advice() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, ids(0..100));
    // A hundred orders of sixty users.
    let users: Vec<i64> = (0..100).map(|order| order % 60).collect();
    log.looped("page.owner", for_each, LOOKUP, &users);
    let measured = measure(&case, &log.log);
    let [finding] = &measured.repetitions.n_plus_one[..] else {
        panic!("{:?}", measured.repetitions)
    };
    assert_eq!(
        (finding.multiplier, finding.distinct, finding.parent_rows),
        (100, 60, 100)
    );
    assert_eq!(finding.parent.step.as_deref(), Some("list"));
    assert_eq!(finding.repeated.step.as_deref(), Some("owner"));
    assert_eq!(
        finding.repeated.fingerprint,
        "select name from users where id = $1"
    );
    assert_eq!(
        finding.advice,
        Advice {
            statement: Some("SELECT id, name FROM users WHERE id = ANY($1)".to_owned()),
            table: Some("users".to_owned()),
            parent_table: Some("orders".to_owned()),
        }
    );
    assert_eq!(measured.statements.passes[0].count, 101);
    assert_eq!(measured.repetitions.alike, []);
}

#[test]
fn a_hook_that_loops_over_sql_is_found_by_the_number_of_rows() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, uncounted(50));
    log.looped(
        "page.owner",
        by_hook,
        LOOKUP,
        &(1000..1050).collect::<Vec<_>>(),
    );
    let finding = &found(&case, log)[0];
    assert!(finding.repeated.by_hook);
    assert_eq!(finding.multiplier, 50);
}

#[test]
fn values_spliced_into_the_text_are_values_too() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, ids(0..4));
    let mut running = log.launch("page.owner", None);
    for user in 0..4 {
        let sql = format!("SELECT name FROM users WHERE id = {user}");
        log.send("page", &mut running, &sql, &[], SentBy::Hook);
        log.reply("page", &running, ids([1]));
    }
    let finding = &found(&case, log)[0];
    assert_eq!((finding.multiplier, finding.distinct), (4, 4));
    assert_eq!(
        finding.advice.statement.as_deref(),
        Some("SELECT id, name FROM users WHERE id = ANY($1)")
    );
}

#[test]
fn some_rows_may_lack_what_is_looked_up() {
    let case = case(PAGE);
    let looked_up = |statements: i64| {
        let mut log = LogBuilder::of(&case);
        list(&mut log, uncounted(20));
        log.looped(
            "page.owner",
            by_hook,
            LOOKUP,
            &(100..100 + statements).collect::<Vec<_>>(),
        );
        found(&case, log).len()
    };
    assert_eq!(looked_up(16), 1);
    assert_eq!(looked_up(15), 0);
    assert_eq!(looked_up(21), 0);
}

#[test]
fn two_statements_count_only_where_their_values_come_from_the_rows() {
    let case = case(PAGE);
    let looked_up = |reply: Reply| {
        let mut log = LogBuilder::of(&case);
        list(&mut log, reply);
        log.looped("page.owner", by_hook, LOOKUP, &[8, 9]);
        found(&case, log).len()
    };
    assert_eq!(looked_up(ids([8, 9])), 1);
    assert_eq!(looked_up(ids([1, 2])), 0);
    assert_eq!(looked_up(ids(0..100)), 0);
}

#[test]
fn loops_in_loops_have_all_rows_of_the_outer_one_as_parent() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, ids([1, 2, 3]));
    let mut running = log.launch("page.owner", None);
    for order in 1..=3 {
        let items = "SELECT product_id FROM items WHERE order_id = $1";
        log.send("page", &mut running, items, &[order], SentBy::Hook);
        log.reply("page", &running, ids([order * 10, order * 10 + 1]));
        for product in [order * 10, order * 10 + 1] {
            let lookup = "SELECT * FROM products WHERE id = $1";
            log.send("page", &mut running, lookup, &[product], SentBy::Hook);
            log.reply("page", &running, ids([1]));
        }
    }
    let found = found(&case, log);
    let multipliers: Vec<u64> = found.iter().map(|finding| finding.multiplier).collect();
    assert_eq!(multipliers, [3, 6]);
    assert_eq!(found[1].advice.parent_table.as_deref(), Some("items"));
}

#[test]
fn one_statement_for_all_rows_is_silent_in_every_form() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, ids(0..6));
    let mut running = log.launch("page.owner", None);
    let mut send = |sql: &str, reply: Reply| {
        log.send("page", &mut running, sql, &[], SentBy::Hook);
        log.reply("page", &running, reply);
    };
    for chunk in ["0, 1", "2, 3", "4, 5"] {
        let sql = format!("SELECT name FROM users WHERE id IN ({chunk})");
        send(&sql, ids([1, 2]));
    }
    for user in 0..6 {
        send(
            &format!("UPDATE users SET seen = true WHERE id = {user}"),
            tag("UPDATE", 1),
        );
        send(
            &format!("SELECT 1 FROM users WHERE id = {user} FOR UPDATE"),
            ids([1]),
        );
    }
    let any = "SELECT name FROM users WHERE id = ANY($1)";
    for chunk in [[0, 1], [2, 3], [4, 5]] {
        let log_message = |statement| EventKind::Sent {
            statement,
            run: Some(running.run),
            client: id("page"),
            sql: any.to_owned(),
            params: vec![Value::Array(chunk.map(Value::Int).to_vec())],
            by: SentBy::Hook,
        };
        let statement = crate::record::StatementNo(900 + chunk[0] as u32);
        log.note(log_message(statement));
        log.note(EventKind::Replied {
            statement,
            client: id("page"),
            reply: ids([1, 2]),
            timing: Default::default(),
        });
    }
    let measured = measure(&case, &log.log);
    assert_eq!(measured.repetitions.n_plus_one, []);
    assert_eq!(measured.repetitions.alike, []);
    assert_eq!(measured.repetitions.reads[0], 7);
}

#[test]
fn the_same_values_again_and_again_are_another_finding() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    list(&mut log, ids(0..5));
    log.looped("page.owner", for_each, LOOKUP, &[7; 5]);
    let repetitions = measure(&case, &log.log).repetitions;
    assert_eq!(repetitions.n_plus_one, []);
    assert_eq!(repetitions.alike[0].count, 5);
}

#[test]
fn two_clients_are_two_findings_and_the_passes_of_one_are_one() {
    let case = case(&PAGE.replace("  page:\n", "  page:\n    count: 2\n"));
    let mut log = LogBuilder::of(&case);
    for client in ["page[1]", "page[2]"] {
        for iteration in 1..=2 {
            log.iteration = iteration;
            log.step(
                &format!("{client}.list"),
                None,
                "SELECT user_id FROM orders",
                ids(0..9),
            );
            let owner = format!("{client}.owner");
            log.looped(&owner, for_each, LOOKUP, &(0..9).collect::<Vec<_>>());
        }
    }
    let found = found(&case, log);
    let told: Vec<_> = found
        .iter()
        .map(|f| (f.client.to_string(), f.multiplier, f.passes))
        .collect();
    assert_eq!(
        told,
        [("page[1]".to_owned(), 9, 2), ("page[2]".to_owned(), 9, 2)]
    );
}

const DEADLOCK: &str = "
name: A deadlock
clients:
  alice:
    steps: [begin, { step: debit, sql: x }, { step: credit, sql: x }, commit]
  bob:
    settings: { deadlock_timeout: 10ms }
    retry: { errors: [deadlock_detected], tries: 3 }
    steps: [begin, { step: debit, sql: x }, { step: credit, sql: x }, commit]
order: [alice.credit, bob.credit]
";

/// Alice waits for Bob, Bob for Alice; Bob is cancelled.
fn deadlock(case: &Case, detail: Option<&str>) -> LogBuilder {
    let mut log = LogBuilder::of(case);
    log.connected("alice", 11);
    log.connected("bob", 12);
    let mut alice = log.launch("alice.credit", Some(0));
    log.send(
        "alice",
        &mut alice,
        "UPDATE accounts SET x = 1",
        &[],
        SentBy::Step,
    );
    log.waiting("alice", &alice, &[("bob", 12)]);
    let mut bob = log.launch("bob.credit", Some(1));
    log.send(
        "bob",
        &mut bob,
        "UPDATE accounts SET x = 1",
        &[],
        SentBy::Step,
    );
    log.waiting("bob", &bob, &[("alice", 11)]);
    log.goes_on("bob", &bob, 11_500);
    let mut victim = error("40P01", "deadlock detected");
    victim.error.as_mut().unwrap().detail = detail.map(str::to_owned);
    log.reply("bob", &bob, victim);
    let end = StepEnd::Error {
        code: "40P01".to_owned(),
    };
    log.complete("bob.credit", &bob, end);
    log.goes_on("alice", &alice, 14_000);
    log.reply("alice", &alice, tag("UPDATE", 1));
    log.complete("alice.credit", &alice, StepEnd::Done);
    log
}

#[test]
fn a_deadlock_is_told_with_cycle_victim_detection_and_recovery() {
    let case = case(DEADLOCK);
    let detail = "Process 12 waits for ShareLock on transaction 731; blocked by process 11.\n\
        Process 11 waits for ShareLock on transaction 732; blocked by process 12.";
    let mut log = deadlock(&case, Some(detail));
    log.retrying("bob", "40P01");
    log.attempt = 2;
    log.pass_time(20_000);
    log.step(
        "bob.credit",
        None,
        "UPDATE accounts SET x = 1",
        tag("UPDATE", 1),
    );
    log.finished("bob", ClientEnd::Done);
    let [deadlock] = &measure(&case, &log.log).deadlocks[..] else {
        panic!("one deadlock")
    };
    assert_eq!(deadlock.victim, id("bob"));
    assert_eq!(deadlock.detection, Detection::Waited(Micros(11_500)));
    assert_eq!(deadlock.deadlock_timeout, Some(Duration::from_millis(10)));
    let lock = deadlock.cycle[0].lock.as_deref();
    assert_eq!(lock, Some("ShareLock on transaction 731"));
    assert_eq!(deadlock.cycle[1].waiter.client, Some(id("alice")));
    let went_on = Some(Micros(2_000));
    assert_eq!(
        deadlock.survivors,
        [Survivor {
            client: id("alice"),
            went_on
        }]
    );
    // Completed, WaitEnded, Replied, Completed, Retrying, 20 ms, four events of the retry.
    assert_eq!(deadlock.retry, VictimRetry::Succeeded(Micros(29_000)));
    assert_eq!(deadlock.recovery(), Some(Micros(29_000)));
}

#[test]
fn the_cycle_of_a_server_that_speaks_another_language_is_read_from_the_waits() {
    let case = case(DEADLOCK);
    let log = deadlock(&case, Some("Prozess 12 wartet auf ShareLock-Sperre …"));
    let deadlock = &measure(&case, &log.log).deadlocks[0];
    let clients: Vec<_> = deadlock
        .cycle
        .iter()
        .map(|edge| edge.waiter.client.clone())
        .collect();
    assert_eq!(clients, [Some(id("bob")), Some(id("alice"))]);
    assert_eq!(deadlock.retry, VictimRetry::Failed);
    assert_eq!(deadlock.recovery(), None);
}

#[test]
fn the_parts_of_a_client_s_time_add_up() {
    let case = case(DEADLOCK);
    let log = deadlock(&case, None);
    let times = measure(&case, &log.log).times;
    let alice = times.0["alice"];
    assert_eq!(alice.pool_wait, Micros(100));
    // The wait is cut to what the message took.
    assert_eq!(alice.lock_wait, Micros(9_000));
    assert_eq!(alice.to_first_row, Micros(0));
    assert_eq!(alice.unattributed, Micros(2_000));
    assert_eq!(alice.total, Micros(11_100));
}

#[test]
fn transaction_control_is_no_statement_and_a_batch_counts_each_of_its_own() {
    let case = case(PAGE);
    let mut log = LogBuilder::of(&case);
    log.step(
        "page.list",
        None,
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        tag("BEGIN", 0),
    );
    log.step(
        "page.owner",
        None,
        "SELECT 1; BEGIN; SELECT 2; COMMIT",
        ids([1]),
    );
    log.step("page.list", None, "COMMIT", tag("COMMIT", 0));
    let statements = measure(&case, &log.log).statements;
    assert_eq!(statements.passes[0].count, 2);
    assert_eq!(
        (
            statements.count_of("page.owner"),
            statements.count_of("page.list")
        ),
        (2, 0)
    );
}

#[test]
fn latency_is_of_a_step_of_one_session_and_of_all_tries_of_a_pass() {
    let case = case(&PAGE.replace("  page:\n", "  page:\n    count: 2\n"));
    let mut log = LogBuilder::of(&case);
    for client in ["page[1]", "page[2]"] {
        log.attempt = 1;
        log.step(
            &format!("{client}.list"),
            None,
            "SELECT 1",
            error("40001", "again"),
        );
        log.retrying(client, "40001");
        log.attempt = 2;
        log.step(&format!("{client}.list"), None, "SELECT 1", ids([1]));
    }
    let measured = measure(&case, &log.log);
    let count = |of: &str| measured.latencies.get(of).map(Latency::count);
    assert_eq!(count("page.list"), Some(4));
    assert_eq!(count("page[2].list"), Some(2));
    assert_eq!(count("page"), Some(2));
    // Two steps of four events, three spans each, and the event between them.
    assert_eq!(
        measured.latencies.get("page[1]").unwrap().max(),
        Micros(8_000)
    );
    let errors = measured.errors.get("page").unwrap();
    assert_eq!(
        (errors.executions, errors.failed, errors.retries),
        (4, 2, 2)
    );
    assert_eq!(measured.rows["page.list"].executions, 4);
}

#[test]
fn what_a_client_s_own_hooks_send_belongs_to_the_pass_beside_them() {
    let run = |yaml: &str| {
        let case = case(yaml);
        let mut log = LogBuilder::of(&case);
        log.step("page.list", None, "SELECT 1", ids([1]));
        let mut own = log.launch("page.ghost", None);
        log.log.events.pop();
        log.send("page", &mut own, "SELECT 2", &[], SentBy::Hook);
        log.reply("page", &own, ids([1]));
        log.iteration = 2;
        log.step("page.list", None, "SELECT 1", ids([1]));
        let passes = measure(&case, &log.log).statements.passes;
        passes.iter().map(|pass| pass.count).collect::<Vec<_>>()
    };
    let with = |hook: &str| {
        PAGE.replace(
            "    steps:",
            &format!("    {hook}: sql(\"SELECT 2\")\n    steps:"),
        )
    };
    assert_eq!(run(&with("before")), [1, 2]);
    assert_eq!(run(&with("after")), [2, 1]);
}
