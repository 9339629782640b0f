//! `compatible`: can two versions of an application live with the migration, before, during and after it?
//!
//! Every member runs on the schema before and after, and while it changes. It must succeed where its `on` says that it
//! works, and fail where it does not. An exception lets a member fail after the migration, up to its last day; that day
//! is compared with the day on which the case began. Vacuous if a member never ran at a time.

use super::{migration::brief, never_migrated};
use crate::{
    record::{MemberRun, Phase, ServerError},
    schedule::{AppVersion, CompatibleMember},
    spec::{
        expect::{CompatibleException, CompatibleExpectation},
        migration::Point,
    },
    verdict::{
        context::{Context, condition},
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expected: &CompatibleExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let pointer = format!("{pointer}/compatible");
    let facts = &expected.compatible;
    let plan = context.case.migration.as_ref();
    let log = context.log.migration.as_deref();
    let (Some(plan), Some(log)) = (plan.and_then(|plan| plan.compatible.as_ref()), log) else {
        return vec![never_migrated(context, &pointer)];
    };
    if log.statements.is_empty() {
        return vec![never_migrated(context, &pointer)];
    }
    let mut findings = Vec::new();
    let sides = [
        ("old", AppVersion::Old, &facts.old),
        ("new", AppVersion::New, &facts.new),
    ];
    for (side, version, names) in sides {
        for (index, name) in names.iter().enumerate() {
            let mut members = plan.members.iter();
            let member = members.find(|member| member.name == *name && member.version == version);
            let Some(member) = member else { continue };
            let cell = Cell {
                context,
                member,
                pointer: format!("{pointer}/{side}/{index}"),
                exception: facts
                    .except
                    .iter()
                    .position(|exception| exception.of == *name),
                exceptions: &facts.except,
                expectation: &pointer,
            };
            let run_at = |phase| {
                let mut runs = log.compatible.iter();
                runs.find(|run| run.member == *name && run.phase == phase)
            };
            let sides = [Phase::Before, Phase::After].map(|phase| (phase, run_at(phase)));
            for (phase, run) in sides {
                findings.extend(cell.judge(phase, run));
            }
            // Who fails on a side fails meanwhile as well, at some time.
            if sides
                .iter()
                .all(|(_, run)| run.is_some_and(|run| run.error.is_none()))
            {
                findings.extend(cell.judge(Phase::During, run_at(Phase::During)));
            }
        }
    }
    findings
}

/// A member of a version, at one time after the other.
struct Cell<'a> {
    context: &'a Context<'a>,
    member: &'a CompatibleMember,
    pointer: String,
    exception: Option<usize>,
    exceptions: &'a [CompatibleException],
    expectation: &'a str,
}

impl Cell<'_> {
    fn judge(&self, phase: Phase, run: Option<&MemberRun>) -> Option<Finding> {
        let works = match phase {
            Phase::Before => self.member.on.contains(&Point::Before),
            Phase::After => self.member.on.contains(&Point::After),
            // While the schema changes, only who works on both sides has to; clients run beside it anyway.
            Phase::During => match run {
                Some(_) => true,
                None => return None,
            },
        };
        let Some(run) = run.filter(|run| run.runs > 0) else {
            let primary = format!("\"{}\" never ran {phase} the migration", self.member.name);
            let place = self.context.place(&self.pointer);
            return Some(Finding::vacuous("never-ran", primary).at(place));
        };
        match (works, &run.error) {
            (true, None) | (false, Some(_)) => None,
            (true, Some(error)) => self.broken(phase, error),
            (false, None) => Some(self.works_after_all(phase)),
        }
    }

    fn broken(&self, phase: Phase, error: &ServerError) -> Option<Finding> {
        let version = match self.member.version {
            AppVersion::Old => "old",
            AppVersion::New => "new",
        };
        let code = match error.code.is_empty() {
            true => String::new(),
            false => format!(" with {}", condition(&error.code)),
        };
        let primary = format!(
            "\"{}\" of the {version} version fails {phase} the migration{code}",
            self.member.name
        );
        let mut finding = Finding::failed("incompatible", primary)
            .at(self.context.place(&self.pointer))
            .label(brief(&error.message));
        if phase == Phase::Before {
            return Some(finding.hint(
                "if the new version is deployed after the migration only, say so: on: [after]",
            ));
        }
        let Some(index) = self.exception else {
            let hint = "expand first, contract when the old version is gone: keep the old names and columns until then";
            return Some(finding.hint(hint));
        };
        let exception = &self.exceptions[index];
        let today = self.context.log.started_at.get(..10).unwrap_or_default();
        if today <= exception.until.as_str() {
            return None;
        }
        finding = finding.hint(format!(
            "the exception ({}) ended on {}: remove what it speaks of, or renew it",
            exception.reason, exception.until
        ));
        let place = format!("{}/except/{index}/until", self.expectation);
        Some(finding.related(self.context.place(place), "the last day of the exception"))
    }

    fn works_after_all(&self, phase: Phase) -> Finding {
        let name = &self.member.name;
        let primary =
            format!("\"{name}\" works {phase} the migration, and its \"on\" says that it does not");
        let kind = match self.context.case.scenario.queries.contains_key(name) {
            true => "queries",
            false => "clients",
        };
        let own = format!("/{kind}/{}/on", crate::verdict::context::segment(name));
        Finding::failed("works-after-all", primary)
            .at(self.context.place(&self.pointer))
            .related(self.context.place(own), "so it says here")
            .hint("drop \"on\"")
    }
}
