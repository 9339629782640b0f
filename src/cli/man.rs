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
    say(&text(args.command.as_deref())?);
    Ok(())
}

fn text(command: Option<&str>) -> Result<String, Stop> {
    let mut program = args::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let names: Vec<String> = program
                .get_subcommands()
                .map(|command| command.get_name().to_owned())
                .collect();
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| unknown(name, &names))?
        }
    };
    let page = match command {
        None => page,
        // The name under which `man` finds it: `man pgauge-run`.
        Some(name) => page.display_name(format!("pgauge-{name}")),
    };
    let mut out = Vec::new();
    let rendered = clap_mangen::Man::new(page).render(&mut out);
    rendered.map_err(|error| {
        let primary = format!("the manual page cannot be made: {error}");
        Stop::world(Diagnostic::error("man", primary))
    })?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn unknown(name: &str, names: &[String]) -> Stop {
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
            let page = text(Some(name)).unwrap().replace("\\-", "-");
            assert!(page.contains(&format!("pgauge-{name}")), "{page}");
            assert!(page.contains("Example"), "{name}");
        }
        let page = text(None).unwrap().replace("\\-", "-");
        assert!(page.contains("pgauge-run(1)"), "{page}");
    }

    #[test]
    fn an_unknown_command_gets_the_nearest() {
        let stop = text(Some("rum")).unwrap_err();
        assert_eq!(stop.status().code(), 2);
        assert_eq!(stop.diagnostics().0[0].hints, ["did you mean \"run\"?"]);
    }
}
