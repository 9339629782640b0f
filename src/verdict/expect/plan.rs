//! `plan`: is the plan of a query as it must be? Wherever it was captured, unless a point of the case is named.
//!
//! A broken property shows the plan with the guilty nodes marked. Vacuous if the server makes no plan for the statement,
//! or did not explain it; where pages or the log are bounded and no two executions did the same; and where a table is
//! never to be scanned that is not there.

use crate::{
    measure::plans::{self, Misestimate},
    record::{CapturedPlan, MeasuredPlan, PlanNode, PlanOutcome, PlanPoint, PlanSnapshot, Table},
    spec::expect::{IndexUse, JoinStrategy, PlanExpectation, PlanMoment, PlanProperties, ScanOf},
    text::{list, nearest, plural, thousands},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(pointer: &str, expectation: &PlanExpectation, context: &Context<'_>) -> Vec<Finding> {
    let properties = &expectation.plan;
    let wanted = |point: PlanPoint| match properties.on {
        None => true,
        Some(PlanMoment::Before) => point == PlanPoint::Before,
        Some(PlanMoment::After) => point == PlanPoint::After,
    };
    let snapshots = context.log.plans.iter();
    let captured: Vec<(&PlanSnapshot, &CapturedPlan)> = snapshots
        .filter(|snapshot| wanted(snapshot.point))
        .filter_map(|snapshot| {
            let mut plans = snapshot.plans.iter();
            Some((snapshot, plans.find(|plan| plan.query == properties.of)?))
        })
        .collect();
    let pointer = format!("{pointer}/plan");
    if captured.is_empty() {
        let primary = format!("no plan of query \"{}\" was captured", properties.of);
        let place = context.place(format!("{pointer}/of"));
        return vec![Finding::vacuous("no-plan", primary).at(place)];
    }
    let several = captured.len() > 1;
    let judged = captured.into_iter().flat_map(|(snapshot, plan)| {
        let subject = Subject {
            pointer: &pointer,
            context,
            properties,
            snapshot,
            when: match (several, snapshot.point) {
                (false, _) => "",
                (true, PlanPoint::Before) => " before the migration",
                (true, PlanPoint::After) => " after the migration",
            },
        };
        subject.judge(plan)
    });
    judged.collect()
}

/// One captured plan and what it must be like.
struct Subject<'a> {
    pointer: &'a str,
    context: &'a Context<'a>,
    properties: &'a PlanProperties,
    snapshot: &'a PlanSnapshot,
    /// To be put behind a sentence where there is more than one plan.
    when: &'static str,
}

