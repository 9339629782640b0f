//! What does this SQL text say, as far as a lexer can know? Statements, parameters, fingerprints.
