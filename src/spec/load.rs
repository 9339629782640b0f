//! Reading scenario files: YAML with positions, then the schema, then the types; everything that is wrong
//! at once.

use super::{
    LoadedScenario, Scenario,
    explain::explain,
    isolation,
    loaded::{SeedFiles, SeedList, beside},
    migration::MigrationItem,
    names, overlay,
    root::Root,
    schema::{Compiled, SCENARIO, SEED_LIST},
    seed::SeedItem,
    size,
    tree::{self, Document, Part, Tree},
};
use crate::{
    isolation::Parsed,
    source::{Diagnostic, Diagnostics, Place, Severity, SourceFile},
    text::{plural, quantity::ByteSize},
};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::{
    cell::OnceCell,
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The largest SQL or CSV file that a seed may name; it is held in memory.
pub const MAX_SEED_BYTES: ByteSize = ByteSize(256 << 20);

/// The largest spec of PostgreSQL's isolation tester; the largest of PostgreSQL's own has a fiftieth of it.
pub const MAX_SPEC_BYTES: ByteSize = ByteSize(1 << 20);

/// So many problems of all files are enough: nobody reads more at once.
const ENOUGH: usize = 1_000;

/// Reads scenario files, each with its variants and what its seeds name.
///
/// # Errors
///
/// Everything that is wrong in any of the files.
pub fn load(files: &[PathBuf]) -> Result<Vec<Arc<LoadedScenario>>, Diagnostics> {
    load_within(files, None)
}

/// [`load`], where the suite says which folder no file named in a scenario may lie outside of.
///
/// # Errors
///
/// Everything that is wrong in any of them.
pub fn load_within(
    files: &[PathBuf],
    root: Option<&Path>,
) -> Result<Vec<Arc<LoadedScenario>>, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut loaded = Vec::new();
    let mut shared = Shared {
        root: root.map(Path::to_owned),
        ..Shared::default()
    };
    for (index, path) in files.iter().enumerate() {
        if problems.0.len() >= ENOUGH {
            let left = plural((files.len() - index) as u64, "more file");
            let primary = format!("not looked at, since so much is wrong already: {left}");
            problems.push(Diagnostic::new(Severity::Note, "more", primary));
            break;
        }
        let limit = match is_spec(path) {
            true => MAX_SPEC_BYTES,
            false => tree::MAX_BYTES,
        };
        let read = SourceFile::read(path, limit).map_err(Diagnostics::from);
        match read.and_then(|file| load_with(file, &mut shared)) {
            Ok(scenario) => loaded.push(Arc::new(scenario)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    problems.extend(names::unique_names(&loaded));
    if problems.has_errors() {
        problems.sort();
        Err(problems)
    } else {
        Ok(loaded)
    }
}

fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "spec")
}

/// Reads one scenario from its text.
///
/// # Errors
///
/// Everything that is wrong in it.
pub fn load_file(file: SourceFile) -> Result<LoadedScenario, Diagnostics> {
    load_with(file, &mut Shared::default())
}

/// What the scenarios of a suite have in common.
#[derive(Debug, Default)]
struct Shared {
    /// The SQL and CSV files that were read already: thousands of scenarios may share a large one.
    texts: HashMap<PathBuf, SourceFile>,
    /// The root, where the suite names one.
    root: Option<PathBuf>,
}

fn load_with(file: SourceFile, shared: &mut Shared) -> Result<LoadedScenario, Diagnostics> {
    let (mut loaded, mut problems) = read_file(file, shared)?;
    problems.extend(names::check(&loaded));
    if problems.has_errors() {
        return Err(problems);
    }
    loaded.warnings = problems;
    Ok(loaded)
}

/// Reads one scenario as it is, for tests that plan half a scenario.
#[cfg(test)]
pub(crate) fn load_unchecked(file: SourceFile) -> Result<LoadedScenario, Diagnostics> {
    read_file(file, &mut Shared::default()).map(|(loaded, _)| loaded)
}

/// Reads one scenario whose names are not checked yet, with what is wrong with the files of its seeds and
/// with some of its variants.
fn read_file(
    file: SourceFile,
    shared: &mut Shared,
) -> Result<(LoadedScenario, Diagnostics), Diagnostics> {
    if is_spec(file.path()) {
        return read_spec(file);
    }
    let Document { tree, value } = tree::read(&file)?;
    let base = check::<Scenario>(&SCENARIO, &value, &|pointer, part| {
        tree.locate_pointer(pointer, part)
    });
    let mut loaded = LoadedScenario {
        file,
        tree,
        variants: IndexMap::new(),
        seed_files: SeedFiles::default(),
        outcomes: IndexMap::new(),
        warnings: Diagnostics::default(),
    };
    let mut problems = Diagnostics::default();
    let overlays = value.get("variants").and_then(Json::as_object);
    size::variants(&value, &loaded.tree)?;
    for (name, overlay) in overlays.into_iter().flatten() {
        match variant(&loaded, name, &value, overlay) {
            Ok(scenario) => {
                let name = Some(name.clone());
                loaded.variants.insert(name, Arc::new(scenario));
            }
            Err(wrong) => add_new(&mut problems, wrong),
        }
    }
    match base {
        Ok(base) if base.variants.is_empty() => {
            loaded.variants.insert(None, Arc::new(base));
        }
        Ok(_) => {}
        Err(mut wrong) => {
            // The base's own mistakes are in every variant too.
            add_new(&mut wrong, problems);
            return Err(wrong);
        }
    }
    size::cases(&loaded)?;
    read_seeds(&mut loaded, shared, &mut problems);
    loaded.read_outcomes(&mut problems);
    Ok((loaded, problems))
}

/// Reads a spec of PostgreSQL's isolation tester. Its expected outcome is looked for where such suites have it: in the
/// folder `expected` beside that of the spec, and beside the spec itself.
fn read_spec(file: SourceFile) -> Result<(LoadedScenario, Diagnostics), Diagnostics> {
    let Parsed { spec, warnings } = crate::isolation::parse(&file)?;
    // Named from the spec's own folder.
    let folder = file.path().parent().unwrap_or(Path::new(""));
    let like = crate::isolation::expected_beside(file.path());
    let like = like
        .as_deref()
        .map(|path| path.strip_prefix(folder).unwrap_or(path));
    let like = like.map(|path| path.to_string_lossy().into_owned());
    let Document { tree, value } = isolation::document(&spec, like.as_deref());
    let scenario: Scenario = check(&SCENARIO, &value, &|pointer, part| {
        tree.locate_pointer(pointer, part)
    })?;
    let mut loaded = LoadedScenario {
        file,
        tree,
        variants: IndexMap::from([(None, Arc::new(scenario))]),
        seed_files: SeedFiles::default(),
        outcomes: IndexMap::new(),
        warnings: Diagnostics::default(),
    };
    let mut problems = warnings;
    loaded.read_outcomes(&mut problems);
    Ok((loaded, problems))
}

/// Adds what is not told already of the same place.
fn add_new(problems: &mut Diagnostics, more: Diagnostics) {
    for problem in more.0 {
        let told = |other: &Diagnostic| other.code == problem.code && other.place == problem.place;
        if !problems.0.iter().any(told) {
            problems.push(problem);
        }
    }
}

fn variant(
    loaded: &LoadedScenario,
    name: &str,
    base: &Json,
    overlay: &Json,
) -> Result<Scenario, Diagnostics> {
    let merged = overlay::merged(base, overlay);
    check(&SCENARIO, &merged, &|pointer, part| match part {
        Part::Key => loaded.key_place(Some(name), pointer),
        Part::Value => loaded.place(Some(name), pointer),
    })
}

/// Where the key or the value at a pointer stands.
pub(super) type Places<'a> = &'a dyn Fn(&str, Part) -> Place;

/// Holds a document against the schema, then against the types.
pub(super) fn check<T: DeserializeOwned>(
    schema: &Compiled,
    document: &Json,
    places: Places<'_>,
) -> Result<T, Diagnostics> {
    let problems = explain(schema, document, places);
    if problems.has_errors() {
        return Err(problems);
    }
    serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = pointer(error.path());
        Diagnostic::error("value", error.inner().to_string())
            .at(places(&pointer, Part::Value))
            .into()
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => {
                format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Enum { .. } | Segment::Unknown => pointer,
        })
}