impl Subject<'_> {
    fn judge(&self, captured: &CapturedPlan) -> Vec<Finding> {
        match &captured.outcome {
            PlanOutcome::Measured(plan) => self.properties_of(plan),
            PlanOutcome::NoPlan => {
                let primary = format!("the server makes no plan for query \"{}\"", captured.query);
                let hint = "SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES have plans";
                vec![self.vacuous(primary).hint(hint)]
            }
            PlanOutcome::Refused { error } => {
                let primary = format!("query \"{}\" could not be explained", captured.query);
                vec![self.vacuous(primary).label(error.message.clone())]
            }
        }
    }

    fn vacuous(&self, primary: String) -> Finding {
        let place = self.context.place(format!("{}/of", self.pointer));
        Finding::vacuous("no-plan", format!("{primary}{}", self.when)).at(place)
    }

    fn properties_of(&self, plan: &MeasuredPlan) -> Vec<Finding> {
        let properties = self.properties;
        let root = &plan.explained.root;
        let uses = properties.uses.as_ref();
        let never = properties.never.as_ref();
        let found = [
            uses.and_then(|uses| self.index(uses.index.as_ref()?, root)),
            uses.and_then(|uses| self.joins(uses.join?, root)),
            never.and_then(|never| self.seq_scan(never.seq_scan.as_ref()?, root)),
            never.and_then(|never| self.never_joins(never.join?, root)),
            self.buffers(plan),
            self.wal(plan),
            self.estimates(root),
            self.spills(root),
            self.workers(root),
        ];
        found.into_iter().flatten().collect()
    }

    fn broken(&self, code: &'static str, key: &str, says: &str) -> Finding {
        let primary = format!(
            "the plan of query \"{}\"{} {says}",
            self.properties.of, self.when
        );
        let place = self.context.place(format!("{}/{key}", self.pointer));
        Finding::failed(code, primary).at(place)
    }

    fn showing(&self, finding: Finding, root: &PlanNode, guilty: &[&PlanNode]) -> Finding {
        let tree = plans::tree(root, guilty);
        finding.detail(format!("the plan:\n{}", tree.trim_end()))
    }

    fn index(&self, wanted: &IndexUse, root: &PlanNode) -> Option<Finding> {
        let catalog = &self.snapshot.catalog;
        let serves = |node: &&PlanNode| {
            let index = node
                .shape
                .index
                .as_deref()
                .and_then(|name| catalog.index(name));
            index.is_some_and(|(table, index)| {
                catalog.is_part_of(&table.name, &wanted.on) && index.leads_with(&wanted.columns)
            })
        };
        if root.nodes().any(|node| serves(&node)) {
            return None;
        }
        let on = format!("{} ({})", wanted.on, wanted.columns.join(", "));
        let says = format!("uses no index on {on}");
        let guilty = self.scans_of(&wanted.on, root);
        let mut finding = self.broken("plan-index", "uses/index", &says);
        if let Some(node) = guilty.first() {
            finding = finding.label(format!("{} instead", node.title()));
        }
        Some(self.explain_index(self.showing(finding, root, &guilty), wanted))
    }

    /// Whether there is such an index at all.
    fn explain_index(&self, finding: Finding, wanted: &IndexUse) -> Finding {
        let Some(table) = self.snapshot.catalog.table(&wanted.on) else {
            return finding.hint(format!("there is no table \"{}\"", wanted.on));
        };
        let serving: Vec<String> = table
            .indexes
            .iter()
            .filter(|index| index.leads_with(&wanted.columns))
            .map(|index| match index.valid {
                true => format!("\"{}\"", index.name),
                false => format!("\"{}\" (invalid)", index.name),
            })
            .collect();
        match serving.as_slice() {
            [] => finding.hint(format!(
                "there is no such index; with CREATE INDEX ON {} ({}) there would be",
                wanted.on,
                wanted.columns.join(", ")
            )),
            names => finding.hint(format!(
                "there is {}, and the planner does not take it: look at the condition's form, the types and the \
                 estimates",
                list(names, "and")
            )),
        }
    }

    fn scans_of<'n>(&self, table: &str, root: &'n PlanNode) -> Vec<&'n PlanNode> {
        let catalog = &self.snapshot.catalog;
        let reads = |node: &&PlanNode| {
            let relation = node.shape.relation.as_deref();
            node.kind != "ModifyTable"
                && relation.is_some_and(|name| catalog.is_part_of(name, table))
        };
        root.nodes().filter(reads).collect()
    }

    fn joins(&self, wanted: JoinStrategy, root: &PlanNode) -> Option<Finding> {
        let joins: Vec<&PlanNode> = root.nodes().filter(|node| is_join(node)).collect();
        if joins.iter().any(|node| node.kind == wanted.node()) {
            return None;
        }
        let says = format!("has no {}", wanted.node());
        let finding = self.broken("plan-join", "uses/join", &says);
        Some(self.showing(finding, root, &joins))
    }

    fn never_joins(&self, unwanted: JoinStrategy, root: &PlanNode) -> Option<Finding> {
        let named = root.nodes().filter(|node| node.kind == unwanted.node());
        let guilty: Vec<&PlanNode> = named.collect();
        let first = guilty.first()?;
        let says = format!("has a {}", unwanted.node());
        let finding = self.broken("plan-join", "never/join", &says);
        let finding = finding.label(plans::facts_of(first));
        Some(self.showing(finding, root, &guilty))
    }

    fn seq_scan(&self, of: &ScanOf, root: &PlanNode) -> Option<Finding> {
        let scans = match &of.on {
            Some(table) => self.scans_of(table, root),
            None => root.nodes().collect(),
        };
        if let Some(table) = of.on.as_deref().filter(|_| scans.is_empty()) {
            return self.unknown_table(table);
        }
        let mut guilty = scans;
        guilty.retain(|node| node.kind == "Seq Scan");
        let first = guilty.first()?;
        let table = first.shape.relation.as_deref().unwrap_or_default();
        let finding = self.broken(
            "plan-seq-scan",
            "never/seq_scan",
            &format!("reads \"{table}\" from beginning to end"),
        );
        let finding = finding.label(plans::facts_of(first));
        Some(self.showing(finding, root, &guilty))
    }

    /// What is in neither the plan nor the catalog is never read, however the query reads what was meant. The catalog
    /// leaves out the server's own tables and those of extensions: a plan may name what it does not.
    fn unknown_table(&self, table: &str) -> Option<Finding> {
        let catalog = &self.snapshot.catalog;
        if catalog.table(table).is_some() {
            return None;
        }
        let primary = format!(
            "the plan of query \"{}\" reads no \"{table}\", and no table of this name is known{}",
            self.properties.of, self.when
        );
        let place = format!("{}/never/seq_scan/on", self.pointer);
        let finding = Finding::vacuous("no-table", primary).at(self.context.place(place));
        let known: Vec<String> = match table.contains('.') {
            true => catalog.tables.iter().map(Table::full_name).collect(),
            false => catalog.tables.iter().map(|t| t.name.clone()).collect(),
        };
        Some(match nearest(table, &known) {
            Some(near) => finding.hint(format!("did you mean \"{near}\"?")),
            None => finding.hint("name the table itself: a view is read through its tables"),
        })
    }

    /// Whether a bound holds is chance where the number is another one with every execution.
    fn unsteady(&self, plan: &MeasuredPlan, key: &str, what: &str) -> Finding {
        let primary = format!(
            "of {} of query \"{}\"{} no two in a row did the same, so that a bound on the {what} holds by chance",
            plural(u64::from(plan.executions), "execution"),
            self.properties.of,
            self.when
        );
        let place = self.context.place(format!("{}/{key}", self.pointer));
        Finding::vacuous("not-steady", primary)
            .at(place)
            .hint("random() and now() make it do something else each time: pass a value of your own, or drop the bound")
    }

    fn buffers(&self, plan: &MeasuredPlan) -> Option<Finding> {
        let bound = self.properties.buffers.as_ref()?;
        let root = &plan.explained.root;
        let actual = root.actual.as_ref()?.buffers.shared();
        let limit = Limit::of(bound, Natural::AtMost);
        if limit.holds(actual) {
            let by_chance = || self.unsteady(plan, "buffers", "pages that it reads");
            return (!plan.steady).then(by_chance);
        }
        let says = format!(
            "reads {}, expected {}",
            plural(actual, "buffer"),
            limit.map(thousands).words()
        );
        let guilty = most(root, |node| own(node, |actual| actual.buffers.shared()));
        let finding = self.broken("plan-buffers", "buffers", &says);
        let finding = finding.label(plural(actual, "buffer"));
        Some(self.showing(finding, root, &guilty))
    }

    fn wal(&self, plan: &MeasuredPlan) -> Option<Finding> {
        let bound = self.properties.wal.as_ref()?;
        let root = &plan.explained.root;
        let wal = root.actual.as_ref()?.wal;
        let limit = Limit::of(bound, Natural::AtMost).map(|size| size.0);
        if limit.holds(wal.bytes) {
            let by_chance = || self.unsteady(plan, "wal", "bytes that it writes to the log");
            return (!plan.steady).then(by_chance);
        }
        let says = format!(
            "writes {} to the log in {}, expected {}",
            plural(wal.bytes, "byte"),
            plural(wal.records, "record"),
            limit.map(thousands).words()
        );
        let guilty = most(root, |node| own(node, |actual| actual.wal.bytes));
        let finding = self.broken("plan-wal", "wal", &says);
        let finding = match wal.images {
            0 => finding,
            images => finding.hint(format!(
                "{} are among them; they depend on when the last checkpoint was",
                plural(images, "full page image")
            )),
        };
        Some(self.showing(finding, root, &guilty))
    }

    fn estimates(&self, root: &PlanNode) -> Option<Finding> {
        let allowed = self.properties.estimate_off?;
        let wrong: Vec<Misestimate<'_>> = plans::misestimates(root)
            .into_iter()
            .filter(|wrong| wrong.factor() > allowed.0)
            .collect();
        let worst = wrong.first()?;
        let says = format!(
            "expects {} at a node that has {}, {}x off, expected at most {allowed}",
            plural(worst.expected.round() as u64, "row"),
            thousands(worst.actual.round() as u64),
            (worst.factor() * 10.0).round() / 10.0,
        );
        let guilty: Vec<&PlanNode> = wrong.iter().map(|wrong| wrong.node).collect();
        let finding = self.broken("plan-estimate", "estimate_off", &says);
        let finding = finding.label(worst.node.title()).hint(
            "the planner multiplies the selectivities of conditions: where columns depend on each other, \
             CREATE STATISTICS tells it; where values are skewed, raise the column's statistics target",
        );
        Some(self.showing(finding, root, &guilty))
    }

    fn spills(&self, root: &PlanNode) -> Option<Finding> {
        self.properties.spills?;
        let spilled = |node: &&PlanNode| {
            let space = node
                .actual
                .as_ref()
                .and_then(|actual| actual.space.as_ref());
            space.is_some_and(crate::record::Space::spilled)
        };
        let guilty: Vec<&PlanNode> = root.nodes().filter(spilled).collect();
        let first = guilty.first()?;
        let says = format!("spills to disk in {}", first.title());
        let finding = self.broken("plan-spill", "spills", &says);
        let work_mem = self.snapshot.settings.get("work_mem");
        let finding = match work_mem {
            Some(work_mem) => finding.hint(format!(
                "work_mem is {work_mem}: read fewer rows or columns, or raise it"
            )),
            None => finding,
        };
        Some(self.showing(finding, root, &guilty))
    }

    fn workers(&self, root: &PlanNode) -> Option<Finding> {
        self.properties.workers?;
        let guilty: Vec<&PlanNode> = root.nodes().filter(|node| node.is_gather()).collect();
        let first = guilty.first()?;
        let asked = plural(first.shape.workers_planned, "parallel worker");
        let finding = self.broken("plan-workers", "workers", &format!("asks for {asked}"));
        // How many come, and what each of them does, is another thing each time: the plan is in the JSON results.
        Some(finding.label(first.title()))
    }
}

fn is_join(node: &PlanNode) -> bool {
    [
        JoinStrategy::Hash,
        JoinStrategy::Merge,
        JoinStrategy::NestedLoop,
    ]
    .iter()
    .any(|strategy| node.kind == strategy.node())
}

/// What a node itself did, without the nodes below: EXPLAIN counts those in.
fn own(node: &PlanNode, count: impl Fn(&crate::record::Actual) -> u64) -> u64 {
    let whole = |node: &PlanNode| node.actual.as_ref().map_or(0, &count);
    let below: u64 = node.children.iter().map(whole).sum();
    whole(node).saturating_sub(below)
}

/// The node with most of something.
fn most(root: &PlanNode, count: impl Fn(&PlanNode) -> u64) -> Vec<&PlanNode> {
    root.nodes()
        .max_by_key(|node| count(node))
        .into_iter()
        .collect()
}
