//! What do the logs of several processes amount to that shared a run? One log, as one process would have written it.

use crate::{
    record::{
        CaseEnd, CaseId, CaseLog, RunFacts, RunLog, Shard,
        load::{LoadLog, Servers},
    },
    source::Diagnostic,
    text::list,
};
use std::collections::BTreeMap;

/// The log of one process.
#[derive(Debug, Clone)]
pub struct PartialRun {
    /// Where it comes from, for messages.
    pub name: String,
    /// What it noted.
    pub log: RunLog,
}

/// What the processes noted together.
#[derive(Debug, Clone)]
pub struct MergedRun {
    /// About the run as a whole.
    pub run: RunFacts,
    /// The cases, in the order in which the processes have them.
    pub cases: Vec<MergedCase>,
}

/// What they noted of one case.
#[derive(Debug, Clone)]
pub struct MergedCase {
    /// As one process would have noted it: the counts of loads added up, all else as the first one saw it that ran.
    pub log: CaseLog,
    /// Where several had a part of its load: what each of them noted of its own database.
    pub parts: Vec<CasePart>,
}

/// What one of several processes noted of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CasePart {
    /// Which of them.
    pub shard: Shard,
    /// What it noted.
    pub log: CaseLog,
}

impl CasePart {
    /// Whether it was left out where others were not: what those came to is then not the whole.
    pub fn is_missing_in(&self, whole: &CaseLog) -> bool {
        let skipped = |log: &CaseLog| matches!(log.end, CaseEnd::Skipped { .. });
        skipped(&self.log) && !skipped(whole)
    }
}

/// Puts the logs of several processes together.
///
/// # Errors
///
/// They are not of one run: a part of it is missing or there twice, or one is of another run, the same case ran in
/// several as a whole, or a load has other scripts in one of them.
pub fn merge(mut runs: Vec<PartialRun>) -> Result<MergedRun, Box<Diagnostic>> {
    runs.sort_by_key(|run| run.log.run.shard.map(|shard| shard.index));
    check_shards(&runs)?;
    check_alike(&runs)?;
    let servers = servers(&runs);
    let run = facts(&runs);
    let mut found: Vec<(CaseId, Vec<(String, CasePart)>)> = Vec::new();
    let mut places = BTreeMap::<CaseId, usize>::new();
    for PartialRun { name, log } in runs {
        // A whole run is its own only part.
        let shard = log.run.shard.unwrap_or(Shard { index: 1, of: 1 });
        for log in log.cases {
            let id = log.case.clone();
            let place = *places.entry(id.clone()).or_insert_with(|| {
                found.push((id, Vec::new()));
                found.len() - 1
            });
            found[place].1.push((name.clone(), CasePart { shard, log }));
        }
    }
    let cases = found
        .into_iter()
        .map(|(id, parts)| case(&id, parts, servers));
    Ok(MergedRun {
        run,
        cases: cases.collect::<Result<_, _>>()?,
    })
}

