//! Where in the author's files are we? Source files, spans, diagnostics and their rendering.
