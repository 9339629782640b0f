//! How do parser events become a tree, and what is refused on the way?

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{
    Entry, Kind, Layout, MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT, Mapping, Node, NodeId, Scalar,
    Style, TEXT_OF_A_VALUE, Tree, problem,
};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};
use crate::text::did_you_mean;

/// The tree of a file, unless it could not be read to its end, and everything that is wrong so far.
pub(super) fn build(file: &SourceFile) -> (Option<Tree>, Diagnostics) {
    let mut builder = Builder::new(file);
    let size = file.text().len();
    if size as u64 > MAX_BYTES.0 {
        let large = Diagnostic::error(
            "too-large",
            format!("{} is too large to read", file.path().display()),
        );
        let detail = format!("it has {size} bytes; at most {MAX_BYTES} are allowed");
        return (None, large.detail(detail).into());
    }
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
    };
    for event in Parser::new_from_str_with_options(file.text(), options) {
        let taken = match event {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => Err(problem::syntax(file, &error, builder.done)),
        };
        // Beyond a syntax error or a limit there is nothing more to learn.
        if let Err(last) = taken {
            builder.problems.push(last);
            return (None, builder.problems);
        }
    }
    if builder.nodes.is_empty() {
        builder.problems.push(problem::empty(file));
        return (None, builder.problems);
    }
    let tree = Tree {
        file: file.clone(),
        nodes: builder.nodes,
    };
    (Some(tree), builder.problems)
}

struct Builder<'a> {
    file: &'a SourceFile,
    nodes: Vec<Node>,
    /// Of each finished node, in step with `nodes`.
    extents: Vec<Extent>,
    open: Vec<Collection>,
    anchors: Anchors,
    problems: Diagnostics,
    documents: usize,
    /// Nodes so far with aliases counted as what they refer to.
    expanded: u64,
    /// End of what has been read.
    done: usize,
}

/// What an alias of a node amounts to.
#[derive(Clone, Copy, Default)]
struct Extent {
    /// Nodes in it, itself included, aliases expanded.
    size: u64,
    /// Levels of collections in it, itself included.
    height: usize,
}

/// A collection whose end has not been seen.
struct Collection {
    id: NodeId,
    children: Vec<NodeId>,
    extent: Extent,
    /// `None` for a sequence.
    mapping: Option<Layout>,
}

