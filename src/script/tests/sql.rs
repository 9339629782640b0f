//! Hooks that send statements.

use super::*;

/// Answers every statement with one row, and fails those that say so.
#[derive(Default)]
struct Scripted {
    sent: Mutex<Vec<(String, BTreeMap<String, Value>)>>,
}

impl Host for Scripted {
    fn sql(
        &self,
        text: &str,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Arc<ResultSet>, SqlError> {
        let mut sent = self.sent.lock().unwrap();
        sent.push((text.to_owned(), parameters.clone()));
        if text.contains("fail") {
            return Err(SqlError {
                condition: Some("deadlock_detected".to_owned()),
                message: "deadlock detected".to_owned(),
            });
        }
        Ok(result_of(&["n"], vec![vec![Value::Int(3)]]))
    }

    fn rows(&self, step: &str) -> Option<Arc<ResultSet>> {
        (step == "pick").then(|| result_of(&["id"], vec![vec![Value::Int(9)]]))
    }
}

#[test]
fn sql_binds_by_name_and_returns_rows() {
    let host = Arc::new(Scripted::default());
    let hook =
        compile("sql(\"SELECT :a\", #{ a: 1.5, b: () })[0].n + rows(\"pick\")[0].id").unwrap();
    let outcome = hook.run(&HookScope::default(), host.clone(), &RunControl::default());
    assert_eq!(outcome.end, HookEnd::Finished(Value::Int(12)));
    let bound = [("a", Value::Float(1.5)), ("b", Value::Null)];
    let bound = bound.map(|(name, value)| (name.to_owned(), value)).into();
    assert_eq!(
        *host.sent.lock().unwrap(),
        [("SELECT :a".to_owned(), bound)]
    );
}

#[test]
fn a_failed_statement_can_be_caught_by_its_condition_or_ends_the_hook() {
    let run = |text: &str| {
        let host = Arc::new(Scripted::default());
        let hook = compile(text).unwrap();
        hook.run(&HookScope::default(), host, &RunControl::default())
            .end
    };
    let caught = "let seen = (); try { sql(\"fail\") } catch (e) { seen = e.error; } seen";
    assert_eq!(run(caught), HookEnd::Finished(text("deadlock_detected")));
    let end = run("let a = 1;\n sql(\"fail\")");
    let HookEnd::SqlFailed { error, place } = end else {
        panic!("{end:?}")
    };
    assert_eq!(error.message, "deadlock detected");
    assert_eq!(place, at(2, 2));
    assert!(matches!(run("sql(\"SELECT $1\", [1])"), HookEnd::Broken(_)));
    let HookEnd::Broken(error) = run("rows(\"pock\")") else {
        panic!("not broken")
    };
    assert_eq!(error.message, "step \"pock\" has not run");
}
