//! The connections of a load.

use crate::world::{database, with_server};
use pgauge::pg::load::PgLink;
use pgauge::record::{ClientId, Value};
use pgauge::run::load::{
    Answer, AnswerEnd, ArgumentBuffer, Company, Dialer, Fragment, Link, LoadStatement, Rows,
};
use pgauge::run::session::Database;
use pgauge::schedule::StatementForm;
use pgauge::spec::workload::Protocol;

/// The answers to statements that are sent together.
async fn answers(link: &mut PgLink, texts: &[&str], form: StatementForm) -> Vec<Answer> {
    for (index, text) in texts.iter().enumerate() {
        let statement = LoadStatement {
            index,
            sql: (*text).to_owned(),
            fragments: Fragment::of(text),
            form,
            rows: Rows::Kept,
        };
        link.push(&statement, &ArgumentBuffer::default());
    }
    let mut answers = Vec::new();
    link.exchange(&mut answers).await.unwrap();
    answers
}

#[test]
fn a_copy_for_which_nobody_has_data_is_refused_and_later_answers_stay_in_step() {
    with_server(async |server| {
        let database = database(server, "links", "CREATE TABLE t (a integer)").await;
        for protocol in [Protocol::Simple, Protocol::Extended, Protocol::Prepared] {
            let client = ClientId::single("reader");
            let dialer = database.dialer(&client, Vec::new(), protocol, Company::Alone);
            let mut link = dialer.dial().await.unwrap();
            for form in [StatementForm::Batch, StatementForm::Single] {
                let copy = match form {
                    StatementForm::Batch => "COPY t FROM STDIN; SELECT 0",
                    StatementForm::Single => "COPY t FROM STDIN",
                };
                let refused = answers(&mut link, &[copy], form).await.remove(0);
                let AnswerEnd::Refused(error) = refused.end else {
                    panic!("{refused:?}");
                };
                assert_eq!(error.code, "57014", "{error:?}");
                for number in 1..=3 {
                    let sql = format!("SELECT {number}");
                    let answer = answers(&mut link, &[&sql], StatementForm::Batch).await;
                    let result = answer[0].result.as_ref().unwrap();
                    assert_eq!(
                        result.rows[0][0],
                        Value::Int(number),
                        "{protocol:?} {form:?}"
                    );
                }
            }
        }
    });
}
