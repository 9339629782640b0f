//! How does PostgreSQL do it? The embedded server, sessions and pool, templates, COPY, the lock graph.
