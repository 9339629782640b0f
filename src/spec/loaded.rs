//! A scenario file that was read and found right, and where everything in it stands.

use super::{
    migration::MigrationItem,
    scenario::Scenario,
    seed::SeedItem,
    tree::{NodeId, Part, PathSegment, Tree, parse_pointer},
};
use crate::{
    source::{Diagnostics, Excerpt, Place, SourceFile},
    sql,
};
use indexmap::IndexMap;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A scenario file that was read and found right.
///
/// What stands in a scenario is named by its JSON pointer in the merged document of its variant. The
/// items of a list that a seed uses continue the pointer: `/seed/0/use/3` is the fourth item of the list
/// that the first item names.
#[derive(Debug)]
pub struct LoadedScenario {
    /// The file.
    pub file: SourceFile,
    /// Where everything in it stands.
    pub tree: Tree,
    /// The scenario without any variant, or with each of them laid over it, by name. A file without
    /// variants has the one entry `None`; a file with variants has one `Some` each.
    pub variants: IndexMap<Option<String>, Arc<Scenario>>,
    /// The files that the seeds and migrations name, each once.
    pub seed_files: SeedFiles,
    /// The outcomes that expectations name, each with its alternatives, by the path that leads there from the working
    /// directory.
    pub outcomes: IndexMap<PathBuf, Vec<SourceFile>>,
    /// What works and is probably not meant; `check` tells it.
    pub warnings: Diagnostics,
}

/// The files that the seeds and migrations of a scenario name, by the path that leads to them from the working
/// directory.
#[derive(Debug, Default)]
pub struct SeedFiles {
    /// Shared lists.
    pub lists: IndexMap<PathBuf, SeedList>,
    /// SQL and CSV.
    pub texts: IndexMap<PathBuf, SourceFile>,
}

/// A shared list of seed items.
#[derive(Debug)]
pub struct SeedList {
    /// Where everything in it stands.
    pub tree: Tree,
    /// The items.
    pub items: Vec<SeedItem>,
}

/// An item of a seed with what it names.
#[derive(Debug, Clone)]
pub struct ResolvedSeed<'a> {
    /// The item; never a `use`.
    pub item: &'a SeedItem,
    /// Its JSON pointer, continued into the lists that led to it.
    pub path: String,
    /// The file that it names.
    pub file: Option<&'a SourceFile>,
}

/// The tree and the path in it to which a pointer leads.
type Spot<'a> = (&'a Tree, Vec<PathSegment>);

impl LoadedScenario {
    /// The place of what a pointer leads to in the merged document of a variant: in the overlay where
    /// that has it, else in the base; if it is nowhere, the nearest thing around it. Of a block with a
    /// key, the key.
    pub fn place(&self, variant: Option<&str>, pointer: &str) -> Place {
        self.place_of(variant, pointer, None)
    }

    /// The place of a key in the merged document of a variant, found as [`place`](Self::place) finds it.
    pub fn key_place(&self, variant: Option<&str>, pointer: &str) -> Place {
        self.place_of(variant, pointer, Some(Part::Key))
    }

    fn place_of(&self, variant: Option<&str>, pointer: &str, part: Option<Part>) -> Place {
        let (tree, path) = self.spot(variant, pointer);
        let value = tree.find(&path);
        let scalar = value.is_some_and(|id| tree.scalar(id).is_some());
        let part = part.unwrap_or(if scalar { Part::Value } else { Part::Key });
        tree.locate(&path, part)
    }

    /// The text at a pointer, which knows where its characters stand: a scalar; of a step, a query, an
    /// expectation or a seed item, its SQL; of a seed item that names a file, the file.
    pub fn excerpt(&self, variant: Option<&str>, pointer: &str) -> Option<Excerpt> {
        let (tree, path) = self.spot(variant, pointer);
        if let Some(file) = self.named_file(tree, &path) {
            return Some(Excerpt::whole_file(file));
        }
        if let Some(excerpt) = tree.excerpt(tree.find(&path)?) {
            return Some(excerpt);
        }
        let with = |key: &str| [&path[..], &[key.into()]].concat();
        tree.excerpt(tree.find(&with("sql"))?)
    }

    /// The place of a byte of the text at a pointer; of the whole text where that cannot be told.
    pub fn place_in(&self, variant: Option<&str>, pointer: &str, offset: usize) -> Place {
        match self.excerpt(variant, pointer) {
            Some(excerpt) => {
                let character = excerpt
                    .text()
                    .char_indices()
                    .take_while(|(at, _)| *at < offset);
                excerpt.at_character(character.count() + 1)
            }
            None => self.place(variant, pointer),
        }
    }

    /// The place of an error position as PostgreSQL reports it (characters from 1) for the SQL at a
    /// pointer, whose `:name` parameters went to the server as `$1` …; of a seed or a migration, for the text itself.
    pub fn sql_place(&self, variant: Option<&str>, pointer: &str, position: u32) -> Place {
        let Some(excerpt) = self.excerpt(variant, pointer) else {
            return self.place(variant, pointer);
        };
        let as_it_is = |scenario: &Arc<Scenario>| scenario.is_for_tester();
        if is_script(pointer) || self.variants.values().next().is_some_and(as_it_is) {
            return excerpt.at_character(usize::try_from(position).unwrap_or(1));
        }
        let offset = sql::bind(excerpt.text()).original_position(position);
        self.place_in(variant, pointer, offset)
    }

