//! `pgauge completions`: what a shell needs to complete commands and options.

use super::args::{self, CompletionsArgs};
use crate::report::terminal::say;

/// Prints the completions for a shell.
pub fn completions(args: &CompletionsArgs) {
    say(&text(args));
}

fn text(args: &CompletionsArgs) -> String {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "pgauge", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use clap_complete::Shell;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let text = text(&CompletionsArgs { shell: *shell });
            for command in args::command().get_subcommands() {
                let name = command.get_name();
                assert!(text.contains(name), "{shell} does not know {name}");
            }
        }
    }
}
