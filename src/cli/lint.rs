//! `pgauge lint`: is a schema sound, and does a migration do what it should not?

use super::{
    Status, Stop,
    args::{LintArgs, LintFormat},
    files::{is_for_us, missing},
    plans::write,
    server::{ServerAddress, choose},
};
use crate::{
    lint::{self, Schema, Severity},
    pg::schema_at,
    record::SchemaFacts,
    report::{
        lint::{Finding, Ignored, Linted, untraced},
        terminal::{Verbosity, View, say},
    },
    source::{Diagnostic, Diagnostics, SourceFile, render_all},
    spec::tree::MAX_BYTES,
    text::{Redactor, discreet, keep_secret, plural},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// Looks at files, or at the database of a server, and says what the rules find.
///
/// # Errors
///
/// A file that cannot be read, a server that cannot be asked, a comment that names no rule.
pub fn lint(args: &LintArgs, view: View) -> Result<Status, Stop> {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    if args.paths.is_empty() && args.server.is_none() {
        let primary = "there is nothing to look at";
        let hint = "name files of SQL, or a database with --server postgres://user@host/database";
        return Err(Stop::usage(
            Diagnostic::error("nothing", primary).hint(hint),
        ));
    }
    let mut linted = Linted::default();
    let mut secrets = Redactor::new();
    for path in chosen(args)? {
        let file = SourceFile::read(&path, MAX_BYTES).map_err(Diagnostics::from)?;
        secrets.learn_shapes(file.text());
        linted.look_at_script(&file);
    }
    keep_secret(&secrets);
    if let Some(server) = &args.server {
        linted.look_at_schema(&schema_of(server)?);
    }
    let told = shown(&linted, args.format, view)?;
    match &args.output {
        None => say(&told),
        Some(path) => write(path, &discreet(&told))?,
    }
    Ok(linted.status())
}

fn explain(code: &str) -> Result<Status, Stop> {
    let Some(rule) = lint::rule(code) else {
        let codes = lint::RULES.iter().map(|rule| rule.code);
        let mut diagnostic =
            Diagnostic::error("unknown-rule", format!("there is no rule \"{code}\""));
        diagnostic
            .hints
            .extend(crate::text::did_you_mean(code, codes));
        return Err(Stop::usage(diagnostic));
    };
    say(&lint::page(rule));
    Ok(Status::Passed)
}

impl Linted {
    fn look_at_script(&mut self, file: &SourceFile) {
        let (found, problems) = lint::lint_script(file);
        self.problems.extend(Diagnostics(problems));
        for one in found {
            let finding = Finding {
                rule: one.rule,
                found: one.found,
                place: file.place(one.span).into(),
            };
            match one.ignored {
                None => self.findings.push(finding),
                Some(reason) => self.ignored.push(Ignored { finding, reason }),
            }
        }
        self.looked_at.push(file.path().display().to_string());
    }

    fn look_at_schema(&mut self, survey: &SchemaFacts) {
        let schema = Schema {
            catalog: Some(&survey.catalog),
            dependencies: &survey.dependencies,
            copies: &survey.copies,
            scans: Vec::new(),
            under_load: false,
        };
        let found = lint::lint_schema(&schema).into_iter();
        self.findings.extend(found.map(|(rule, found)| Finding {
            rule,
            found,
            place: None,
        }));
        let tables = survey.catalog.tables.len() as u64;
        self.looked_at.push(plural(tables, "table"));
    }

    fn status(&self) -> Status {
        match (self.problems.has_errors(), self.count(Severity::Blocking)) {
            (true, _) => Status::Spec,
            (false, 0) => Status::Passed,
            (false, _) => Status::Failed,
        }
    }
}

/// What was found, as it is shown.
fn shown(linted: &Linted, format: LintFormat, view: View) -> Result<String, Stop> {
    match format {
        LintFormat::Text => {
            let mut text = render_all(&linted.diagnostics(), view.color);
            if view.verbosity > Verbosity::Quiet {
                text.push_str(&format!("{}\n", linted.summary()));
                text.push_str(&untraced(linted.claims()));
            }
            Ok(text)
        }
        LintFormat::Markdown => Ok(linted.markdown()),
        LintFormat::Json => linted.json().map_err(|error| {
            let primary = format!("the findings cannot be told as JSON: {error}");
            Stop::world(Diagnostic::error("report", primary))
        }),
    }
}

/// The files of SQL that are meant: those that were named, those in folders; with `--since` only what changed.
fn chosen(args: &LintArgs) -> Result<Vec<PathBuf>, Stop> {
    let mut files = BTreeSet::new();
    for path in &args.paths {
        if path.is_dir() {
            in_folder(path, &mut files).map_err(|error| unreadable(path, &error))?;
        } else if !path.exists() {
            return Err(missing(path));
        } else if is_for_us(path) {
            // Read as SQL, a scenario would be found to be without fault.
            let primary = format!("{} is no file of SQL", path.display());
            let hint = "rules look at SQL; `pgauge check` looks at scenarios";
            return Err(Stop::usage(
                Diagnostic::error("not-sql", primary).hint(hint),
            ));
        } else {
            files.insert(path.clone());
        }
    }
    if files.is_empty() && !args.paths.is_empty() {
        let primary = "there is no file of SQL in what was named";
        let hint = "in a folder, files that end in .sql are looked at";
        return Err(Stop::usage(
            Diagnostic::error("nothing", primary).hint(hint),
        ));
    }
    let Some(since) = &args.since else {
        return Ok(files.into_iter().collect());
    };
    let changed = changed_since(since)?;
    files.retain(|file| {
        let whole = std::fs::canonicalize(file);
        whole.is_ok_and(|whole| changed.contains(&whole))
    });
    Ok(files.into_iter().collect())
}

fn in_folder(folder: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            in_folder(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.insert(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Stop {
    let primary = format!("cannot read {}: {error}", path.display());
    Stop::world(Diagnostic::error("file", primary))
}

/// The files that are not as they were at a commit, also those that git does not know yet.
fn changed_since(reference: &str) -> Result<BTreeSet<PathBuf>, Stop> {
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let root = PathBuf::from(root.trim_end());
    // A name that begins with a dash would be an option.
    let verified = git(&[
        "rev-parse",
        "--verify",
        "--end-of-options",
        &format!("{reference}^{{commit}}"),
    ])?;
    let changed = git(&[
        "diff",
        "--name-only",
        "-z",
        "--no-relative",
        verified.trim_end(),
    ])?;
    let new = git(&[
        "ls-files",
        "--others",
        "--exclude-standard",
        "--full-name",
        "-z",
        ":/",
    ])?;
    let names = changed.split('\0').chain(new.split('\0'));
    let paths = names
        .filter(|name| !name.is_empty())
        .map(|name| root.join(name));
    Ok(paths
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .collect())
}

fn git(arguments: &[&str]) -> Result<String, Stop> {
    let ran = Command::new("git")
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output();
    let refused = |why: String| {
        let primary = format!("git cannot tell what changed: {why}");
        Stop::usage(
            Diagnostic::error("since", primary)
                .hint("name a commit, a branch or a tag: --since main"),
        )
    };
    let output = ran.map_err(|error| refused(error.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(refused(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
    }
}

fn schema_of(server: &str) -> Result<SchemaFacts, Stop> {
    let variable = |name: &str| std::env::var(name).ok();
    let ServerAddress::Url(conninfo) = choose(Some(server), None, &variable)?.server else {
        let primary = "there is nothing to look at in a server that pgauge starts itself";
        let hint = "name a database: --server postgres://user@host/database";
        return Err(Stop::usage(Diagnostic::error("server", primary).hint(hint)));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let broken = |primary: String| Stop::world(Diagnostic::error("server", primary));
    let runtime = runtime.map_err(|error| broken(format!("no runtime: {error}")))?;
    runtime.block_on(schema_at(*conninfo)).map_err(|breakage| {
        let mut diagnostic = Diagnostic::error(breakage.code, breakage.message);
        diagnostic.detail = breakage.detail;
        diagnostic.hints.extend(breakage.hint);
        Stop::world(diagnostic)
    })
}
