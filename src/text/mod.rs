//! How do we word and align things? Plurals, durations, quantities with units, nearest word, redaction.
