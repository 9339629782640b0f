//! How do we tell it? The terminal, JUnit, JSON.
