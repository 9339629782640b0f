//! The migration of a scenario, its texts cut into statements.

use super::{Planner, clients::settings};
use crate::{
    schedule::migration::{
        AppVersion, CompatibleMember, CompatiblePlan, MemberKind, MigrationCommand, MigrationPart,
        MigrationPlan, MigrationScript, MigrationStatement, MigrationWork, Transactions,
    },
    source::SourceFile,
    spec::{
        expect::{CompatibleFacts, Expectation},
        migration::MigrationItem,
        scenario::Settings,
    },
    sql,
};
use std::{path::Path, sync::Arc};

impl Planner<'_> {
    /// The migration, if the scenario has one.
    pub(super) fn migration(&self, expect: &[(String, Expectation)]) -> Option<MigrationPlan> {
        let scenario = self.scenario;
        if scenario.migrate.is_empty() {
            return None;
        }
        let compatible = expect
            .iter()
            .filter_map(|(_, expectation)| match expectation {
                Expectation::Compatible(compatible) => Some(&compatible.compatible),
                _ => None,
            });
        let members: Vec<_> = compatible.flat_map(|facts| self.members(facts)).collect();
        Some(MigrationPlan {
            up: self.parts("migrate", &scenario.migrate),
            down: self.parts("rollback", &scenario.rollback),
            compatible: (!members.is_empty()).then_some(CompatiblePlan { members }),
        })
    }

    fn parts(&self, block: &str, items: &[MigrationItem]) -> Vec<MigrationPart> {
        let items = items.iter().enumerate();
        items
            .map(|(index, item)| MigrationPart {
                work: self.work(item),
                path: format!("/{block}/{index}"),
            })
            .collect()
    }

    fn work(&self, item: &MigrationItem) -> MigrationWork {
        match item {
            MigrationItem::File(file) => {
                let source = self.file.migration_file(item);
                let text = source.map(SourceFile::text).unwrap_or_default();
                script(text, source, file.transaction, &file.settings)
            }
            MigrationItem::Sql(sql) => script(&sql.sql, None, sql.transaction, &sql.settings),
            MigrationItem::Command(command) => MigrationWork::Command(MigrationCommand {
                command: command.command.clone(),
                env: command.env.clone(),
                folder: command.folder.as_ref().map(|folder| {
                    let beside = self.file.file.path().parent();
                    beside.unwrap_or(Path::new("")).join(folder)
                }),
            }),
        }
    }

    /// Names that lead nowhere have been refused.
    fn members(&self, facts: &CompatibleFacts) -> Vec<CompatibleMember> {
        let old = facts.old.iter().map(|name| (AppVersion::Old, name));
        let new = facts.new.iter().map(|name| (AppVersion::New, name));
        old.chain(new)
            .filter_map(|(version, name)| {
                let (kind, on) = match self.scenario.queries.get_full(name) {
                    Some((index, _, query)) => (MemberKind::Query(index), &query.on),
                    None => (MemberKind::Client, &self.scenario.clients.get(name)?.on),
                };
                Some(CompatibleMember {
                    name: name.clone(),
                    version,
                    kind,
                    on: on.clone(),
                })
            })
            .collect()
    }
}

fn script(
    text: &str,
    file: Option<&SourceFile>,
    one_transaction: bool,
    own: &Settings,
) -> MigrationWork {
    let script = sql::split(text);
    let statements = script.statements.iter().map(|statement| {
        let before = text.get(..statement.range.start).unwrap_or_default();
        MigrationStatement {
            sql: statement.text(text).to_owned(),
            position: u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX),
        }
    });
    MigrationWork::Script(MigrationScript {
        statements: statements.collect(),
        text: Arc::from(text),
        file: file.cloned(),
        transactions: match one_transaction {
            true => Transactions::One,
            false => Transactions::AsWritten,
        },
        settings: settings(own),
    })
}
