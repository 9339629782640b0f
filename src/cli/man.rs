//! `pgauge man`: the manual pages.

use super::{
    Stop,
    args::{self, ManArgs},
};
use crate::{report::terminal::say, source::Diagnostic, text::did_you_mean};

/// Prints the manual page of the program, or of one of its commands.
///
/// # Errors
///
/// There is no such command, or the page cannot be made.
pub fn man(args: &ManArgs) -> Result<(), Stop> {
    say(&text(&args.command)?);
    Ok(())
}

fn text<S: AsRef<str>>(words: &[S]) -> Result<String, Stop> {
    let mut page = args::command();
    page.build();
    // The name under which `man` finds it: `man pgauge-run`.
    let mut title = page.get_name().to_owned();
    for word in words {
        let word = word.as_ref();
        let Some(found) = page.find_subcommand(word) else {
            return Err(unknown(word, &page));
        };
        title = format!("{title}-{word}");
        page = found.clone();
    }
    let page = page.display_name(title);
    let mut out = Vec::new();
    let rendered = clap_mangen::Man::new(page).render(&mut out);
    rendered.map_err(|error| {
        let primary = format!("the manual page cannot be made: {error}");
        Stop::world(Diagnostic::error("man", primary))
    })?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn unknown(name: &str, program: &clap::Command) -> Stop {
    let known = program.get_subcommands();
    let names: Vec<&str> = known.map(clap::Command::get_name).collect();
    let primary = format!("there is no command \"{name}\"");
    let mut diagnostic = Diagnostic::error("man", primary);
    diagnostic.hints.extend(did_you_mean(name, names));
    Stop::usage(diagnostic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page_with_its_example() {
        for command in args::command().get_subcommands() {
            let name = command.get_name();
            let page = text(&[name]).unwrap().replace("\\-", "-");
            assert!(page.contains(&format!("pgauge-{name}")), "{page}");
            assert!(page.contains("Example"), "{name}");
        }
        let page = text::<&str>(&[]).unwrap().replace("\\-", "-");
        assert!(page.contains("pgauge-run(1)"), "{page}");
        let page = text(&["import", "isolation"]).unwrap().replace("\\-", "-");
        assert!(page.contains("pgauge-import-isolation"), "{page}");
    }

    #[test]
    fn an_unknown_command_gets_the_nearest() {
        let stop = text(&["rum"]).unwrap_err();
        assert_eq!(stop.status().code(), 2);
        assert_eq!(stop.diagnostics().0[0].hints, ["did you mean \"run\"?"]);
    }
}
