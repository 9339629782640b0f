//! Which relations does a statement touch, by its words? Every name in it that is one of a relation counts, with what is
//! read and touched along with that relation. Where more may happen than the words say (a routine that writes, a trigger,
//! DDL) nothing is known.

use crate::{
    run::{RelationCatalog, RelationFacts},
    sql::{
        StatementKind, TransactionControl, kind,
        lexer::{TokenKind, tokens},
        split,
    },
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a statement touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Relations that are only read, by OID.
    pub read: BTreeSet<u32>,
    /// Relations that are changed or whose rows are locked.
    pub written: BTreeSet<u32>,
    /// Whether more may happen than that.
    pub unknown: bool,
    /// Transaction control in the text, if that is all there is.
    pub control: Option<TransactionControl>,
}

impl Touched {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self {
            unknown: true,
            ..Self::default()
        }
    }

    /// Whether it is known to touch no relation.
    pub fn nothing(&self) -> bool {
        self.read.is_empty() && self.written.is_empty() && !self.unknown
    }

    /// Whether a relation is among those that are touched in any way.
    pub fn covers(&self, relation: u32, only_read: bool) -> bool {
        self.written.contains(&relation) || only_read && self.read.contains(&relation)
    }

    /// Adds what another statement touches.
    pub fn add(&mut self, other: &Self) {
        self.read.extend(&other.read);
        self.written.extend(&other.written);
        self.unknown |= other.unknown;
    }

    /// Whether one writes what the other one uses.
    pub fn meets(&self, other: &Self) -> bool {
        let uses =
            |relation: &u32, of: &Self| of.read.contains(relation) || of.written.contains(relation);
        self.written.iter().any(|relation| uses(relation, other))
            || other.written.iter().any(|relation| uses(relation, self))
    }
}

/// The names of a database.
#[derive(Debug)]
pub struct Names {
    relations: HashMap<String, Vec<u32>>,
    facts: HashMap<u32, Facts>,
    system_relations: HashSet<String>,
    system_routines: HashSet<String>,
    own_routines: HashSet<String>,
    opaque: bool,
}

#[derive(Debug)]
struct Facts {
    reads: Vec<u32>,
    touches: Vec<u32>,
    reading_is_opaque: bool,
    writing_is_opaque: bool,
}