    /// The items of a variant's seed, shared lists unfolded, in the order in which they are carried out.
    pub fn seed(&self, variant: Option<&str>) -> Vec<ResolvedSeed<'_>> {
        let key = variant.map(str::to_owned);
        let mut resolved = Vec::new();
        if let Some(scenario) = self.variants.get(&key) {
            let mut open = vec![self.file.path()];
            self.unfold(&scenario.seed, "/seed", &mut open, &mut resolved);
        }
        resolved
    }

    /// `open` are the files that led here; a list that leads back to one of them, which the loader refuses,
    /// is passed over.
    fn unfold<'a>(
        &'a self,
        items: &'a [SeedItem],
        path: &str,
        open: &mut Vec<&'a Path>,
        resolved: &mut Vec<ResolvedSeed<'a>>,
    ) {
        let from = open.last().copied().unwrap_or(Path::new(""));
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}/{index}");
            if let SeedItem::Use(list) = item {
                let list = self.seed_files.list(from, &list.file);
                if let Some((file, list)) = list.filter(|(file, _)| !open.contains(file)) {
                    open.push(file);
                    self.unfold(&list.items, &format!("{path}/use"), open, resolved);
                    open.pop();
                }
                continue;
            }
            let file = named(item).and_then(|name| self.seed_files.text(from, name));
            resolved.push(ResolvedSeed { item, path, file });
        }
    }

    /// The text of a part of the migration that is a file.
    pub fn migration_file(&self, item: &MigrationItem) -> Option<&SourceFile> {
        match item {
            MigrationItem::File(file) => self.seed_files.text(self.file.path(), &file.file),
            MigrationItem::Sql(_) | MigrationItem::Command(_) => None,
        }
    }

    /// The tree that holds what a pointer leads to, and the path in it.
    fn spot(&self, variant: Option<&str>, pointer: &str) -> Spot<'_> {
        let path = parse_pointer(pointer);
        let (tree, path) = match variant {
            Some(variant) => (&self.tree, self.with_overlay(variant, path)),
            None => (&self.tree, path),
        };
        self.through_lists(tree, path, self.file.path())
    }

    /// The path in the file: through the overlay, if that leads at least as far as the base does.
    fn with_overlay(&self, variant: &str, path: Vec<PathSegment>) -> Vec<PathSegment> {
        let overlay: Vec<PathSegment> = ["variants".into(), variant.into()]
            .into_iter()
            .chain(path.iter().cloned())
            .collect();
        let through_overlay = self.depth(&overlay).saturating_sub(2);
        if through_overlay > 0 && through_overlay >= self.depth(&path) {
            overlay
        } else {
            path
        }
    }

    /// How many segments of a path can be followed.
    fn depth(&self, path: &[PathSegment]) -> usize {
        (1..=path.len())
            .take_while(|length| self.tree.find(&path[..*length]).is_some())
            .count()
    }

    /// Follows a path through the scalar of a `use` into the list that it names.
    fn through_lists<'a>(
        &'a self,
        tree: &'a Tree,
        path: Vec<PathSegment>,
        from: &Path,
    ) -> Spot<'a> {
        let into = (1..path.len()).find_map(|length| {
            let scalar = tree.scalar(tree.find(&path[..length])?)?;
            let used = path[length - 1] == "use".into();
            let list = used.then(|| self.seed_files.list(from, &scalar.text))?;
            list.map(|(file, list)| (length, file, list))
        });
        match into {
            Some((length, file, list)) => {
                self.through_lists(&list.tree, path[length..].to_vec(), file)
            }
            None => (tree, path),
        }
    }

    /// The file that a seed item names, or the scalar in it that is the file's name.
    fn named_file(&self, tree: &Tree, path: &[PathSegment]) -> Option<&SourceFile> {
        let name = |path: &[PathSegment]| -> Option<NodeId> { tree.find(path) };
        let last = path.last()?;
        let node = if *last == "file".into() || *last == "csv".into() {
            name(path)?
        } else {
            let with = |key: &str| [path, &[key.into()]].concat();
            name(&with("file")).or_else(|| name(&with("csv")))?
        };
        self.seed_files
            .text(tree.file().path(), &tree.scalar(node)?.text)
    }
}

impl SeedFiles {
    /// The list that a file names, with its path.
    pub fn list(&self, from: &Path, name: &str) -> Option<(&Path, &SeedList)> {
        let (path, list) = self.lists.get_key_value(&beside(from, name))?;
        Some((path, list))
    }

    /// The text that a file names.
    pub fn text(&self, from: &Path, name: &str) -> Option<&SourceFile> {
        self.texts.get(&beside(from, name))
    }
}

/// Whether a pointer leads to SQL that has no parameters.
fn is_script(pointer: &str) -> bool {
    ["/seed/", "/migrate/", "/rollback/"]
        .iter()
        .any(|block| pointer.starts_with(block))
}

/// The file that an item of a seed names besides a list.
fn named(item: &SeedItem) -> Option<&str> {
    match item {
        SeedItem::File(seed) => Some(&seed.file),
        SeedItem::Csv(seed) => Some(&seed.csv),
        SeedItem::Like(seed) => Some(&seed.like),
        SeedItem::Use(_) | SeedItem::Sql(_) | SeedItem::Table(_) | SeedItem::Pgbench(_) => None,
    }
}

/// The path of a file named in another one, relative to that one, without `.` and needless `..`.
pub fn beside(from: &Path, name: &str) -> PathBuf {
    use std::path::Component;
    let folder = from.parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for component in folder.join(name).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
            {
                path.pop();
            }
            other => path.push(other),
        }
    }
    // The folder itself, as `.` beside a file that is named without one.
    match path.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => path,
    }
}
