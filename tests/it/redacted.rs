//! What differs from run to run, taken out: times, process ids, versions.

use pgauge::report::results::Results;
use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// Takes out of results and texts what differs from run to run.
pub struct Redactor {
    time: Regex,
    rate: Regex,
    number: Regex,
    version: Regex,
    speed: Regex,
    failures: Regex,
    moment: Regex,
    blanks: Regex,
}

/// Keys of the results whose numbers are microseconds.
const SPANS: [&str; 7] = [
    "after",
    "duration",
    "first_row",
    "pool_wait",
    "recovery",
    "total",
    "waited",
];

impl Redactor {
    pub fn new() -> Self {
        let regex = |pattern| Regex::new(pattern).unwrap();
        Self {
            time: regex(r"\d[\d,]*(\.\d+)? (ns|µs|ms|s|min)\b"),
            rate: regex(r"\d[\d,]*(\.\d+)?/s\b"),
            number: regex(r"\b([Pp]rocess|backend|transaction) \d+"),
            version: regex(r"(the server is) \d[\d.]*( \([^)]*\))?"),
            speed: regex(r"\d[\d,]* orders/s(, \d+ databases? at once)?"),
            failures: regex(r"\b\d[\d,]* transactions? failed since|failed \d[\d,]* times?\b"),
            moment: regex(r"first \[TIME\] (into|after) [^:]*:"),
            blanks: regex("[ \n]+"),
        }
    }

    /// The same results, as if every event had come a millisecond after the one before it. Reports are made from
    /// these, so that no column is wider in one run than in another.
    pub fn results(&self, results: &Results) -> Results {
        let mut json = serde_json::to_value(results).unwrap();
        self.walk(&mut json);
        serde_json::from_value(json).unwrap()
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::Object(map) => self.object(map),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::String(text) => *text = self.plain(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&self, map: &mut Map<String, Value>) {
        map.remove("figures");
        map.remove("load");
        // Bytes of the log and of files depend on the version of the server.
        if let Some(costs) = map.get_mut("costs") {
            for key in ["wal", "disk", "disk_peak"] {
                costs[key] = 8192.into();
            }
        }
        // How much a load gets done is not the same twice; which of its statements fail is.
        if map.get("code").and_then(Value::as_str) == Some("migration-traffic")
            && let Some(Value::String(detail)) = map.get_mut("detail")
            && detail.contains(" transactions in ")
        {
            let lines = detail.lines().filter(|line| line.starts_with('"'));
            *detail = lines.collect::<Vec<_>>().join("\n");
        }
        let seq = map.get("seq").and_then(Value::as_u64).unwrap_or_default();
        for (key, value) in map {
            match key.as_str() {
                // The author's own words are the same in every run.
                "sources" => {}
                "at" => *value = (seq * 1_000).into(),
                "pid" | "from_pid" => *value = 1.into(),
                "started_at" => *value = "2000-01-01T00:00:00Z".into(),
                "version" => *value = "15.0".into(),
                "pgauge" => *value = "0.0.0".into(),
                key if value.is_number() && SPANS.contains(&key) => *value = 1_000.into(),
                _ => self.walk(value),
            }
        }
    }

    /// A text of a finding or of the server.
    fn plain(&self, text: &str) -> String {
        let text = self.time.replace_all(text, "[TIME]");
        let text = self.rate.replace_all(&text, "[RATE]");
        let kind = |found: &Captures<'_>| format!("{} [NUMBER]", &found[1]);
        let text = self.number.replace_all(&text, kind);
        let text = self.speed.replace_all(&text, "[SPEED]");
        // How many clients of a load meet an error, and when the first does, is not the same twice.
        let text = self.failures.replace_all(&text, |found: &Captures<'_>| {
            match found[0].starts_with("failed") {
                true => "failed [COUNT]",
                false => "[COUNT] transactions failed since",
            }
        });
        let text = self.moment.replace_all(&text, "first [MOMENT]:");
        self.version.replace_all(&text, "$1 [VERSION]").into_owned()
    }

    /// What a report says, for one that was made from other times: without times, and without the spaces by which
    /// columns are aligned.
    pub fn text(&self, report: &str) -> String {
        self.blanks
            .replace_all(&self.plain(report), " ")
            .trim()
            .to_owned()
    }
}

#[test]
fn times_processes_and_versions_are_taken_out_and_the_rest_stays() {
    let redactor = Redactor::new();
    let text = "process 4711 took 1,200.5 µs for 3 rows of item 7";
    let expected = "process [NUMBER] took [TIME] for 3 rows of item 7";
    assert_eq!(redactor.plain(text), expected);
    for version in ["15.18", "15.18 (Debian 15.18-0+deb12u1)"] {
        let text = format!("it requires PostgreSQL 99; the server is {version}");
        let expected = "it requires PostgreSQL 99; the server is [VERSION]";
        assert_eq!(redactor.plain(&text), expected);
    }
    let (slow, fast) = ("  14  5.88 ms | update", "  14     6 ms | update");
    assert_eq!(redactor.text(slow), redactor.text(fast));
}
