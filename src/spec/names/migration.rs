//! The migration: its texts hold statements, and whoever speaks of a time before and after it has one.

use super::{Checker, escaped};
use crate::{
    source::Diagnostic,
    spec::{
        expect::{
            CompatibleFacts, Expectation, ImprovesFacts, MigrationFacts, NoneOr, TimeoutRule,
        },
        migration::{MigrationItem, ResultRule, is_both},
    },
    sql,
};

impl Checker<'_> {
    pub(super) fn migration(&self) {
        let scenario = self.scenario;
        self.migration_items("migrate", &scenario.migrate);
        self.migration_items("rollback", &scenario.rollback);
        if scenario.load.is_some() && !scenario.migrate.is_empty() {
            self.in_the_midst_of_a_load();
        }
        if scenario.migrate.is_empty() {
            self.nothing_to_undo();
            self.no_before_and_after();
        } else if let Some(order) = self.beside_a_migration() {
            let primary = format!("\"{order}\" and \"migrate\" cannot stand together");
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("/{order}")))
                    .related(self.key_place("/migrate"), "the migration")
                    .hint("the clients run freely before, during and after a migration"),
            );
        }
    }

    /// A migration begins when a third of the load is over, and the clients of a load go across it.
    fn in_the_midst_of_a_load(&self) {
        let clients = self.scenario.clients.iter();
        for (name, _) in clients.filter(|(_, client)| !is_both(&client.on)) {
            let primary = format!(
                "\"{name}\" works on one side of the migration only, and a load goes across it"
            );
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("/clients/{}/on", escaped(name))))
                    .related(self.key_place("/load"), "the load")
                    .hint("try it in a scenario of its own, with \"compatible\""),
            );
        }
    }

    /// The block that a migration cannot stand beside: its clients run freely, with events of their own.
    fn beside_a_migration(&self) -> Option<&'static str> {
        let scenario = self.scenario;
        let blocks = [
            ("order", scenario.order.is_some()),
            ("orders", !scenario.orders.is_empty()),
            ("explore", scenario.explore.is_some()),
        ];
        blocks
            .into_iter()
            .find_map(|(block, said)| said.then_some(block))
    }

    fn migration_items(&self, block: &str, items: &[MigrationItem]) {
        for (index, item) in items.iter().enumerate() {
            let path = format!("/{block}/{index}");
            let text = match item {
                MigrationItem::Sql(sql) => sql.sql.as_str(),
                MigrationItem::File(_) => match self.loaded.migration_file(item) {
                    Some(file) => file.text(),
                    // That it cannot be read has been told.
                    None => continue,
                },
                MigrationItem::Command(command) => {
                    self.url_in_arguments(&command.command, &path);
                    continue;
                }
            };
            let script = sql::split(text);
            self.psql_commands(&script, &path);
            if script.statements.is_empty() && script.psql_commands.is_empty() {
                let primary = "there is no statement in this migration";
                let place = self.place(&path);
                self.push(Diagnostic::error("no-statement", primary).at(place));
            }
            let copies = script.statements.iter().find(|s| s.copy_data.is_some());
            if let Some(copy) = copies {
                let primary = "COPY from stdin has nobody who sends its data here";
                self.push(
                    Diagnostic::error("copy-from-stdin", primary)
                        .at(self.in_sql(&path, &copy.range))
                        .hint("write the rows as INSERT, or load them in \"seed\""),
                );
            }
        }
    }

    /// What stands in the arguments of a program is seen by everybody on the machine.
    fn url_in_arguments(&self, command: &[String], path: &str) {
        let spilled = command.iter().enumerate();
        let mut spilled = spilled.filter(|(_, word)| {
            ["{url}", "{password}"]
                .iter()
                .any(|secret| word.contains(secret))
        });
        if let Some((index, _)) = spilled.next() {
            let primary = "a password in a program's arguments is seen by everybody on the machine";
            self.push(
                Diagnostic::error("secret-in-arguments", primary)
                    .at(self.place(&format!("{path}/command/{index}")))
                    .hint("put it into \"env\"; DATABASE_URL is there in any case"),
            );
        }
    }

    fn nothing_to_undo(&self) {
        if !self.scenario.rollback.is_empty() {
            let diagnostic = Diagnostic::error("no-migration", "there is no migration to undo");
            self.push(
                diagnostic
                    .at(self.key_place("/rollback"))
                    .hint("add \"migrate\""),
            );
        }
    }

    fn no_before_and_after(&self) {
        let queries = self.scenario.queries.iter();
        let queries = queries.flat_map(|(name, query)| {
            let path = format!("/queries/{}", escaped(name));
            let on = (!is_both(&query.on)).then(|| format!("{path}/on"));
            let result = (query.result != ResultRule::Same).then(|| format!("{path}/result"));
            on.into_iter().chain(result)
        });
        let clients = self.scenario.clients.iter();
        let clients = clients
            .filter(|(_, client)| !is_both(&client.on))
            .map(|(name, _)| format!("/clients/{}/on", escaped(name)));
        for path in queries.chain(clients) {
            let primary = "this speaks of a migration, and there is none";
            self.push(
                Diagnostic::error("no-migration", primary)
                    .at(self.key_place(&path))
                    .hint("add \"migrate\""),
            );
        }
    }

    /// Whether there is a migration for an expectation that looks at one.
    pub(super) fn has_its_migration(&self, expectation: &Expectation, path: &str) {
        let needs = match expectation {
            Expectation::Migration(_) => "migration",
            Expectation::Compatible(_) => "compatible",
            Expectation::Improves(_) => "improves",
            _ => return,
        };
        if self.scenario.migrate.is_empty() {
            let primary = format!("\"{needs}\" looks at a migration, and there is none");
            self.push(
                Diagnostic::error("no-migration", primary)
                    .at(self.key_place(&format!("{path}/{needs}")))
                    .hint("add \"migrate\""),
            );
        }
    }

    pub(super) fn migration_facts(&self, facts: &MigrationFacts, path: &str) {
        if *facts == MigrationFacts::default() {
            let hint = "add rewrites, blocks, locks, lock_timeout, scans, duration, data_loss or another of its keys";
            self.says_nothing(path, hint);
        }
        self.bound(facts.duration.as_ref(), &format!("{path}/duration"));
        self.bound(facts.wal.as_ref(), &format!("{path}/wal"));
        self.bound(facts.dead_rows.as_ref(), &format!("{path}/dead_rows"));
        self.bound(facts.disk.as_ref(), &format!("{path}/disk"));
        self.bound(facts.waited.as_ref(), &format!("{path}/waited"));
        self.bound(facts.queue.as_ref(), &format!("{path}/queue"));
        self.bound(facts.failed.as_ref(), &format!("{path}/failed"));
        let lost = format!("{path}/throughput_lost");
        self.bound(facts.throughput_lost.as_ref(), &lost);
        for (key, blocks) in [
            ("blocks", &facts.blocks),
            ("blocks_reads", &facts.blocks_reads),
        ] {
            if let Some(NoneOr::Some(bound)) = blocks {
                self.bound(Some(bound), &format!("{path}/{key}"));
            }
        }
        let timeouts = [
            ("lock_timeout", &facts.lock_timeout),
            ("statement_timeout", &facts.statement_timeout),
        ];
        for (key, rule) in timeouts {
            if let Some(TimeoutRule::Within(bound)) = rule {
                self.bound(Some(bound), &format!("{path}/{key}"));
            }
        }
        if let Some(error) = &facts.error {
            self.condition(error, &format!("{path}/error"));
        }
        let of_traffic = [
            ("waited", facts.waited.is_some()),
            ("queue", facts.queue.is_some()),
            ("failed", facts.failed.is_some()),
            ("throughput_lost", facts.throughput_lost.is_some()),
        ];
        let mut of_traffic = of_traffic.iter().filter(|(_, said)| *said);
        if let Some((key, _)) = of_traffic.next()
            && !self.has_traffic()
        {
            let primary = format!("\"{key}\" looks at clients, and none runs beside the migration");
            self.push(
                Diagnostic::error("no-traffic", primary)
                    .at(self.key_place(&format!("{path}/{key}")))
                    .hint("add \"clients\" that work before and after it"),
            );
        }
    }

    fn has_traffic(&self) -> bool {
        let mut clients = self.scenario.clients.values();
        clients.any(|client| is_both(&client.on))
    }

    pub(super) fn compatible(&self, facts: &CompatibleFacts, path: &str) {
        if facts.old.is_empty() && facts.new.is_empty() {
            self.says_nothing(path, "add old or new");
        }
        for (side, names) in [("old", &facts.old), ("new", &facts.new)] {
            for (index, name) in names.iter().enumerate() {
                self.member(name, &format!("{path}/{side}/{index}"));
            }
        }
        for (index, exception) in facts.except.iter().enumerate() {
            let path = format!("{path}/except/{index}");
            let mut members = facts.old.iter().chain(&facts.new);
            if !members.any(|name| *name == exception.of) {
                let known = facts.old.iter().chain(&facts.new).map(String::as_str);
                let place = self.place(&format!("{path}/of"));
                let primary = format!(
                    "\"{}\" is neither under \"old\" nor under \"new\"",
                    exception.of
                );
                self.push(self.nowhere(primary, &exception.of, place, known));
            }
            if exception.reason.trim().is_empty() {
                let diagnostic = Diagnostic::error("no-reason", "an exception needs a reason");
                self.push(diagnostic.at(self.place(&format!("{path}/reason"))));
            }
            if exception.until.parse::<jiff::civil::Date>().is_err() {
                let primary = format!("there is no day \"{}\"", exception.until);
                let place = self.place(&format!("{path}/until"));
                self.push(Diagnostic::error("no-day", primary).at(place));
            }
        }
    }

    fn member(&self, name: &str, path: &str) {
        let is_client = self.scenario.clients.contains_key(name);
        if let (true, Some(_)) = (is_client, &self.scenario.load) {
            let primary =
                format!("\"{name}\" is a part of the load, and cannot be tried by itself");
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.place(path))
                    .related(self.key_place("/load"), "the load")
                    .hint("name queries, or try clients in a scenario without a load"),
            );
        }
        if !is_client && !self.scenario.queries.contains_key(name) {
            let known = self
                .scenario
                .queries
                .keys()
                .chain(self.scenario.clients.keys());
            let place = self.place(path);
            self.push(self.unknown("query or client", name, place, known.map(String::as_str)));
        }
    }

    pub(super) fn improves(&self, facts: &ImprovesFacts, path: &str) {
        self.bound(Some(&facts.by), &format!("{path}/by"));
        match self.scenario.queries.get(&facts.of) {
            None => {
                let known = self.scenario.queries.keys().map(String::as_str);
                let place = self.place(&format!("{path}/of"));
                self.push(self.unknown("query", &facts.of, place, known));
            }
            Some(query) => {
                if !is_both(&query.on) {
                    let primary =
                        format!("\"{}\" works only on one side of the migration", facts.of);
                    let on = format!("/queries/{}/on", escaped(&facts.of));
                    self.push(
                        Diagnostic::error("contradiction", primary)
                            .at(self.place(&format!("{path}/of")))
                            .related(self.key_place(&on), "so it says here"),
                    );
                }
            }
        }
    }
}
