//! What does the user want? Arguments, settings, one subcommand per file.