impl Names {
    /// The names of a catalog.
    pub fn of(catalog: &RelationCatalog) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect::<HashSet<String>>();
        let mut names = Self {
            relations: HashMap::new(),
            facts: HashMap::new(),
            system_relations: set(&catalog.system_relations),
            system_routines: set(&catalog.system_routines),
            own_routines: set(&catalog.own_routines),
            opaque: catalog.opaque.is_some(),
        };
        for relation in &catalog.relations {
            let own = names.relations.entry(relation.name.clone()).or_default();
            own.push(relation.oid);
            let facts = names.facts_of(relation);
            names.facts.insert(relation.oid, facts);
        }
        names
    }

    fn facts_of(&self, relation: &RelationFacts) -> Facts {
        let mut runs = relation.expressions.iter();
        let runs_unknown = runs.any(|expression| self.calls_unknown(expression));
        Facts {
            reads: relation.reads.clone(),
            touches: relation.touches.clone(),
            reading_is_opaque: relation.reading_is_opaque || runs_unknown,
            writing_is_opaque: relation.writing_is_opaque || runs_unknown,
        }
    }

    /// What a text of one or more statements touches.
    pub fn touched(&self, sql: &str) -> Touched {
        let script = split(sql);
        let mut texts = script.statements.iter().map(|one| one.text(sql));
        let (Some(first), None) = (texts.next(), texts.next()) else {
            let mut all = Touched::default();
            for statement in &script.statements {
                let one = self.of_one(statement.text(sql));
                all.unknown |= one.control.is_some();
                all.add(&one);
            }
            return all;
        };
        self.of_one(first)
    }

    fn of_one(&self, sql: &str) -> Touched {
        let kind = kind(sql);
        let writes = match kind {
            StatementKind::Read => false,
            StatementKind::LockingRead | StatementKind::Write => true,
            StatementKind::Transaction(control) => {
                return Touched {
                    control: Some(control),
                    ..Touched::default()
                };
            }
            StatementKind::Other if is_setting(sql) => return Touched::default(),
            StatementKind::Ddl | StatementKind::Other => return Touched::unknown(),
        };
        if self.opaque || self.calls_unknown(sql) {
            return Touched::unknown();
        }
        let names = names(sql);
        let lower = |name: &Name| self.system_relations.contains(&name.text);
        if names.iter().any(lower) {
            return Touched::unknown();
        }
        let mut touched = Touched::default();
        let with = names.first().is_some_and(|first| first.text == "with");
        let only_target = kind == StatementKind::Write && !with;
        let mut target_seen = false;
        for name in &names {
            let Some(oids) = self.relations.get(&name.text) else {
                continue;
            };
            let written = writes && !(only_target && target_seen);
            for oid in oids {
                match written {
                    true => self.write(*oid, kind, &mut touched),
                    false => self.read(*oid, &mut touched),
                }
            }
            // The name of a schema comes before that of its table.
            target_seen |= !name.qualifies;
        }
        touched
    }

    fn read(&self, oid: u32, touched: &mut Touched) {
        let mut open = vec![oid];
        while let Some(oid) = open.pop() {
            // What is not of this database's own is the system's.
            let Some(facts) = self.facts.get(&oid) else {
                touched.unknown = true;
                continue;
            };
            touched.unknown |= facts.reading_is_opaque;
            if touched.read.insert(oid) {
                open.extend(&facts.reads);
            }
        }
    }

    fn write(&self, oid: u32, kind: StatementKind, touched: &mut Touched) {
        let mut open = vec![oid];
        while let Some(oid) = open.pop() {
            let Some(facts) = self.facts.get(&oid) else {
                touched.unknown = true;
                continue;
            };
            if !touched.written.insert(oid) {
                continue;
            }
            open.extend(&facts.reads);
            if kind == StatementKind::Write {
                touched.unknown |= facts.writing_is_opaque;
                open.extend(&facts.touches);
            } else {
                touched.unknown |= facts.reading_is_opaque;
            }
        }
    }

    /// Whether a text calls a routine that may do more than compute.
    fn calls_unknown(&self, sql: &str) -> bool {
        let mut names = names(sql).into_iter();
        names.any(|name| {
            self.own_routines.contains(&name.text)
                || name.called && self.system_routines.contains(&name.text)
                || name.escaped
        })
    }
}

/// SET and SHOW change and tell nothing but the session's own, except for what they say of its transaction.
fn is_setting(sql: &str) -> bool {
    let names = names(sql);
    let words: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
    let of_transaction = [
        "transaction",
        "characteristics",
        "role",
        "authorization",
        "isolation",
    ];
    words.first() == Some(&"set")
        && !words
            .iter()
            .any(|word| of_transaction.iter().any(|other| word.contains(other)))
}

/// A name in a text.
struct Name {
    /// As the server folds it.
    text: String,
    /// Whether a parenthesis follows.
    called: bool,
    /// Whether a dot follows.
    qualifies: bool,
    /// Whether it is written with escapes, which are not read here.
    escaped: bool,
}

fn names(sql: &str) -> Vec<Name> {
    let significant = tokens(sql)
        .into_iter()
        .filter(|token| token.is_significant());
    let significant: Vec<_> = significant.collect();
    let next = |at: usize| {
        significant
            .get(at + 1)
            .map_or("", |token| &sql[token.range.clone()])
    };
    let names = significant.iter().enumerate().filter_map(|(at, token)| {
        let text = &sql[token.range.clone()];
        let (text, escaped) = match token.kind {
            TokenKind::Identifier => (text.to_lowercase(), false),
            TokenKind::QuotedIdentifier => {
                let quoted = text
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                (
                    quoted.unwrap_or(text).replace("\"\"", "\""),
                    quoted.is_none(),
                )
            }
            _ => return None,
        };
        Some(Name {
            text,
            called: next(at) == "(",
            qualifies: next(at) == ".",
            escaped,
        })
    });
    names.collect()
}