fn case(
    id: &CaseId,
    parts: Vec<(String, CasePart)>,
    servers: Servers,
) -> Result<MergedCase, Box<Diagnostic>> {
    let several = parts.len() > 1;
    let mut loads = parts.iter().map(|(_, part)| part.log.load.as_deref());
    let ran = |(_, part): &(String, CasePart)| part.log.end == CaseEnd::Ran;
    if several && loads.all(|load| load.is_none()) && parts.iter().any(ran) {
        let names: Vec<String> = parts.into_iter().map(|(name, _)| name).collect();
        let primary = format!("case \"{id}\" ran in {}", list(&names, "and"));
        return Err(wrong(
            primary,
            "only loads are added up: divide a suite with --shard",
        ));
    }
    let mut load: Option<LoadLog> = None;
    for (name, part) in &parts {
        match (&mut load, part.log.load.as_deref()) {
            (Some(load), Some(other)) if !load.has_scripts_of(other) => {
                let primary = format!("the load \"{id}\" has other scripts in {name}");
                return Err(wrong(primary, "run the same scenario in all processes"));
            }
            (Some(load), Some(other)) => load.add(other, servers),
            (load @ None, Some(other)) => *load = Some(other.clone()),
            (_, None) => {}
        }
    }
    let parts: Vec<CasePart> = parts.into_iter().map(|(_, part)| part).collect();
    let logs: Vec<&CaseLog> = parts.iter().map(|part| &part.log).collect();
    let first = logs.iter().find(|log| log.end == CaseEnd::Ran);
    let log = CaseLog {
        end: end(&logs),
        load: load.map(Box::new),
        duration: logs
            .iter()
            .map(|log| log.duration)
            .max()
            .unwrap_or_default(),
        ..CaseLog::clone(first.unwrap_or(&logs[0]))
    };
    Ok(MergedCase {
        log,
        parts: if several { parts } else { Vec::new() },
    })
}

/// How a case ended in all its parts: what broke in one of them broke, and what was skipped in all was skipped.
fn end(logs: &[&CaseLog]) -> CaseEnd {
    let mut ends = logs.iter().map(|log| &log.end);
    let broke = ends.clone().find(|end| matches!(end, CaseEnd::Broke(_)));
    let ran = ends.clone().find(|end| **end == CaseEnd::Ran);
    broke
        .or(ran)
        .or(ends.next())
        .cloned()
        .unwrap_or(CaseEnd::Ran)
}

/// Whether there is only one run, where none is a part of one: what two whole runs counted is not what one would have
/// counted, least of all where they are the same one.
fn check_alone(runs: &[PartialRun]) -> Result<(), Box<Diagnostic>> {
    let [first, second, ..] = runs else {
        return Ok(());
    };
    let primary = format!(
        "{} and {} are whole runs, and no parts of one",
        first.name, second.name
    );
    Err(wrong(
        primary,
        "divide a run with --shard, and merge the results of its parts",
    ))
}

/// Whether the parts may be of one run: it has the same random numbers, pgauge and PostgreSQL everywhere.
fn check_alike(runs: &[PartialRun]) -> Result<(), Box<Diagnostic>> {
    type Told = fn(&RunFacts) -> Option<String>;
    let facts: [(&str, Told); 3] = [
        ("random seed", |run| Some(run.random_seed.to_string())),
        ("pgauge", |run| Some(run.pgauge.clone())),
        // There is none where the server never came up.
        ("PostgreSQL", |run| {
            let server = run.server.as_ref()?;
            Some((server.version_num / 10_000).to_string())
        }),
    ];
    for (what, told) in facts {
        let mut known = runs
            .iter()
            .filter_map(|run| Some((&run.name, told(&run.log.run)?)));
        let Some((first, value)) = known.next() else {
            continue;
        };
        if let Some((name, other)) = known.find(|(_, other)| *other != value) {
            let primary =
                format!("{first} ran with {what} {value}, and {name} with {what} {other}");
            return Err(wrong(primary, "merge the results of one run at a time"));
        }
    }
    Ok(())
}

/// Whether all parts of the run are there, each once.
fn check_shards(runs: &[PartialRun]) -> Result<(), Box<Diagnostic>> {
    let shards: Vec<(&str, Option<Shard>)> = runs
        .iter()
        .map(|run| (run.name.as_str(), run.log.run.shard))
        .collect();
    let Some(of) = shards
        .iter()
        .find_map(|(_, shard)| Some(shard.as_ref()?.of))
    else {
        return check_alone(runs);
    };
    let mut names = BTreeMap::new();
    for (name, shard) in shards {
        let Some(shard) = shard.filter(|shard| shard.of == of) else {
            let is = shard.map_or("a whole run".to_owned(), |shard| format!("shard {shard}"));
            let primary = format!("{name} is {is}, and others are one of {of}");
            return Err(wrong(primary, "merge the results of one run at a time"));
        };
        if let Some(other) = names.insert(shard.index, name) {
            let primary = format!("{other} and {name} are both shard {shard}");
            return Err(wrong(primary, "name the results of each process once"));
        }
    }
    let missing: Vec<String> = (1..=of)
        .filter(|index| !names.contains_key(index))
        .map(|index| format!("{index}/{of}"))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => {
            let noun = if missing.len() == 1 {
                "shard"
            } else {
                "shards"
            };
            let missing = list(&missing[..missing.len().min(8)], "and");
            let primary = format!("the results of {noun} {missing} are missing");
            Err(wrong(
                primary,
                "without them nobody knows whether the run passed",
            ))
        }
    }
}

