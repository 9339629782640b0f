//! `check`: a rhai expression over what was measured; it must be true.
//!
//! A check that fails says what each of its calls gave. Vacuous if one of them had nothing, or too little, to look at.

use crate::{
    measure::{Latency, Measurements, Percentile},
    record::Micros,
    script::{CheckEnd, CheckFunction, CheckHost, Checks, Fact, ScriptError, Touched},
    spec::expect::CheckExpectation,
    verdict::{
        context::Context,
        finding::{Finding, FindingPlace, Within},
    },
};

/// The findings of this expectation.
pub fn judge(pointer: &str, expectation: &CheckExpectation, context: &Context<'_>) -> Vec<Finding> {
    let pointer = format!("{pointer}/check");
    let check = match Checks::default().compile(&expectation.check) {
        Ok(check) => check,
        Err(error) => return vec![broken(&pointer, &error, context)],
    };
    let outcome = check.evaluate(&Host(context.measurements));
    let place = context.place(&pointer);
    let finding = match outcome.end {
        CheckEnd::Holds => return Vec::new(),
        CheckEnd::Fails => {
            let primary = expectation.message.clone();
            let primary = primary.unwrap_or_else(|| "the check does not hold".to_owned());
            Finding::failed("check", primary)
                .at(place)
                .detail(told(&outcome.touched))
        }
        CheckEnd::NothingMeasured => {
            let what = outcome
                .touched
                .last()
                .map_or("", |touched| &touched.written);
            let primary = format!("{what} had nothing, or too little, to look at");
            Finding::vacuous("too-few-samples", primary)
                .at(place)
                .detail(told(&outcome.touched))
                .hint("a p50 needs 2 samples, a p90 10, a p95 20, a p99 100, a p999 1000")
        }
        CheckEnd::Broken(error) => broken(&pointer, &error, context),
    };
    vec![finding]
}

fn broken(pointer: &str, error: &ScriptError, context: &Context<'_>) -> Finding {
    let mut finding = Finding::failed("check", format!("the check broke: {}", error.message));
    finding.hints.extend(error.hint.clone());
    finding.at(FindingPlace {
        within: Within::Script {
            line: error.place.line,
            column: error.place.column,
        },
        ..context.place(pointer)
    })
}

/// What each call of a check gave, one line each.
fn told(touched: &[Touched]) -> Option<String> {
    let lines: Vec<String> = touched
        .iter()
        .map(|Touched { written, fact }| match fact {
            Some(Fact::Count(count)) => format!("{written} is {count}"),
            Some(Fact::Number(number)) => format!("{written} is {}", rounded(*number)),
            None => format!("{written} is not known"),
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A number with at most three decimals.
fn rounded(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What checks look at.
struct Host<'a>(&'a Measurements);

impl CheckHost for Host<'_> {
    fn fact(&self, function: CheckFunction, of: &str, fact: &str) -> Option<Fact> {
        match function {
            CheckFunction::Throughput => self.throughput(of, fact),
            CheckFunction::Latency => latency(self.0.latencies.get(of)?, fact),
            CheckFunction::Statements => self.statements(of, fact),
            CheckFunction::Errors => self.errors(of, fact),
            CheckFunction::Measure => self.measured(of, fact),
        }
    }
}

fn latency(latency: &Latency, fact: &str) -> Option<Fact> {
    let milliseconds = |micros: Micros| Fact::Number(micros.0 as f64 / 1000.0);
    match fact {
        "max" => Some(milliseconds(latency.max())),
        "mean" => Some(Fact::Number(latency.mean() / 1000.0)),
        "count" => Some(Fact::Count(latency.count())),
        name => {
            let percentile = Percentile::ALL
                .into_iter()
                .find(|known| known.name().replace('.', "") == name)?;
            latency.percentile(percentile).map(milliseconds)
        }
    }
}

impl Host<'_> {
    fn throughput(&self, of: &str, fact: &str) -> Option<Fact> {
        let throughput = self.0.throughputs.as_ref()?.get(Some(of))?;
        match fact {
            _ if throughput.count == 0 => None,
            "count" => Some(Fact::Count(throughput.count)),
            "rate" => throughput.per_second().map(Fact::Number),
            _ => None,
        }
    }

    fn statements(&self, of: &str, fact: &str) -> Option<Fact> {
        let statements = &self.0.statements;
        let client = of.split_once('.').map_or(of, |(client, _)| client);
        let passes = statements.passes_of(client).count();
        let count = statements.count_of(of);
        match fact {
            _ if passes == 0 => None,
            "count" => Some(Fact::Count(count)),
            "per_iteration" => Some(Fact::Number(count as f64 / passes as f64)),
            _ => None,
        }
    }

    fn errors(&self, of: &str, fact: &str) -> Option<Fact> {
        let counts = self.0.errors.get(of)?;
        match fact {
            // A load knows every step of its scripts, those that were never taken too: no errors of them say nothing.
            _ if counts.executions == 0 => None,
            "count" => Some(Fact::Count(counts.count())),
            "rate" => counts.rate().map(Fact::Number),
            _ => None,
        }
    }

    fn measured(&self, of: &str, fact: &str) -> Option<Fact> {
        let measured = self.0.measured.get(of)?;
        Some(match fact {
            "min" => Fact::Number(measured.min),
            "max" => Fact::Number(measured.max),
            "mean" => Fact::Number(measured.mean()),
            "sum" => Fact::Number(measured.sum),
            "count" => Fact::Count(measured.count),
            "last" => Fact::Number(measured.last),
            _ => return None,
        })
    }
}