#[derive(Default)]
struct Anchors {
    nodes: HashMap<usize, NodeId>,
    names: Vec<String>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a SourceFile) -> Self {
        Self {
            file,
            nodes: Vec::new(),
            extents: Vec::new(),
            open: Vec::new(),
            anchors: Anchors::default(),
            problems: Diagnostics::default(),
            documents: 0,
            expanded: 0,
            done: 0,
        }
    }

    /// Takes the next event; an error ends the reading.
    fn take(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Diagnostic> {
        let span = at
            .byte_range()
            .map_or(Span::new(self.done, self.done), |range| {
                Span::new(range.start, range.end)
            });
        if let Some(tag) = at.tag_span().and_then(|tag| tag.byte_range()) {
            self.problems
                .push(problem::tag(self.file.place(Span::new(tag.start, tag.end))));
        }
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(problem::second_document(self.file.place(span)));
                }
            }
            Event::Anchor(_, name) => self.anchors.names.push(name.into_owned()),
            Event::Scalar(text, style, anchor, _) => {
                let id = self.scalar(text.into_owned(), style, span)?;
                self.anchors.nodes.insert(anchor, id);
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::UnresolvedAlias(name) => self.unknown_alias(&name, span)?,
            Event::SequenceStart(_, anchor, _) => self.begin(anchor, None, span)?,
            Event::MappingStart(style, anchor, _) => {
                self.begin(anchor, Some(layout(style)), span)?
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            // The enum is non-exhaustive; what else there is (comments) was not asked for.
            _ => {}
        }
        self.done = self.done.max(span.end);
        Ok(())
    }

    /// Adds a node, counting `size` against the limit.
    fn add(&mut self, kind: Kind, span: Span, size: u64) -> Result<NodeId, Diagnostic> {
        self.expanded = self.expanded.saturating_add(size);
        if self.expanded > MAX_NODES {
            return Err(problem::too_many(self.file.place(span)));
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { span, kind });
        self.extents.push(Extent::default());
        Ok(id)
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        span: Span,
    ) -> Result<NodeId, Diagnostic> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // The parser reports a value that is not there as an empty span with the text `~`.
        let absent = style == Style::Plain && span.start == span.end;
        let text = if absent { String::new() } else { text };
        let span = self.without_trailing_space(span);
        if text.len() as u64 > MAX_TEXT.0 {
            return Err(problem::long_text(text.len(), self.file.place(span)));
        }
        let size = 1 + text.len() as u64 / TEXT_OF_A_VALUE;
        let id = self.add(Kind::Scalar(Scalar { text, style }), span, 1)?;
        self.attach(id, Extent { size, height: 0 });
        Ok(id)
    }

    /// The span of a block scalar includes the line breaks after it.
    fn without_trailing_space(&self, span: Span) -> Span {
        let text = self
            .file
            .text()
            .get(span.start..span.end)
            .unwrap_or_default();
        Span::new(span.start, span.start + text.trim_end().len())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        let target = self.anchors.nodes.get(&anchor).copied();
        let Some(target) = target.filter(|target| self.open.iter().all(|open| open.id != *target))
        else {
            let name = self
                .file
                .text()
                .get(span.start..span.end)
                .unwrap_or_default();
            let primary = format!("alias \"{name}\" stands inside of what it refers to");
            self.problems
                .push(Diagnostic::error("endless-alias", primary).at(self.file.place(span)));
            return self.absent(span);
        };
        let extent = self.extents[target.0 as usize];
        if self.open.len() + extent.height > MAX_DEPTH {
            return Err(problem::too_deep(self.file.place(span)));
        }
        let id = self.add(Kind::Alias(target), span, extent.size)?;
        self.attach(id, extent);
        Ok(())
    }

    fn unknown_alias(&mut self, name: &str, span: Span) -> Result<(), Diagnostic> {
        let primary = format!("alias \"*{name}\" refers to no anchor before it");
        let mut diagnostic = Diagnostic::error("unknown-alias", primary).at(self.file.place(span));
        if let Some(hint) = did_you_mean(name, &self.anchors.names) {
            diagnostic = diagnostic.hint(hint);
        }
        diagnostic = diagnostic.hint(format!(
            "text that begins with * stands in quotes, as in \"*{name}\""
        ));
        self.problems.push(diagnostic);
        self.absent(span)
    }

    /// Stands for a node that was refused, so that the rest can be read.
    fn absent(&mut self, span: Span) -> Result<(), Diagnostic> {
        let scalar = Scalar {
            text: String::new(),
            style: Style::DoubleQuoted,
        };
        let id = self.add(Kind::Scalar(scalar), span, 1)?;
        self.attach(id, Extent { size: 1, height: 0 });
        Ok(())
    }

    fn begin(
        &mut self,
        anchor: usize,
        mapping: Option<Layout>,
        span: Span,
    ) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(problem::too_deep(self.file.place(span)));
        }
        let id = self.add(Kind::Sequence(Vec::new()), span, 1)?;
        self.anchors.nodes.insert(anchor, id);
        self.open.push(Collection {
            id,
            children: Vec::new(),
            extent: Extent { size: 1, height: 1 },
            mapping,
        });
        Ok(())
    }

    fn end(&mut self, end: Span) {
        let Some(collection) = self.open.pop() else {
            return;
        };
        let index = collection.id.0 as usize;
        self.extents[index] = collection.extent;
        let last = collection
            .children
            .last()
            .map(|child| self.nodes[child.0 as usize].span.end);
        // The end of a block is reported where the next thing begins.
        let closed_by_bracket = end.end > end.start;
        let end = if closed_by_bracket {
            end.end
        } else {
            last.unwrap_or(end.end)
        };
        self.nodes[index].span = Span::new(self.nodes[index].span.start, end);
        self.nodes[index].kind = match collection.mapping {
            None => Kind::Sequence(collection.children),
            Some(layout) => Kind::Mapping(self.mapping(&collection.children, layout)),
        };
        self.attach(collection.id, collection.extent);
    }

    /// Makes a finished node a child of the collection around it.
    fn attach(&mut self, id: NodeId, extent: Extent) {
        self.extents[id.0 as usize] = extent;
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(id);
            parent.extent.size = parent.extent.size.saturating_add(extent.size);
            parent.extent.height = parent.extent.height.max(extent.height + 1);
        }
    }

    fn mapping(&mut self, children: &[NodeId], layout: Layout) -> Mapping {
        let (pairs, _) = children.as_chunks::<2>();
        let entries: Vec<Entry> = pairs
            .iter()
            .map(|&[key, value]| Entry { key, value })
            .collect();
        let mut by_key = HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let place = self.file.place(self.nodes[entry.key.0 as usize].span);
            let Some(key) = self.key_text(entry.key) else {
                let problem = Diagnostic::error("key", "a key is a word or a text").at(place);
                self.problems
                    .push(problem.hint("text that begins with [ or { stands in quotes"));
                continue;
            };
            if key.is_empty() {
                let problem = Diagnostic::error("key", "there is no key before \":\"").at(place);
                self.problems.push(problem);
                continue;
            }
            match by_key.entry(key.to_owned()) {
                Slot::Vacant(slot) => {
                    slot.insert(index);
                }
                Slot::Occupied(first) => {
                    let first = entries[*first.get()].key;
                    let first = self.file.place(self.nodes[first.0 as usize].span);
                    self.problems.push(problem::duplicate(key, first, place));
                }
            }
        }
        Mapping {
            entries,
            layout,
            by_key,
        }
    }

    fn key_text(&self, key: NodeId) -> Option<&str> {
        match &self.nodes[key.0 as usize].kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            Kind::Alias(target) => match &self.nodes[target.0 as usize].kind {
                Kind::Scalar(scalar) => Some(&scalar.text),
                Kind::Sequence(_) | Kind::Mapping(_) | Kind::Alias(_) => None,
            },
            Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }
}

fn layout(style: StructureStyle) -> Layout {
    match style {
        StructureStyle::Block => Layout::Block,
        StructureStyle::Flow => Layout::Flow,
    }
}
