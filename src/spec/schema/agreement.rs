//! Do the schema and the types accept and refuse the same documents? Correct documents are changed at random
//! places in ways in which people and programs go wrong, and both are asked.

use super::{Compiled, SCENARIO, SUITE};
use crate::spec::{Scenario, Suite};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json, json};
use std::{fmt::Debug, sync::LazyLock};

/// Scenarios that hold every key of the language.
static SCENARIOS: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let texts = [
        include_str!("agreement/order.yaml"),
        include_str!("agreement/free.yaml"),
        include_str!("agreement/load.yaml"),
        include_str!("agreement/migrate.yaml"),
        include_str!("agreement/seed.yaml"),
        include_str!("agreement/isolation.yaml"),
        include_str!("agreement/explore.yaml"),
    ];
    texts.map(read).to_vec()
});

/// A suite that holds every key.
static SUITES: LazyLock<Vec<Json>> =
    LazyLock::new(|| vec![read(include_str!("agreement/suite.yaml"))]);

fn read(text: &str) -> Json {
    serde_json::to_value(serde_yaml::from_str::<serde_yaml::Value>(text).unwrap()).unwrap()
}

/// Values of every kind, right in one place and wrong in another.
fn samples() -> Vec<Json> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(14),
        json!(16),
        json!(1_000_001),
        json!(u32::MAX as u64 + 1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.5),
        json!(5.0),
        json!(-0.5),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("7"),
        json!("5ms"),
        json!("30s2m"),
        json!("99999999999h"),
        json!("1.5s"),
        json!("5 days"),
        json!("100k"),
        json!("7.5"),
        json!("1%"),
        json!("101%"),
        json!("500/s"),
        json!("10x"),
        json!("4MB"),
        json!("none"),
        json!("begin"),
        json!("done"),
        json!("serializable"),
        json!("alice.begin"),
        json!("alice.begin.x"),
        json!("worker[0].x"),
        json!("worker[10].x"),
        json!("a\n.b"),
        json!([]),
        json!([1]),
        json!([1, 2]),
        json!(["5ms", "6ms"]),
        json!(["alice.begin"]),
        json!([[1]]),
        json!({}),
        json!({ "sql": "SELECT 1" }),
        json!({ "at_most": 3 }),
        json!({ "at_least": "5ms" }),
        json!({ "between": [1, 2, 3] }),
        json!({ "sequence": 1 }),
        json!({ "value": null }),
        json!({ "uuid": {} }),
        json!({ "alice.begin": {} }),
        json!({ "alice.begin": {}, "bob.begin": {} }),
    ]
}

