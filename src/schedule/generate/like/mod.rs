//! Rows that are spread as production's are: from frequencies and a histogram, not from values that somebody chose.
//!
//! A value has a rank: the common values come first, each as often as it does in production, then all others, each
//! equally often. What a rank looks like is computed from the rank alone, so the same rank is the same value, and a
//! column has as many different values as it should.

mod between;
mod kind;

use super::{
    column::Column,
    error::Problem,
    random::{Random, Stream},
    reference::{ReferencedValues, Seeded},
    table::TableGenerator,
};
use crate::{
    record::Value,
    schedule::{
        generate::GenerateError,
        statistics::{ColumnStatistics, ReferenceStatistics, TableStatistics},
    },
};
use kind::{Bounds, Kind, Place};
use std::{collections::HashMap, sync::Arc};

/// From this correlation on, values lie in the order of the rows.
const ORDERED: f64 = 0.95;

/// How the values of a column come about.
#[derive(Debug)]
pub(super) enum Like {
    /// A key: another value in every row.
    Key(Kind),
    /// A moment or number that grows with the rows; the second, whether it falls instead.
    Ordered {
        bounds: Bounds,
        rows: u64,
        falling: bool,
    },
    /// By its rank.
    Spread {
        frequencies: Frequencies,
        common: Vec<Option<String>>,
        kind: Kind,
        bounds: Bounds,
    },
    /// The key of a row of another table, by its rank.
    Referring {
        frequencies: Frequencies,
        values: Arc<dyn ReferencedValues>,
    },
    /// The key of a row of the same table.
    ReferringToItself {
        frequencies: Frequencies,
        kind: Kind,
    },
}

/// How often each rank occurs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frequencies {
    /// How far the shares of the common values have added up, among those that are not NULL.
    sums: Vec<f64>,
    /// How many ranks come after them, equally often.
    rest: u64,
}

impl Frequencies {
    /// Those of a column of a table of so many rows, with at most so many different values.
    fn of(column: &ColumnStatistics, rows: u64, most: u64) -> Self {
        let given = 1.0 - column.nulls.unwrap_or_default();
        let common = column
            .shares
            .len()
            .min(usize::try_from(most).unwrap_or(usize::MAX));
        let sums = column.shares[..common].iter().scan(0.0, |sum, share| {
            *sum += share / given.max(f64::MIN_POSITIVE);
            Some(*sum)
        });
        let sums: Vec<f64> = sums.collect();
        let distinct = match column.distinct.unwrap_or_default() {
            // Nothing is known: as many as there are rows.
            0.0 => rows as f64,
            share if share < 0.0 => -share * rows as f64,
            count => count,
        };
        let distinct = (distinct.round() as u64)
            .clamp(1, rows.max(1))
            .min(most.max(1));
        let whole = sums.last().is_some_and(|sum| *sum >= 0.9999);
        let rest = match whole {
            true => 0,
            false => distinct.saturating_sub(common as u64),
        };
        Self { sums, rest }
    }

    fn rank(&self, random: &mut Random) -> u64 {
        let total = self.sums.last().copied().unwrap_or_default();
        let chance = random.unit();
        let chance = if self.rest == 0 {
            chance * total
        } else {
            chance
        };
        if chance < total {
            let rank = self.sums.partition_point(|sum| *sum <= chance);
            return rank.min(self.sums.len() - 1) as u64;
        }
        self.sums.len() as u64 + random.below(self.rest)
    }
}

impl Like {
    /// The value of a row, counted from 0.
    pub(super) fn draw(&self, row: u64, mut random: Random) -> Result<Value, Problem> {
        match self {
            Self::Key(kind) => kind.key(row),
            Self::Ordered {
                bounds,
                rows,
                falling,
            } => {
                let place = (row as f64 + 0.5) / (*rows).max(1) as f64;
                Ok(bounds.at(if *falling { 1.0 - place } else { place }))
            }
            Self::Spread {
                frequencies,
                common,
                kind,
                bounds,
            } => {
                let rank = frequencies.rank(&mut random);
                let known = usize::try_from(rank).ok().and_then(|rank| common.get(rank));
                if let Some(Some(text)) = known {
                    return Ok(kind.read(text));
                }
                let rest = frequencies.rest.max(1) as f64;
                let above = rank.saturating_sub(frequencies.sums.len() as u64);
                let at = Place {
                    share: (above as f64 + 0.5) / rest,
                    of: rest,
                };
                kind.of_rank(rank, at, bounds)
            }
            Self::Referring {
                frequencies,
                values,
            } => {
                let rank = frequencies.rank(&mut random);
                let rows = values.rows().unwrap_or_default();
                if rows == 0 {
                    return Err(Problem::new("what it refers to has no rows"));
                }
                let value = values.value(rank % rows);
                value.map_err(|error| Problem::new(error.to_string()))
            }
            Self::ReferringToItself { frequencies, kind } => {
                kind.key(frequencies.rank(&mut random))
            }
        }
    }
}