fn wrong(primary: String, hint: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("merge", primary).hint(hint))
}

fn servers(runs: &[PartialRun]) -> Servers {
    let mut places = runs.iter().filter_map(|run| {
        let server = run.log.run.server.as_ref();
        server.map(|server| server.place.as_str())
    });
    let first = places.next();
    let same = places.all(|place| Some(place) == first);
    match same && first.is_some_and(|place| place.contains("://")) {
        true => Servers::One,
        false => Servers::Several,
    }
}

fn facts(runs: &[PartialRun]) -> RunFacts {
    let all = || runs.iter().map(|run| &run.log.run);
    let mut facts = all().next().cloned().unwrap_or_default();
    facts.shard = None;
    let began = all().map(|run| &run.started_at).min();
    facts.started_at = began.cloned().unwrap_or_default();
    facts.duration = all().map(|run| run.duration).max().unwrap_or_default();
    facts.server = all().find_map(|run| run.server.clone());
    facts.interrupted = all().find_map(|run| run.interrupted.clone());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ServerFacts, load::ClientTally};

    fn run(name: &str, shard: Option<Shard>, cases: Vec<CaseLog>) -> PartialRun {
        let run = RunFacts {
            shard,
            pgauge: "0.1".to_owned(),
            server: Some(ServerFacts {
                version_num: 160_000,
                place: "embedded".to_owned(),
                ..ServerFacts::default()
            }),
            ..RunFacts::default()
        };
        PartialRun {
            name: name.to_owned(),
            log: RunLog { run, cases },
        }
    }

    fn case(scenario: &str, load: Option<&str>) -> CaseLog {
        let load = load.map(|client| LoadLog {
            users: 2,
            clients: vec![ClientTally {
                client: client.to_owned(),
                ..ClientTally::default()
            }],
            ..LoadLog::default()
        });
        let case = CaseId {
            file: "a.yaml".to_owned(),
            scenario: scenario.to_owned(),
            variant: None,
            order: None,
        };
        CaseLog {
            load: load.map(Box::new),
            ..CaseLog::new(case, CaseEnd::Ran)
        }
    }

    fn shard(index: u32) -> Option<Shard> {
        Some(Shard { index, of: 2 })
    }

    fn refused(runs: Vec<PartialRun>) -> String {
        merge(runs).unwrap_err().primary
    }

    #[test]
    fn loads_are_added_up_and_other_cases_put_together() {
        let second = vec![case("load", Some("one")), case("second", None)];
        let first = vec![case("first", None), case("load", Some("one"))];
        let runs = vec![run("b", shard(2), second), run("a", shard(1), first)];
        let merged = merge(runs).unwrap();
        assert_eq!(merged.run.shard, None);
        let told = merged.cases.iter().map(|case| {
            let users = case.log.load.as_ref().map(|load| load.users);
            (case.log.case.scenario.as_str(), users, case.parts.len())
        });
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                ("first", None, 0),
                ("load", Some(4), 2),
                ("second", None, 0)
            ]
        );
    }

    #[test]
    fn a_load_was_skipped_only_where_all_its_parts_were() {
        let end_of = |ends: [CaseEnd; 2]| {
            let mut parts = [1, 2].map(|n| run(&n.to_string(), shard(n), vec![case("x", None)]));
            for (part, end) in parts.iter_mut().zip(ends) {
                let log = &mut part.log.cases[0];
                log.load = (end == CaseEnd::Ran).then(Box::default);
                log.started_at = format!("{:?}", part.log.run.shard);
                log.end = end;
            }
            merge(parts.into()).unwrap().cases.remove(0)
        };
        let skipped = |reason: &str| CaseEnd::Skipped {
            reason: reason.to_owned(),
        };
        let broke = CaseEnd::Broke(Box::default());
        let all = end_of([skipped("one"), skipped("two")]);
        assert_eq!(all.log.end, skipped("one"));
        assert!(!all.parts[1].is_missing_in(&all.log));
        let one = end_of([skipped("one"), CaseEnd::Ran]);
        assert_eq!(one.log.end, CaseEnd::Ran);
        assert!(one.log.load.is_some() && one.log.started_at == one.parts[1].log.started_at);
        let missing = one.parts.iter().map(|part| part.is_missing_in(&one.log));
        assert_eq!(missing.collect::<Vec<_>>(), [true, false]);
        for ends in [
            [CaseEnd::Ran, broke.clone()],
            [skipped("one"), broke.clone()],
        ] {
            assert_eq!(end_of(ends).log.end, broke);
        }
    }

    #[test]
    fn what_is_not_one_run_is_refused() {
        let missing = refused(vec![run("a", shard(2), Vec::new())]);
        assert_eq!(missing, "the results of shard 1/2 are missing");
        let twice = ["a", "b"].map(|name| run(name, shard(2), Vec::new()));
        assert_eq!(refused(twice.into()), "a and b are both shard 2/2");
        let whole = [run("a", None, Vec::new()), run("b", shard(1), Vec::new())];
        let whole = refused(whole.into());
        assert_eq!(whole, "a is a whole run, and others are one of 2");
        let twice = ["a", "a"].map(|name| run(name, None, vec![case("x", Some("one"))]));
        let twice = refused(twice.into());
        assert_eq!(twice, "a and a are whole runs, and no parts of one");
        let same = [1, 2].map(|n| run(&n.to_string(), shard(n), vec![case("x", None)]));
        assert_eq!(refused(same.into()), "case \"x\" ran in 1 and 2");
        let other = [(1, "one"), (2, "two")]
            .map(|(n, script)| run(&n.to_string(), shard(n), vec![case("x", Some(script))]));
        let other = refused(other.into());
        assert_eq!(other, "the load \"x\" has other scripts in 2");
    }

    #[test]
    fn parts_of_different_runs_are_refused_and_one_whole_run_is_not() {
        let told = |change: fn(&mut RunFacts)| {
            let mut parts = [1, 2].map(|n| run(&n.to_string(), shard(n), Vec::new()));
            change(&mut parts[1].log.run);
            merge(parts.into()).map_err(|wrong| wrong.primary)
        };
        let seed = told(|run| run.random_seed = 7).unwrap_err();
        assert_eq!(seed, "1 ran with random seed 0, and 2 with random seed 7");
        let pgauge = told(|run| run.pgauge = "9.9".to_owned()).unwrap_err();
        assert_eq!(pgauge, "1 ran with pgauge 0.1, and 2 with pgauge 9.9");
        let major = told(|run| run.server.as_mut().unwrap().version_num = 170_002).unwrap_err();
        assert_eq!(major, "1 ran with PostgreSQL 16, and 2 with PostgreSQL 17");
        // Another minor version is no other PostgreSQL, and one that never came up is none.
        assert!(told(|run| run.server.as_mut().unwrap().version_num = 160_004).is_ok());
        assert!(told(|run| run.server = None).is_ok());
        assert!(merge(vec![run("a", None, vec![case("x", None)])]).is_ok());
    }
}
