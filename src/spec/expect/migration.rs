//! What must hold of a migration: what it does while it runs, and who can live with it.

use super::{
    super::{
        quantity::{ByteSize, Factor, Percent, SqlState, TimeSpan},
        reading::{given, text},
    },
    bound::{Bound, NoneOr},
};
use crate::record::LockMode;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::borrow::Cow;

/// What a migration does while it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrationExpectation {
    /// What is right of it.
    #[schemars(example = json!({ "rewrites": "none", "blocks": "100ms", "lock_timeout": "required" }))]
    pub migration: Box<MigrationFacts>,
}

/// What is right of a migration, all its statements together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrationFacts {
    /// How long all of it may take.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("5s"))]
    pub duration: Option<Bound<TimeSpan>>,
    /// The tables and indexes that are written anew, these and no others; `none` if there may be none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub rewrites: Option<NoneOr<Vec<String>>>,
    /// The tables that are read from end to end while reads or writes of them are blocked, these and no others; `none`
    /// if there may be none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub scans: Option<NoneOr<Vec<String>>>,
    /// The strongest lock on each of these tables.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "accounts": "share_update_exclusive" }))]
    pub locks: IndexMap<String, LockWord>,
    /// How long reads or writes of one table that was there before may be blocked at a time; `none` if not at all.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("100ms"))]
    pub blocks: Option<NoneOr<Bound<TimeSpan>>>,
    /// How long reads of one table may be blocked at a time; `none` if not at all.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub blocks_reads: Option<NoneOr<Bound<TimeSpan>>>,
    /// Whether every statement that blocks reads or writes of a table that was there before has a `lock_timeout`, and
    /// how long it may be.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("required"))]
    pub lock_timeout: Option<TimeoutRule>,
    /// Whether every statement that blocks reads or writes of a table that was there before has a `statement_timeout`,
    /// and how long it may be.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("30s"))]
    pub statement_timeout: Option<TimeoutRule>,
    /// How much it may write to the write-ahead log.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("64MB"))]
    pub wal: Option<Bound<ByteSize>>,
    /// How many dead rows it may leave for VACUUM.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(0))]
    pub dead_rows: Option<Bound<u64>>,
    /// How much more disk it may need, at its worst moment.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("100MB"))]
    pub disk: Option<Bound<ByteSize>>,
    /// The tables (`orders`) and columns (`orders.total`) whose values are gone or changed afterwards, these and no
    /// others; `none` if there may be none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub data_loss: Option<NoneOr<Vec<String>>>,
    /// The error that it must end with: for a scenario that shows the failure.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("lock_not_available"))]
    pub error: Option<SqlState>,
    /// How long a statement of a client may wait for the migration.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("200ms"))]
    pub waited: Option<Bound<TimeSpan>>,
    /// How many sessions of clients may wait at the same time while it runs.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(4))]
    pub queue: Option<Bound<u64>>,
    /// How many statements of clients may fail from its first statement on, while it runs and after it.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(0))]
    pub failed: Option<Bound<u64>>,
    /// How much of the clients' throughput before it may be lost while it runs.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("20%"))]
    pub throughput_lost: Option<Bound<Percent>>,
}

/// A mode of a lock on a table, in PostgreSQL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LockWord(pub LockMode);

impl JsonSchema for LockWord {
    fn schema_name() -> Cow<'static, str> {
        "LockWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = LockMode::ALL
            .map(|mode| json!({ "type": "string", "const": mode, "description": mode.sql() }));
        json_schema!({
            "oneOf": words,
            "description": "A mode of a lock on a table, in PostgreSQL's words.",
        })
    }
}

/// Whether a timeout is in force, and how long it may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TimeoutRule {
    /// One that is not 0 is in force.
    Required(RequiredWord),
    /// One that is not 0 and within the bound.
    Within(Bound<TimeSpan>),
}

/// The word `required`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequiredWord {
    /// It must be there.
    Required,
}

/// Who can live with the migration while the old and the new version of an application run side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatibleExpectation {
    /// What the versions send, and what is broken on purpose.
    #[schemars(example = json!({ "old": ["list_orders"], "new": ["list_orders_v2"] }))]
    pub compatible: CompatibleFacts,
}

/// The queries and clients of two versions of an application. Each runs before, during and after the migration, and
/// must succeed there unless its `on` says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatibleFacts {
    /// Queries and clients of the version that runs already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["list_orders"]))]
    pub old: Vec<String>,
    /// Queries and clients of the version that is deployed next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["list_orders_v2"]))]
    pub new: Vec<String>,
    /// What is broken on purpose, for how long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "of": "list_orders", "reason": "version 1 is gone since May", "until": "2027-06-30" }]))]
    pub except: Vec<CompatibleException>,
}

/// A query or client that may fail, because the old version is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatibleException {
    /// The query or client.
    #[schemars(example = json!("list_orders"))]
    pub of: String,
    /// Why it does no harm.
    #[schemars(example = json!("version 1 is gone since May"))]
    pub reason: String,
    /// The last day on which the exception holds, as `2027-06-30`.
    #[serde(deserialize_with = "day")]
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    #[schemars(example = json!("2027-06-30"))]
    pub until: String,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer, |text| {
        let form = |(at, c): (usize, char)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        };
        text.len() == 10 && text.chars().enumerate().all(form)
    })
}

/// What a migration makes better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImprovesExpectation {
    /// Which statement, and by how much.
    #[schemars(example = json!({ "of": "orders_of_user", "by": "10x" }))]
    pub improves: ImprovesFacts,
}

/// By how much a migration makes a watched statement better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImprovesFacts {
    /// The query.
    #[schemars(example = json!("orders_of_user"))]
    pub of: String,
    /// How many times as little it must need afterwards; below `1x` it may need more, as a write does that has
    /// one index more to keep: with `0.5x` at most twice as much.
    #[schemars(example = json!("10x"))]
    pub by: Bound<Factor>,
    /// What it needs less of.
    #[serde(default)]
    #[schemars(example = json!("buffers"), extend("default" = "time"))]
    pub measure: ImprovedMeasure,
}

/// What a statement needs less of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImprovedMeasure {
    /// Time: the median of its repetitions.
    #[default]
    Time,
    /// Pages of tables and indexes, found in the cache or not.
    Buffers,
    /// Bytes written to the write-ahead log.
    Wal,
}
