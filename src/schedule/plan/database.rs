//! The database that a case starts from, and the fingerprint by which cases share it.

use super::{
    Planner, escaped,
    hooks::script_place,
    references::{self, Mentions},
};
use crate::{
    schedule::{
        case::{DatabasePlan, SeedAction, SeedPlan, statistics_target},
        generate::{GenerateError, Needs, Seeded, Surroundings, TableGenerator, TableSpec},
        statistics::{Statistics, TableStatistics, in_order},
    },
    source::{Diagnostic, Diagnostics, SourceFile},
    spec::{
        LoadedScenario, ResolvedSeed,
        generator::Column,
        quantity::Percent,
        seed::{LikeSeed, SeedItem, TableSeed},
        value::PlainLiteral,
    },
    text::{did_you_mean, list},
};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Planner<'_> {
    /// The database that all cases of the variant start from.
    pub(super) fn database(&self) -> Result<DatabasePlan, Diagnostics> {
        let database = &self.scenario.database;
        let items = self.file.seed(self.variant);
        let by_chance = items
            .iter()
            .any(|seed| matches!(seed.item, SeedItem::Table(_) | SeedItem::Like(_)));
        let settings = self
            .database_settings()
            .map_err(|problem| Diagnostics::from(*problem))?;
        let named = settings.iter().map(|(name, value)| (&**name, &**value));
        let template = json!({
            // What ANALYZE finds is kept with the rows.
            "statistics_target": statistics_target(named),
            "extensions": database.extensions,
            "collation": database.collation,
            "role": database.role,
            "preset": database.preset,
            "seed": items.iter().map(|seed| self.hashed(seed)).collect::<Vec<Json>>(),
            // Without generated rows cases share a template whatever their random seeds are.
            "random_seed": by_chance.then_some(self.random_seed),
        });
        let mut seed = SeedPlan::default();
        let mut problems = Diagnostics::default();
        let mut mentions = Mentions::of_extensions(&database.extensions);
        for item in items {
            let (kind, file) = (item.item, item.file);
            match kind {
                SeedItem::Like(like) => {
                    let actions = self.like(like, &item, &mut seed.seeded);
                    match actions {
                        Ok(actions) => seed.actions.extend(actions),
                        Err(problem) => problems.push(*problem),
                    }
                }
                _ => {
                    let action = self.action(item, &mut seed.seeded, &mentions, &mut problems);
                    seed.actions.extend(action);
                }
            }
            mentions.add(kind, file);
        }
        let parameters = self.parameters();
        let generators = parameters.iter().map(|parameter| parameter.generator);
        seed.reads = references::of_parameters(generators, &mut seed.seeded, &mentions);
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(DatabasePlan {
            requires: self.scenario.requires.clone(),
            extensions: database.extensions.clone(),
            collation: database.collation.clone(),
            role: database.role.clone(),
            name: database.name.clone(),
            preset: database.preset,
            connect: database.connect,
            settings,
            seed,
            fingerprint: hex(&Sha256::digest(template.to_string())),
        })
    }

    /// None for a list, which has been unfolded, and for a file that was not read, which has been refused.
    fn action(
        &self,
        seed: ResolvedSeed<'_>,
        seeded: &mut Seeded,
        mentions: &Mentions,
        problems: &mut Diagnostics,
    ) -> Option<SeedAction> {
        let path = seed.path;
        let text = seed.file.map(SourceFile::shared_text);
        match seed.item {
            // A list has been unfolded, and what is like production is several actions.
            SeedItem::Use(_) | SeedItem::Like(_) => None,
            SeedItem::Sql(sql) => Some(SeedAction::Sql {
                text: sql.sql.as_str().into(),
                file: None,
                path,
            }),
            SeedItem::File(_) => text.map(|text| SeedAction::Sql {
                text,
                file: seed.file.cloned(),
                path,
            }),
            SeedItem::Csv(csv) => text.map(|text| SeedAction::Csv {
                table: csv.table.clone(),
                text,
                path,
            }),
            SeedItem::Table(table) => {
                // What was read for another table is read again: there may be more by now.
                let mut known = seeded.clone();
                let reads = references::of_table(table, &mut known, mentions);
                let generator = Arc::new(self.table(table, &path, &known, problems)?);
                let needs = references::needs(table, seeded, &reads);
                seeded.add_table(Arc::clone(&generator), needs);
                Some(SeedAction::Generate {
                    generator,
                    reads,
                    path,
                })
            }
            SeedItem::Pgbench(pgbench) => Some(SeedAction::Pgbench {
                scale: pgbench.pgbench.scale,
                path,
            }),
        }
    }

    /// What fills the tables of an export of statistics, each after those that it refers to.
    fn like(
        &self,
        like: &LikeSeed,
        seed: &ResolvedSeed<'_>,
        seeded: &mut Seeded,
    ) -> Result<Vec<SeedAction>, Box<Diagnostic>> {
        let place = |key: &str| {
            self.file
                .place(self.variant, &format!("{}/{key}", seed.path))
        };
        let wrong = |key: &str, primary: String| {
            Box::new(Diagnostic::error("statistics", primary).at(place(key)))
        };
        // A file that was not read has been refused.
        let Some(file) = seed.file else {
            return Ok(Vec::new());
        };
        let export: Statistics = serde_json::from_str(file.text()).map_err(|error| {
            let primary = format!(
                "{} is no export of statistics: {error}",
                file.path().display()
            );
            let hint = "`pgauge export statistics` prints the query that makes one";
            Box::new(
                Diagnostic::error("statistics", primary)
                    .at(place("like"))
                    .hint(hint),
            )
        })?;
        let names: Vec<String> = export.tables.iter().map(TableStatistics::title).collect();
        for (index, name) in like.tables.iter().enumerate() {
            if !names.contains(name) {
                let problem = wrong(
                    &format!("tables/{index}"),
                    format!("there is no table \"{name}\" in the export"),
                );
                let hint = did_you_mean(name, &names);
                return Err(Box::new(hint.into_iter().fold(*problem, Diagnostic::hint)));
            }
        }
        let chosen = |table: &&TableStatistics| {
            like.tables.is_empty() || like.tables.contains(&table.title())
        };
        let tables: Vec<&TableStatistics> = export.tables.iter().filter(chosen).collect();
        if tables.is_empty() {
            return Err(wrong("like", "there is no table in the export".to_owned()));
        }
        let unknown = tables.iter().find(|table| table.rows.is_none());
        if let Some(table) = unknown {
            let primary = format!(
                "table \"{}\" was never analyzed in production",
                table.title()
            );
            let hint = "run ANALYZE there and export again, or name the other tables";
            return Err(Box::new(wrong("like", primary).hint(hint)));
        }
        let tables = in_order(&tables).map_err(|circle| {
            let primary = format!("the tables {} refer to each other in a circle", list(&circle, "and"));
            let hint = "name the tables that can be filled one after the other, and seed the others by items of their own";
            Box::new(wrong("like", primary).hint(hint))
        })?;
        let scale = like.scale.map_or(1.0, Percent::fraction);
        let mut actions = Vec::new();
        for table in tables {
            let rows = table.rows_at(scale);
            let generator = TableGenerator::like(self.random_seed, table, rows, seeded);
            let generator = Arc::new(generator.map_err(|error| {
                let primary = format!("\"{}.{}\": {}", table.title(), error.of, error.message);
                Box::new(
                    error
                        .hint
                        .into_iter()
                        .fold(*wrong("like", primary), Diagnostic::hint),
                )
            })?);
            seeded.add_table(Arc::clone(&generator), Needs::Nothing);
            if rows > 0 {
                actions.push(SeedAction::Generate {
                    generator,
                    reads: Vec::new(),
                    path: seed.path.clone(),
                });
            }
        }
        Ok(actions)
    }

    /// The generator of a table; of one that is wrong, without its wrong columns, so that what refers to it
    /// is not told as wrong too.
    fn table(
        &self,
        table: &TableSeed,
        path: &str,
        seeded: &Seeded,
        problems: &mut Diagnostics,
    ) -> Option<TableGenerator> {
        let around = Surroundings {
            hooks: &self.compiler.hooks,
            seeded,
        };
        let mut columns = table.columns.clone();
        for _ in 0..=table.columns.len() {
            let spec = TableSpec {
                table: &table.table,
                rows: table.rows.0,
                columns: &columns,
            };
            let error = match TableGenerator::new(self.random_seed, spec, around) {
                Ok(generator) => return Some(generator),
                Err(error) => error,
            };
            let path = format!("{path}/columns/{}", escaped(&error.of));
            problems.push(generator_problem(self.file, self.variant, &path, &error));
            *columns.get_mut(&error.of)? = Column::Constant(PlainLiteral::Null(()));
        }
        None
    }

    /// What an item puts into the database, without the place where it is written.
    fn hashed(&self, seed: &ResolvedSeed<'_>) -> Json {
        let file = || seed.file.map(|file| self.digest(file));
        match seed.item {
            SeedItem::Use(_) => Json::Null,
            SeedItem::Sql(sql) => json!({ "sql": hex(&Sha256::digest(&sql.sql)) }),
            SeedItem::File(_) => json!({ "sql": file() }),
            SeedItem::Csv(csv) => json!({ "csv": file(), "table": csv.table }),
            SeedItem::Table(table) => json!(table),
            SeedItem::Like(like) => {
                json!({ "like": file(), "scale": like.scale, "tables": like.tables })
            }
            SeedItem::Pgbench(pgbench) => json!(pgbench),
        }
    }

    /// The digest of a file, which may be large and stand in every variant of every scenario.
    fn digest(&self, file: &SourceFile) -> String {
        let mut digests = self.compiler.digests.borrow_mut();
        let digest = digests.entry(file.path().to_owned());
        digest
            .or_insert_with(|| hex(&Sha256::digest(file.text())))
            .clone()
    }
}

/// What is wrong with the generator at a path, at its place in the file.
pub(super) fn generator_problem(
    file: &LoadedScenario,
    variant: Option<&str>,
    path: &str,
    error: &GenerateError,
) -> Diagnostic {
    let place = match error.place {
        Some(place) => script_place(file, variant, &format!("{path}/rhai"), place),
        None => file.place(variant, path),
    };
    let diagnostic = Diagnostic::error("generator", error.message.clone()).at(place);
    match &error.hint {
        Some(hint) => diagnostic.hint(hint.clone()),
        None => diagnostic,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