/// Reads every file that the seeds and migrations of any variant name.
fn read_seeds(loaded: &mut LoadedScenario, shared: &mut Shared, problems: &mut Diagnostics) {
    let mut files = std::mem::take(&mut loaded.seed_files);
    let seeds: Vec<(Option<String>, Arc<Scenario>)> = loaded
        .variants
        .iter()
        .map(|(name, scenario)| (name.clone(), Arc::clone(scenario)))
        .collect();
    for (variant, scenario) in seeds {
        let mut reader = SeedReader {
            files: &mut files,
            shared,
            problems,
            chain: vec![(loaded.file.path().to_owned(), None)],
            comes_to: HashMap::new(),
            root: OnceCell::new(),
        };
        let count = reader.items(&scenario.seed, loaded.file.path(), &|index, key| {
            loaded.place(variant.as_deref(), &format!("/seed/{index}/{key}"))
        });
        for (block, items) in [
            ("migrate", &scenario.migrate),
            ("rollback", &scenario.rollback),
        ] {
            for (index, item) in items.iter().enumerate() {
                if let MigrationItem::File(file) = item {
                    let place = format!("/{block}/{index}/file");
                    let place = loaded.place(variant.as_deref(), &place);
                    reader.text(beside(loaded.file.path(), &file.file), place);
                }
            }
        }
        if let Err(problem) = size::seed(count, || loaded.key_place(variant.as_deref(), "/seed")) {
            problems.push(problem);
            // So that nobody unfolds them.
            files.lists.clear();
            break;
        }
    }
    loaded.seed_files = files;
}

