//! How do we make it happen? The coordinator, the clients and their permits.
