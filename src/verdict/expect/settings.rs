//! `settings`: are the settings in force those that are meant, and those of production?
//!
//! Values are compared by what they mean: 4096kB is 4MB. Vacuous if the server was never asked, and for something that
//! is ignored and does not differ.

use crate::{
    record::ProbeReply,
    spec::expect::{SettingValue, SettingsExpectation},
    text::{
        did_you_mean, plural,
        quantity::{ByteSize, TimeSpan},
    },
    verdict::{context::Context, finding::Finding},
};
use std::collections::BTreeMap;

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expectation: &SettingsExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut probes = context.log.probes.iter();
    let answered = probes.find(|probe| probe.path == pointer && probe.reply.error.is_none());
    let Some(probe) = answered else {
        let primary = "the server was not asked for its settings";
        return vec![Finding::vacuous("never-ran", primary).at(context.place(pointer))];
    };
    let here = Here::read(probe);
    let facts = &expectation.settings;
    let mut findings = Vec::new();
    for (name, wanted) in &facts.values {
        let place = context.place(format!("{pointer}/settings/{name}"));
        findings.extend(one(name, wanted, &here).map(|finding| finding.at(place)));
    }
    if let Some(production) = context.case.production.get(pointer) {
        let drift = drift(&production.settings, &production.extensions, &here);
        let (ignored, told): (Vec<Drift>, Vec<Drift>) = drift
            .into_iter()
            .partition(|drift| facts.ignore.contains(&drift.name));
        if !told.is_empty() {
            let place = context.place(format!("{pointer}/settings/like"));
            findings.push(of_drift(&told).at(place));
        }
        for (index, name) in facts.ignore.iter().enumerate() {
            if !ignored.iter().any(|drift| drift.name == *name) {
                let primary = format!("\"{name}\" is ignored, and is as in production");
                let place = context.place(format!("{pointer}/settings/ignore/{index}"));
                let finding = Finding::vacuous("unused-ignore", primary).at(place);
                findings.push(finding.hint("take it out"));
            }
        }
    }
    findings
}

/// What the server said.
#[derive(Default)]
struct Here {
    settings: BTreeMap<String, String>,
    extensions: BTreeMap<String, String>,
}

impl Here {
    fn read(probe: &ProbeReply) -> Self {
        let mut here = Self::default();
        for row in probe.reply.rows() {
            if let [kind, name, value] = row.as_slice() {
                let (name, value) = (name.to_string(), value.to_string());
                match kind.to_string().as_str() {
                    "setting" => here.settings.insert(name, value),
                    "extension" => here.extensions.insert(name, value),
                    _ => None,
                };
            }
        }
        here
    }
}

fn one(name: &str, wanted: &SettingValue, here: &Here) -> Option<Finding> {
    let Some(value) = here
        .settings
        .get(&name.to_lowercase())
        .or_else(|| here.settings.get(name))
    else {
        let finding = Finding::failed("settings", format!("the server has no setting \"{name}\""));
        let hint = did_you_mean(name, here.settings.keys());
        return Some(match hint.filter(|hint| hint.starts_with("did")) {
            Some(hint) => finding.hint(hint),
            None => finding,
        });
    };
    let (holds, expected) = match wanted {
        SettingValue::Is(setting) => {
            let setting = setting.to_string();
            (same(value, &setting), setting)
        }
        SettingValue::Contains(list) => {
            let mut words = value.split(',').map(|word| word.trim().trim_matches('"'));
            let word = &list.contains;
            (
                words.any(|known| known == word),
                format!("a list with {word}"),
            )
        }
    };
    (!holds).then(|| {
        let primary = format!("{name} is {}, expected {expected}", quoted(value));
        Finding::failed("settings", primary).label(format!("is {}", quoted(value)))
    })
}

fn quoted(value: &str) -> String {
    match value {
        "" => "empty".to_owned(),
        value => value.to_owned(),
    }
}

/// Whether two values of a setting mean the same.
fn same(one: &str, other: &str) -> bool {
    let bytes = |text: &str| text.parse::<ByteSize>().ok().map(|size| size.0);
    let span = |text: &str| text.parse::<TimeSpan>().ok().map(|span| span.0);
    let switch = |text: &str| match text.to_lowercase().as_str() {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    };
    let number = |text: &str| text.parse::<f64>().ok();
    one == other
        || bytes(one).is_some_and(|size| bytes(other) == Some(size))
        || span(one).is_some_and(|time| span(other) == Some(time))
        || switch(one).is_some_and(|on| switch(other) == Some(on))
        || number(one).is_some_and(|value| number(other) == Some(value))
}

/// Something that is not as in production.
#[derive(Debug, PartialEq)]
struct Drift {
    name: String,
    production: String,
    here: String,
    is_setting: bool,
}

fn drift(
    settings: &BTreeMap<String, String>,
    extensions: &BTreeMap<String, String>,
    here: &Here,
) -> Vec<Drift> {
    let missing = "(none)".to_owned();
    let mut drifts = Vec::new();
    for (production, own, is_setting) in [
        (settings, &here.settings, true),
        (extensions, &here.extensions, false),
    ] {
        for (name, value) in production {
            let found = own.get(name).unwrap_or(&missing);
            if !same(value, found) {
                drifts.push(Drift {
                    name: name.clone(),
                    production: value.clone(),
                    here: found.clone(),
                    is_setting,
                });
            }
        }
    }
    drifts
}

fn of_drift(drifts: &[Drift]) -> Finding {
    let count = plural(drifts.len() as u64, "setting or extension");
    let count = count.replace("setting or extensions", "settings or extensions");
    let primary = match drifts {
        [only] => format!(
            "{} is {} here and {} in production",
            only.name,
            quoted(&only.here),
            quoted(&only.production)
        ),
        _ => format!("{count} are not as in production"),
    };
    let lines = drifts.iter().map(|drift| {
        let (name, here, production) =
            (&drift.name, quoted(&drift.here), quoted(&drift.production));
        format!("{name}: {here} here, {production} in production")
    });
    let settings: Vec<String> = drifts
        .iter()
        .filter(|drift| drift.is_setting && drift.here != "(none)")
        .map(|drift| format!("{}: {:?}", drift.name, drift.production))
        .collect();
    let finding = Finding::failed("drift", primary).detail(lines.collect::<Vec<_>>().join("\n"));
    match settings.is_empty() {
        true => finding,
        false => finding.hint(format!(
            "to have it as in production: database: {{ settings: {{ {} }} }}",
            settings.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        assert!(same("4MB", "4096kB"));
        assert!(same("1min", "60s") || same("1m", "60s"));
        assert!(same("on", "true"));
        assert!(same("0.9", "0.90"));
        assert!(!same("4MB", "5MB"));
        assert!(!same("on", "off"));
    }

    #[test]
    fn what_production_has_otherwise_is_listed() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let here = Here {
            settings: map(&[("work_mem", "4MB"), ("jit", "off")]),
            extensions: map(&[]),
        };
        let found = drift(
            &map(&[("work_mem", "64MB"), ("jit", "off")]),
            &map(&[("pg_trgm", "1.6")]),
            &here,
        );
        let names: Vec<&str> = found.iter().map(|drift| drift.name.as_str()).collect();
        assert_eq!(names, ["work_mem", "pg_trgm"]);
        let hints = of_drift(&found).hints;
        assert_eq!(
            hints,
            ["to have it as in production: database: { settings: { work_mem: \"64MB\" } }"]
        );
    }
}