struct SeedReader<'a> {
    files: &'a mut SeedFiles,
    shared: &'a mut Shared,
    problems: &'a mut Diagnostics,
    /// The lists that are being read, each with the place that names it.
    chain: Vec<(PathBuf, Option<Place>)>,
    /// How many items each list comes to, once those that it uses are unfolded.
    comes_to: HashMap<PathBuf, u64>,
    /// The root of the suite, once a file was named.
    root: OnceCell<Root>,
}

impl SeedReader<'_> {
    /// Reads what the items name, and says to how many they come.
    fn items(
        &mut self,
        items: &[SeedItem],
        from: &Path,
        place: &dyn Fn(usize, &str) -> Place,
    ) -> u64 {
        let mut count: u64 = 0;
        for (index, item) in items.iter().enumerate() {
            let own = match item {
                SeedItem::Use(seed) => self.list(beside(from, &seed.file), place(index, "use")),
                SeedItem::File(seed) => self.text(beside(from, &seed.file), place(index, "file")),
                SeedItem::Csv(seed) => self.text(beside(from, &seed.csv), place(index, "csv")),
                SeedItem::Like(seed) => self.text(beside(from, &seed.like), place(index, "like")),
                SeedItem::Sql(_) | SeedItem::Table(_) | SeedItem::Pgbench(_) => 1,
            };
            count = count.saturating_add(own);
        }
        count
    }

    fn text(&mut self, path: PathBuf, named_at: Place) -> u64 {
        if self.files.texts.contains_key(&path) {
            return 1;
        }
        let known = self.shared.texts.get(&path).cloned();
        let read = || read(&path, MAX_SEED_BYTES, &named_at);
        let inside = self.inside(&path, &named_at);
        match inside.and_then(|()| known.map_or_else(read, Ok)) {
            Ok(file) => {
                self.shared.texts.insert(path.clone(), file.clone());
                self.files.texts.insert(path, file);
            }
            Err(problem) => self.problems.push(problem),
        }
        1
    }

    fn list(&mut self, path: PathBuf, named_at: Place) -> u64 {
        if self.chain.iter().any(|(open, _)| *open == path) {
            self.problems.push(self.cycle(&path, named_at));
            return 0;
        }
        if let Some(count) = self.comes_to.get(&path) {
            return *count;
        }
        if let Err(problem) = size::chain(self.chain.len(), &named_at) {
            self.problems.push(problem);
            return 0;
        }
        let list = self
            .inside(&path, &named_at)
            .and_then(|()| read(&path, tree::MAX_BYTES, &named_at))
            .map_err(Diagnostics::from)
            .and_then(|file| read_list(&file));
        let (tree, items) = match list {
            Ok(list) => list,
            Err(wrong) => {
                self.problems.extend(wrong);
                return 0;
            }
        };
        self.chain.push((path.clone(), Some(named_at)));
        let count = self.items(&items, &path, &|index, key| {
            tree.locate_pointer(&format!("/{index}/{key}"), Part::Value)
        });
        self.chain.pop();
        self.comes_to.insert(path.clone(), count);
        self.files.lists.insert(path, SeedList { tree, items });
        count
    }

    /// Refuses a file that lies outside of the suite.
    fn inside(&self, path: &Path, named_at: &Place) -> Result<(), Diagnostic> {
        let (scenario, _) = &self.chain[0];
        let root = || Root::of(scenario, self.shared.root.as_deref());
        let root = self.root.get_or_init(root);
        root.check(path)
            .map_err(|problem| problem.at(named_at.clone()))
    }

    fn cycle(&self, path: &Path, named_at: Place) -> Diagnostic {
        let start = self.chain.iter().position(|(open, _)| open == path);
        let links = &self.chain[start.unwrap_or(0)..];
        let mut diagnostic = Diagnostic::error("seed-cycle", "a seed list uses itself")
            .at(named_at)
            .label(format!("{} again", path.display()));
        let chain: Vec<String> = links
            .iter()
            .map(|(open, _)| open.display().to_string())
            .collect();
        for (_, place) in links.iter().skip(1) {
            if let Some(place) = place {
                diagnostic = diagnostic.related(place.clone(), "through here");
            }
        }
        diagnostic.detail(format!("{} → {}", chain.join(" → "), path.display()))
    }
}

/// Reads a file that another one names; what is wrong with it is told at that place.
fn read(path: &Path, limit: ByteSize, named_at: &Place) -> Result<SourceFile, Diagnostic> {
    SourceFile::read(path, limit).map_err(|problem| match problem.place {
        Some(_) => problem,
        None => problem.at(named_at.clone()),
    })
}

fn read_list(file: &SourceFile) -> Result<(Tree, Vec<SeedItem>), Diagnostics> {
    let Document { tree, value } = tree::read(file)?;
    let items = check(&SEED_LIST, &value, &|pointer, part| {
        tree.locate_pointer(pointer, part)
    })?;
    Ok((tree, items))
}