/// One way to go wrong, at the nth place of a document.
#[derive(Debug, Clone)]
enum Change {
    /// The value is another one.
    Replace(usize, Json),
    /// The value is one from another place of the document.
    Copy(usize, usize),
    /// The key or item is gone.
    Remove(usize),
    /// There is one more key or item.
    Add(usize, String, Json),
    /// The value stands in a list.
    Wrap(usize),
    /// The number stands in quotes, or the text without.
    Quote(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..10_000_usize;
    let sample = proptest::sample::select(samples());
    let documents = SCENARIOS.iter().chain(SUITES.iter());
    let keys = documents.flat_map(keys).collect::<Vec<String>>();
    let key = proptest::sample::select(keys);
    prop_oneof![
        3 => (place.clone(), sample.clone()).prop_map(|(at, value)| Change::Replace(at, value)),
        2 => (place.clone(), place.clone()).prop_map(|(at, from)| Change::Copy(at, from)),
        2 => place.clone().prop_map(Change::Remove),
        2 => (place.clone(), key, sample).prop_map(|(at, key, value)| Change::Add(at, key, value)),
        1 => place.clone().prop_map(Change::Wrap),
        1 => place.prop_map(Change::Quote),
    ]
}

fn keys(document: &Json) -> Vec<String> {
    match document {
        Json::Object(map) => {
            let inner = map.values().flat_map(keys);
            map.keys().cloned().chain(inner).collect()
        }
        Json::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

/// The JSON pointers of everything in a document.
fn places(document: &Json, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match document {
        Json::Object(map) => map
            .iter()
            .for_each(|(key, value)| places(value, &format!("{at}/{}", escaped(key)), all)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{at}/{index}"), all)),
        _ => {}
    }
}

fn apply(document: &mut Json, change: &Change) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    let pointer = |nth: usize| all[nth % all.len()].as_str();
    match change {
        Change::Replace(at, value) => {
            document
                .pointer_mut(pointer(*at))
                .unwrap()
                .clone_from(value);
        }
        Change::Copy(at, from) => {
            let value = document.pointer(pointer(*from)).unwrap().clone();
            *document.pointer_mut(pointer(*at)).unwrap() = value;
        }
        Change::Remove(at) => {
            let Some((around, last)) = pointer(*at).rsplit_once('/') else {
                return;
            };
            let last = last.replace("~1", "/").replace("~0", "~");
            match document.pointer_mut(around).unwrap() {
                Json::Object(map) => {
                    map.shift_remove(&last);
                }
                Json::Array(items) => {
                    items.remove(last.parse().unwrap());
                }
                _ => {}
            }
        }
        Change::Add(at, key, value) => match document.pointer_mut(pointer(*at)).unwrap() {
            Json::Object(map) => {
                map.insert(key.clone(), value.clone());
            }
            Json::Array(items) => items.push(value.clone()),
            _ => {}
        },
        Change::Wrap(at) => {
            let value = document.pointer_mut(pointer(*at)).unwrap();
            *value = json!([value.take()]);
        }
        Change::Quote(at) => {
            let value = document.pointer_mut(pointer(*at)).unwrap();
            *value = match value.take() {
                Json::String(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
                number @ Json::Number(_) => Json::String(number.to_string()),
                other => other,
            };
        }
    }
}

/// The schemas with lists allowed for maps. serde reads a struct also from the list of its values, which nobody
/// writes and the schema refuses; only there the two differ.
static SCENARIO_WITH_LISTS: LazyLock<Compiled> =
    LazyLock::new(|| Compiled::new(with_lists(&SCENARIO.schema)));
static SUITE_WITH_LISTS: LazyLock<Compiled> =
    LazyLock::new(|| Compiled::new(with_lists(&SUITE.schema)));

fn with_lists(schema: &Json) -> Json {
    match schema {
        Json::Object(part) => {
            let inner = part
                .iter()
                .map(|(key, inner)| (key.clone(), with_lists(inner)));
            let mut part: Map<String, Json> = inner.collect();
            if part.contains_key("additionalProperties")
                && part.get("type") == Some(&"object".into())
            {
                part.insert("type".to_owned(), json!(["object", "array"]));
            }
            Json::Object(part)
        }
        Json::Array(items) => items.iter().map(with_lists).collect(),
        scalar => scalar.clone(),
    }
}

fn both<T: DeserializeOwned>(schema: &Compiled, document: &Json) -> (Vec<String>, Option<String>) {
    let errors = schema.errors(document);
    let by_schema = errors
        .iter()
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    let by_types = serde_json::from_value::<T>(document.clone()).err();
    (by_schema, by_types.map(|error| error.to_string()))
}

fn written_as_read<T>(schema: &Compiled, documents: &[Json])
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    for document in documents.iter().cloned() {
        assert_eq!(both::<T>(schema, &document), (Vec::new(), None));
        let value: T = serde_json::from_value(document).unwrap();
        let written = serde_json::to_value(&value).unwrap();
        assert_eq!(both::<T>(schema, &written), (Vec::new(), None));
        assert_eq!(serde_json::from_value::<T>(written).unwrap(), value);
    }
}

#[test]
fn the_correct_documents_are_accepted_and_written_as_they_are_read() {
    written_as_read::<Scenario>(&SCENARIO, &SCENARIOS);
    written_as_read::<Suite>(&SUITE, &SUITES);
}

#[test]
fn the_correct_documents_hold_every_key_of_the_schema() {
    for (schema, documents) in [(&SCENARIO, &SCENARIOS), (&SUITE, &SUITES)] {
        let known: Vec<String> = documents.iter().flat_map(keys).collect();
        let mut missing = Vec::new();
        let mut stack = vec![&schema.schema];
        while let Some(part) = stack.pop() {
            match part {
                Json::Object(part) => {
                    let properties = part.get("properties").and_then(Json::as_object);
                    let keys = properties.into_iter().flat_map(|keys| keys.keys());
                    missing.extend(keys.filter(|key| !known.contains(key)));
                    stack.extend(part.values());
                }
                Json::Array(items) => stack.extend(items),
                _ => {}
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// Whether both accept or both refuse a document that was changed.
fn agree<T: DeserializeOwned>(
    (schema, with_lists): (&Compiled, &Compiled),
    mut document: Json,
    changes: &[Change],
) -> Result<(), TestCaseError> {
    for change in changes {
        apply(&mut document, change);
    }
    let by_schema = schema.accepts(&document);
    let by_types = serde_json::from_value::<T>(document.clone()).is_ok();
    if by_schema == by_types {
        return Ok(());
    }
    prop_assume!(by_schema || !with_lists.accepts(&document));
    let (by_schema, by_types) = both::<T>(schema, &document);
    prop_assert_eq!(
        by_schema.is_empty(),
        by_types.is_none(),
        "schema: {:?}\ntypes: {:?}\n{:#}",
        by_schema,
        by_types,
        document
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_and_types_accept_and_refuse_the_same_documents(
        document in 0..SCENARIOS.len(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let both = (&*SCENARIO, &*SCENARIO_WITH_LISTS);
        agree::<Scenario>(both, SCENARIOS[document].clone(), &changes)?;
    }

    #[test]
    fn schema_and_types_accept_and_refuse_the_same_suites(
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        agree::<Suite>((&*SUITE, &*SUITE_WITH_LISTS), SUITES[0].clone(), &changes)?;
    }
}
