//! Where in the YAML does every key and value stand, and may it be read at all?
//!
//! A [`Tree`] mirrors the file: every mapping, sequence, scalar and alias with its span. It is built from parser events
//! by [`read`], which refuses what no scenario needs and what could exhaust the machine (tags, duplicate keys, nesting
//! beyond [`MAX_DEPTH`], more than [`MAX_NODES`] values with aliases counted as often as they are used), and all of it
//! at once. The values themselves are read by serde_yaml; the tree checks that both parsers saw the same.
//!
//! `<<` is merged here and not by serde_yaml, whose `apply_merge` (0.10.7) moves the last key into the place of `<<` and
//! leaves a `<<` that came in through another merge.

mod build;
mod excerpt;
mod locate;
mod made;
mod problem;
#[cfg(test)]
mod tests;
mod traps;
mod value;

use std::collections::HashMap;

use crate::source::{Diagnostics, Place, SourceFile, Span};
use crate::text::quantity::ByteSize;

pub use made::{Made, Maker};

pub use locate::{Part, PathSegment, parse_pointer};

/// The largest YAML file that is read.
pub const MAX_BYTES: ByteSize = ByteSize(16 << 20);

/// The deepest nesting of mappings and sequences, aliases followed.
pub const MAX_DEPTH: usize = 64;

/// The largest number of nodes (keys, scalars, mappings, sequences), aliases counted as what they refer to.
pub const MAX_NODES: u64 = 250_000;

/// The longest text in a YAML file: SQL is taken apart into tokens, which take many times its space.
pub const MAX_TEXT: ByteSize = ByteSize(1 << 20);

/// Where a text is multiplied, by aliases or variants, every so many bytes of it count as one value more.
pub const TEXT_OF_A_VALUE: u64 = 64;

/// As many problems of one file are told at most.
const MAX_PROBLEMS: usize = 100;

/// A YAML file that was read without errors.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where everything stands.
    pub tree: Tree,
    /// What it says: aliases followed, `<<` merged, keys in the order of the file.
    pub value: serde_json::Value,
}

/// Reads a YAML file, or says everything that is wrong with it. After a syntax error the rest of the file cannot be
/// judged, so there is at most one of these.
pub fn read(file: &SourceFile) -> Result<Document, Diagnostics> {
    read_all(file).map_err(|mut problems| {
        problems.sort();
        problems.limit(MAX_PROBLEMS);
        problems
    })
}

fn read_all(file: &SourceFile) -> Result<Document, Diagnostics> {
    let (tree, mut problems) = build::build(file);
    let Some(tree) = tree else {
        return Err(problems);
    };
    problems.extend(traps::traps(&tree));
    if problems.has_errors() {
        return Err(problems);
    }
    let value = value::value(&tree)?;
    Ok(Document { tree, value })
}

/// The YAML file as a tree of places.
#[derive(Clone, Debug)]
pub struct Tree {
    file: SourceFile,
    nodes: Vec<Node>,
}

/// Names a node of its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// One mapping, sequence, scalar or alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes; of a block, from the first character of its content to the last.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys and values.
    Mapping(Mapping),
    /// `*name`: the node it stands for.
    Alias(NodeId),
}

/// A scalar: its text, quotes and indentation removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text; of a value that is not there, as in `key:`, it is empty.
    pub text: String,
    /// How it is written.
    pub style: Style,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes; the only style in which numbers, booleans and null can be meant.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// In a file that is no YAML: the text as it stands there.
    Verbatim,
}

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Keys and values in the order of the file, `<<` included.
    pub entries: Vec<Entry>,
    /// In braces or by indentation.
    pub layout: Layout,
    by_key: HashMap<String, usize>,
}

/// One key with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A scalar, or an alias of one.
    pub key: NodeId,
    /// Anything.
    pub value: NodeId,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// By indentation.
    Block,
    /// In braces.
    Flow,
}

impl Tree {
    /// The file.
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// The topmost node.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The node itself; an alias is not followed.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The node, or what it stands for if it is an alias.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            // An alias refers to a node that is complete before it, never to another alias.
            Kind::Alias(target) => target,
            _ => id,
        }
    }

    /// Where a node stands; of an alias, the alias.
    pub fn place(&self, id: NodeId) -> Place {
        self.file.place(self.node(id).span)
    }

    /// The scalar at a node, an alias followed.
    pub fn scalar(&self, id: NodeId) -> Option<&Scalar> {
        match &self.node(self.resolve(id)).kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Sequence(_) | Kind::Mapping(_) | Kind::Alias(_) => None,
        }
    }

    /// The entry of a mapping that came in through `<<` or stands there itself.
    fn entry(&self, mapping: &Mapping, key: &str) -> Option<Entry> {
        if let Some(index) = mapping.by_key.get(key) {
            return Some(mapping.entries[*index]);
        }
        let merged = mapping
            .entries
            .iter()
            .filter(|entry| self.is_merge(entry.key));
        merged
            .flat_map(|entry| self.merged_mappings(entry.value))
            .find_map(|mapping| self.entry(mapping, key))
    }

    /// Whether a key is `<<` without quotes.
    fn is_merge(&self, key: NodeId) -> bool {
        self.scalar(key)
            .is_some_and(|scalar| scalar.style == Style::Plain && scalar.text == "<<")
    }

    /// The mappings that the value of `<<` names: one, or a list of them.
    fn merged_mappings(&self, value: NodeId) -> Vec<&Mapping> {
        let mapping = |id| match &self.node(self.resolve(id)).kind {
            Kind::Mapping(mapping) => Some(mapping),
            Kind::Scalar(_) | Kind::Sequence(_) | Kind::Alias(_) => None,
        };
        match &self.node(self.resolve(value)).kind {
            Kind::Sequence(items) => items.iter().copied().filter_map(mapping).collect(),
            Kind::Mapping(_) | Kind::Scalar(_) | Kind::Alias(_) => {
                mapping(value).into_iter().collect()
            }
        }
    }
}
