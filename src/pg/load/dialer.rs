//! Where the connections of a load come from.

use super::link::PgLink;
use super::login::logged_in;
use crate::pg::connect::{Connector, Login};
use crate::pg::conninfo::HostName;
use crate::record::ServerError;
use crate::run::load::{Company, Dialer};
use crate::spec::workload::Protocol;

/// Opens connections of one kind: to one database, as one role, with the same settings.
#[derive(Clone)]
pub struct PgDialer {
    connector: Connector,
    login: Login,
    protocol: Protocol,
    company: Company,
}

impl PgDialer {
    pub(in crate::pg) fn new(
        connector: Connector,
        login: Login,
        protocol: Protocol,
        company: Company,
    ) -> Self {
        Self {
            connector,
            login,
            protocol,
            company,
        }
    }
}

impl Dialer for PgDialer {
    type Link = PgLink;

    fn is_local(&self) -> bool {
        let mut hosts = self.connector.hosts_to_try();
        hosts.all(|place| matches!(place.host, HostName::Socket(_)))
    }

    async fn dial(&self) -> Result<PgLink, ServerError> {
        let socket = logged_in(&self.connector, &self.login, self.company).await?;
        let mut link = PgLink::new(socket, self.protocol);
        // Where something in between passes no settings on, they are put in force now.
        if self.connector.options_are_lost()
            && let Some(statement) = self.login.statement()
        {
            link.say(&statement).await?;
        }
        Ok(link)
    }
}
