//! Whatever an order can tell is read back as it was written.

use super::fixtures::{BANK_SPEC, spec};
use crate::{
    isolation::{Cast, Expected, Fact, Table, Trace, write_head},
    source::SourceFile,
};
use proptest::prelude::*;

const STEPS: [&str; 5] = ["debit", "commit", "his credit", "nothing", "talk"];

/// Words without what would begin another fact.
fn words() -> impl Strategy<Value = String> {
    "[a-zé\"|(]{1,8}( [a-z0-9:\"']{1,6}){0,3}"
}

/// One line, or more of them.
fn message() -> impl Strategy<Value = String> {
    proptest::collection::vec(words(), 1..3).prop_map(|lines| lines.join("\n"))
}

fn step() -> impl Strategy<Value = String> {
    proptest::sample::select(&STEPS[..]).prop_map(str::to_owned)
}

fn session() -> impl Strategy<Value = String> {
    proptest::sample::select(&["alice", "bob b"][..]).prop_map(str::to_owned)
}

fn sender() -> impl Strategy<Value = String> {
    prop_oneof![
        session(),
        Just("control connection".to_owned()),
        (1_u32..99_999).prop_map(|pid| format!("PID {pid}")),
    ]
}

fn table() -> impl Strategy<Value = Table> {
    let columns = proptest::collection::vec("[a-z?]{1,6}", 1..4);
    let values = proptest::collection::vec("([!-~é](.|\n){0,5}[!-~é])?", 0..12);
    (columns, values).prop_map(|(columns, values)| Table {
        rows: values
            .chunks_exact(columns.len())
            .map(<[String]>::to_vec)
            .collect(),
        columns,
    })
}

fn fact() -> impl Strategy<Value = Fact> {
    let severity =
        |words: &'static [&'static str]| proptest::sample::select(words).prop_map(str::to_owned);
    let error = (severity(&["ERROR", "FATAL", "PANIC"]), message());
    let notice = (session(), severity(&["NOTICE", "DEBUG1"]), message());
    let notify = (session(), "[a-z]{1,4}", "[a-z\" \n]{0,6}", sender());
    prop_oneof![
        step().prop_map(|step| Fact::Waiting { step }),
        step().prop_map(|step| Fact::Done { step }),
        step().prop_map(|step| Fact::Completed { step }),
        table().prop_map(Fact::Rows),
        error.prop_map(|(severity, message)| Fact::Error { severity, message }),
        Just(Fact::Lost {
            message: "server closed the connection unexpectedly\n\tThis".to_owned()
        }),
        Just(Fact::Unexpected {
            status: "PGRES_COPY_IN".to_owned()
        }),
        notice.prop_map(|(session, severity, text)| Fact::Notice {
            session,
            severity,
            text
        }),
        notify.prop_map(|(session, channel, payload, from)| Fact::Notify {
            session,
            channel,
            payload,
            from
        }),
        (step(), 0_u64..999).prop_map(|(step, seconds)| Fact::Cancelled { step, seconds }),
        message().prop_map(|message| Fact::Said {
            message: format!("teardown failed: {message}")
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(facts in proptest::collection::vec(fact(), 0..8)) {
        let cast = Cast::from(&spec(BANK_SPEC));
        let trace = Trace { launches: STEPS.map(str::to_owned).to_vec(), facts };
        let mut text = String::new();
        write_head(&cast, &["unused one"], &mut text);
        trace.write(&cast, &mut text);
        trace.write(&cast, &mut text);
        let read = Expected::read(&SourceFile::new("t.out", text.as_str()), &cast);
        let read = read.map_err(|problem| TestCaseError::fail(format!("{problem}\n{text}")))?;
        prop_assert_eq!(&read.orders[0].trace, &trace, "{}", text);
        prop_assert_eq!(&read.orders[1].trace, &trace, "{}", text);
        prop_assert_eq!(read.write(&cast), text);
    }
}
