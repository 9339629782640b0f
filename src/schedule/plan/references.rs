//! Which columns are referred to that pgauge does not generate? Those that SQL, a file, CSV or pgbench fills: their
//! values are read where they are, when they are there.

use crate::{
    schedule::generate::{Needs, ReadColumn, Seeded},
    source::SourceFile,
    spec::{
        generator::{Column, Generator},
        seed::{SeedItem, TableSeed},
    },
};
use std::sync::Arc;

/// The tables of pgbench and their columns.
const PGBENCH: &str = "\
    pgbench_accounts aid bid abalance filler pgbench_branches bid bbalance filler \
    pgbench_tellers tid bid tbalance filler pgbench_history tid bid aid delta mtime filler";

/// Words behind which tables may come about that no text names.
const MAKERS: [&str; 4] = ["execute", "format", "extension", "import"];

/// What the seed says so far.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    texts: Vec<Mentioned>,
}

#[derive(Debug)]
enum Mentioned {
    Words(String),
    File(SourceFile),
    /// Anything may be there.
    Anything,
}

impl Mentions {
    /// What there is before the seed: tables of extensions.
    pub(super) fn of_extensions(names: &[String]) -> Self {
        let texts = match names.is_empty() {
            true => Vec::new(),
            false => vec![Mentioned::Anything],
        };
        Self { texts }
    }

    /// An item was planned.
    pub(super) fn add(&mut self, item: &SeedItem, file: Option<&SourceFile>) {
        let words = match item {
            SeedItem::Use(_) => return,
            SeedItem::Sql(sql) => sql.sql.clone(),
            SeedItem::File(_) | SeedItem::Like(_) => String::new(),
            SeedItem::Csv(csv) => csv.table.clone(),
            SeedItem::Table(table) => {
                let columns: Vec<&str> = table.columns.keys().map(String::as_str).collect();
                format!("{} {}", table.table, columns.join(" "))
            }
            SeedItem::Pgbench(_) => PGBENCH.to_owned(),
        };
        self.texts.push(Mentioned::Words(words));
        self.texts.extend(file.cloned().map(Mentioned::File));
    }

    /// Whether there may be such a column, as far as the texts tell: they name the table and the column.
    fn may_have(&self, name: &str) -> bool {
        let Some((table, column)) = name.rsplit_once('.') else {
            return false;
        };
        let table = table.rsplit('.').next().unwrap_or(table);
        if self.texts.iter().any(Mentioned::makes_anything) {
            return true;
        }
        [table, column].iter().all(|word| {
            let word = word.trim_matches('"');
            self.texts.iter().any(|text| text.names(word))
        })
    }
}

impl Mentioned {
    fn text(&self) -> &str {
        match self {
            Self::Words(words) => words,
            Self::File(file) => file.text(),
            Self::Anything => "",
        }
    }

    fn names(&self, word: &str) -> bool {
        let text = self.text();
        words(text).any(|known| known.eq_ignore_ascii_case(word))
    }

    fn makes_anything(&self) -> bool {
        matches!(self, Self::Anything) || MAKERS.iter().any(|word| self.names(word))
    }
}

/// The words of a text as SQL has them, also those in comments and strings: better one too many.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
}

/// The columns among those that a table refers to which are to be read, made known to its generators.
pub(super) fn of_table(
    table: &TableSeed,
    seeded: &mut Seeded,
    mentions: &Mentions,
) -> Vec<Arc<ReadColumn>> {
    // A column of the table itself is computed.
    let own = |name: &str| {
        let (of, column) = name.rsplit_once('.').unwrap_or_default();
        of == table.table && table.columns.contains_key(column)
    };
    let names = referenced(table).filter(|name| !own(name) && seeded.column(name).is_none());
    let names: Vec<String> = names.map(str::to_owned).collect();
    read(names, seeded, mentions)
}

/// Where the values of a table come from, once it is known what is read for it.
pub(super) fn needs(table: &TableSeed, seeded: &Seeded, reads: &[Arc<ReadColumn>]) -> Needs {
    let computed = |name: &str| seeded.column(name).is_none() || seeded.is_computed(name);
    match reads.is_empty() && referenced(table).all(computed) {
        true => Needs::Nothing,
        false => Needs::Database,
    }
}

fn referenced(table: &TableSeed) -> impl Iterator<Item = &str> {
    table.columns.values().filter_map(|column| match column {
        Column::Constant(_) => None,
        Column::Generated(options) => options.reference.as_deref(),
    })
}

/// The columns among those that parameters refer to which are to be read, made known to their generators. That of a
/// generated table is computed, unless its own generators needed the database.
pub(super) fn of_parameters<'a>(
    generators: impl Iterator<Item = &'a Generator>,
    seeded: &mut Seeded,
    mentions: &Mentions,
) -> Vec<Arc<ReadColumn>> {
    let names = generators.filter_map(|generator| match generator {
        Generator::Reference(name) => Some(name.clone()),
        _ => None,
    });
    let names = names.filter(|name| !seeded.is_computed(name)).collect();
    read(names, seeded, mentions)
}

fn read(mut names: Vec<String>, seeded: &mut Seeded, mentions: &Mentions) -> Vec<Arc<ReadColumn>> {
    names.sort_unstable();
    names.dedup();
    names.retain(|name| mentions.may_have(name));
    let columns = names.into_iter().map(ReadColumn::new).map(Arc::new);
    let columns: Vec<Arc<ReadColumn>> = columns.collect();
    for column in &columns {
        seeded.add_column(column.name(), column.clone());
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_be_there_where_its_table_and_itself_are_named() {
        let mut mentions = Mentions::default();
        mentions.texts.push(Mentioned::Words(
            "CREATE TABLE shop.\"Products\" (id bigint, title text)".to_owned(),
        ));
        for name in ["products.id", "shop.Products.title", "\"Products\".id"] {
            assert!(mentions.may_have(name), "{name}");
        }
        for name in ["prodcts.id", "products.price", "products", "id"] {
            assert!(!mentions.may_have(name), "{name}");
        }
        mentions.texts.push(Mentioned::Words(
            "DO $$ BEGIN EXECUTE 'x' || 'y'; END $$".to_owned(),
        ));
        assert!(mentions.may_have("anything.at_all"));
    }
}
