//! Where does a setting take effect, and what does it take to set it? `pg_settings.context`, as far as it matters to the
//! sessions of a case.

use super::admin::Admin;
use crate::text::nearest;
use deadpool_postgres::PoolError;
use std::collections::HashMap;

/// What it takes to set a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any session may set it for itself; also what the server does not know, such as `app.user`.
    Session,
    /// A superuser, or who was granted `SET` on it, may set it for a session.
    Privileged,
    /// It holds for the whole server and takes a start, or a reload, of it.
    Server,
    /// Nobody can; it is compiled in.
    Fixed,
}

/// The settings of one server.
#[derive(Debug, Default)]
pub(super) struct Settings {
    reach: HashMap<String, Reach>,
}

impl Settings {
    /// Asks the server.
    pub(super) async fn of(admin: &Admin) -> Result<Self, PoolError> {
        let rows = admin
            .query("SELECT name, context FROM pg_catalog.pg_settings", &[])
            .await?;
        let mut reach = HashMap::new();
        for row in rows {
            let (name, context): (String, &str) = (row.try_get(0)?, row.try_get(1)?);
            reach.insert(name.to_ascii_lowercase(), reach_of(context));
        }
        Ok(Self { reach })
    }

    /// Whether `pg_settings` lists it; a few are not listed though they are there.
    pub(super) fn lists(&self, name: &str) -> bool {
        self.reach.contains_key(&name.to_ascii_lowercase())
    }

    /// A name that the author may have meant.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.reach.keys())
    }

    /// What it takes to set this one.
    pub(super) fn reach(&self, name: &str) -> Reach {
        let known = self.reach.get(&name.to_ascii_lowercase());
        known.copied().unwrap_or(Reach::Session)
    }
}

/// PostgreSQL, "pg_settings", column `context`.
fn reach_of(context: &str) -> Reach {
    match context {
        "internal" => Reach::Fixed,
        "postmaster" | "sighup" => Reach::Server,
        "superuser" | "superuser-backend" => Reach::Privileged,
        _ => Reach::Session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_the_server_does_not_know_is_anybodys() {
        let settings = Settings {
            reach: HashMap::from([("deadlock_timeout".to_owned(), reach_of("superuser"))]),
        };
        assert_eq!(settings.reach("app.user"), Reach::Session);
        assert_eq!(settings.reach("Deadlock_Timeout"), Reach::Privileged);
    }
}