impl TableGenerator {
    /// Rows like those of a table in production, as many as `rows`. Tables that it refers to must have been seeded.
    ///
    /// # Errors
    ///
    /// What is wrong with the first wrong column: a type of which no values can be made, a reference to a table that is
    /// not seeded.
    pub fn like(
        seed: u64,
        table: &TableStatistics,
        rows: u64,
        seeded: &Seeded,
    ) -> Result<TableGenerator, GenerateError> {
        let title = table.title();
        let made = Made {
            table,
            rows,
            seeded,
        };
        let mut columns = Vec::new();
        for column in &table.columns {
            let Some(like) = made
                .column(column)
                .map_err(|problem| problem.of(&column.name))?
            else {
                continue;
            };
            // What belongs to one foreign key is drawn together.
            let together = made.reference(column).map(|of| of.columns.join(" "));
            let place = together.unwrap_or_else(|| column.name.clone());
            columns.push(Column::like(
                &column.name,
                like,
                column.nulls.unwrap_or_default(),
                Stream::of(seed, &["seed", &title, &place]),
            ));
        }
        let names: HashMap<&str, usize> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| (column.name.as_str(), at))
            .collect();
        let together: Vec<Vec<usize>> = table
            .unique
            .iter()
            .filter(|unique| unique.len() > 1)
            .filter_map(|unique| {
                unique
                    .iter()
                    .map(|name| names.get(name.as_str()).copied())
                    .collect()
            })
            .collect();
        drop(names);
        for unique in together {
            // The last one that can be drawn anew without its neighbours.
            let alone = |at: &usize| {
                let name = &columns[*at].name;
                let mut of = table
                    .references
                    .iter()
                    .filter(|of| of.columns.contains(name));
                of.all(|of| of.columns.len() == 1) && !columns[*at].is_key()
            };
            let last = unique.iter().rev().copied().find(alone);
            let has_key = unique.iter().any(|at| columns[*at].is_key());
            if let Some(last) = last.filter(|_| !has_key) {
                let others = unique.iter().copied().filter(|at| *at != last);
                columns[last].make_unique_with(others.collect());
            }
        }
        TableGenerator::of_columns(&title, rows, columns)
    }
}

/// What the columns of a table are made from.
struct Made<'a> {
    table: &'a TableStatistics,
    rows: u64,
    seeded: &'a Seeded,
}

impl Made<'_> {
    fn reference(&self, column: &ColumnStatistics) -> Option<&ReferenceStatistics> {
        let mut references = self.table.references.iter();
        references.find(|reference| reference.columns.contains(&column.name))
    }

    fn is_key(&self, column: &ColumnStatistics) -> bool {
        let mut unique = self.table.unique.iter();
        unique.any(|unique| *unique == [column.name.as_str()])
    }

    /// None for a column that is left to the server.
    fn column(&self, column: &ColumnStatistics) -> Result<Option<Like>, Problem> {
        let kind = Kind::of(column);
        if let Some(reference) = self.reference(column) {
            return self.referring(column, reference, kind).map(Some);
        }
        if self.is_key(column) {
            return Ok(Some(Like::Key(kind)));
        }
        let known = column.nulls.is_some();
        if !known && (column.has_default || !column.not_null) {
            return Ok(None);
        }
        let bounds = Bounds::of(column, &kind);
        let correlation = column.correlation.unwrap_or_default();
        let even = column.common.is_empty() && column.histogram.len() > 1;
        if even && correlation.abs() >= ORDERED && bounds.is_continuous() {
            return Ok(Some(Like::Ordered {
                bounds,
                rows: self.rows,
                falling: correlation < 0.0,
            }));
        }
        Ok(Some(Like::Spread {
            frequencies: Frequencies::of(column, self.rows, u64::MAX),
            common: column.common.clone(),
            kind,
            bounds,
        }))
    }

    fn referring(
        &self,
        column: &ColumnStatistics,
        reference: &ReferenceStatistics,
        kind: Kind,
    ) -> Result<Like, Problem> {
        // All columns of one foreign key must come to the same row: its first column says how they are spread.
        let first = self
            .table
            .columns
            .iter()
            .find(|known| reference.columns.first() == Some(&known.name));
        let first = first.unwrap_or(column);
        let unique = self.is_key(column);
        let at = reference
            .columns
            .iter()
            .position(|name| *name == column.name);
        let to = at
            .and_then(|at| reference.to.get(at))
            .map_or("", String::as_str);
        if reference.title() == self.table.title() {
            return Ok(Like::ReferringToItself {
                frequencies: Frequencies::of(first, self.rows, self.rows),
                kind,
            });
        }
        let name = format!("{}.{to}", reference.title());
        let Some(values) = self.seeded.column(&name) else {
            let problem = Problem::new(format!(
                "it refers to \"{name}\", which is not seeded before"
            ));
            return Err(
                problem.hint("name that table as well, or fill it by an earlier `table:` item")
            );
        };
        let values = Arc::clone(values);
        let rows = values.rows().unwrap_or_default();
        Ok(match unique {
            // One to one: row by row.
            true => Like::Referring {
                frequencies: Frequencies {
                    sums: Vec::new(),
                    rest: rows,
                },
                values,
            },
            false => Like::Referring {
                frequencies: Frequencies::of(first, self.rows, rows),
                values,
            },
        })
    }
}
