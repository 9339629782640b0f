//! Is the server there at all, and what is to be said where it is not?

use super::{Cluster, Origin, Own};
use crate::pg::admin::{self, Admin};
use crate::pg::connect::Connector;
use crate::record::Breakage;
use crate::text::format_duration;
use std::future::Future;
use std::time::Duration;

/// How long the server may take for what is quick: longer than the patience with sessions that are being closed.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The SQLSTATE of a server that has no room for another session.
const TOO_MANY_CONNECTIONS: &str = "53300";

impl Cluster {
    /// Sees whether the server is still there, before anything else is asked of it.
    ///
    /// # Errors
    ///
    /// It ended, went away, or does not answer: in the same words for every case.
    pub(in crate::pg) async fn still_there(&self) -> Result<(), Breakage> {
        if let Some(gone) = self.gone() {
            return Err(gone);
        }
        let asked = async {
            let answer = self.admin.query("SELECT 1", &[]).await;
            answer.map_err(|error| {
                let message = format!("cannot connect to the server at {}", self.connector.url());
                self.explain(admin::broken("connect", message, &error))
            })
        };
        in_time(&self.connector, asked).await?;
        Ok(())
    }

    fn gone(&self) -> Option<Breakage> {
        match &self.origin {
            Origin::Embedded(own) => own.ended().cloned(),
            Origin::Given(registry) => registry.lost().map(|error| Breakage {
                code: "server-lost".to_owned(),
                message: format!("the server at {} went away", self.connector.url()),
                hint: Some("its own log says why".to_owned()),
                error: Some(error),
                ..Breakage::default()
            }),
        }
    }

    /// Says more of what broke: how a server of our own ended, and what to do where it has no room for more sessions.
    pub(in crate::pg) fn explain(&self, mut breakage: Breakage) -> Breakage {
        if breakage.code == "server-lost"
            && let Origin::Embedded(own) = &self.origin
            && let Some(ended) = own.ended()
        {
            breakage.detail.clone_from(&ended.detail);
        }
        let code = breakage.error.as_ref().map(|error| error.code.as_str());
        if code == Some(TOO_MANY_CONNECTIONS) {
            let hint = match &self.origin {
                Origin::Embedded(_) => {
                    "give the scenario a server with more room: database: { settings: { max_connections: 1000 } }"
                }
                Origin::Given(_) => {
                    "run fewer clients, or fewer cases side by side (--jobs), or raise its max_connections"
                }
            };
            breakage.hint = Some(hint.to_owned());
        }
        breakage
    }
}

impl Own {
    fn ended(&self) -> Option<&Breakage> {
        if self.end.get().is_none()
            && let Some(ended) = self.server.ended()
        {
            let log = ended.log;
            return Some(self.end.get_or_init(|| Breakage {
                code: "server-lost".to_owned(),
                message: "the server that pgauge started has ended".to_owned(),
                detail: Some(format!("its log says:\n{log}")),
                ..Breakage::default()
            }));
        }
        self.end.get()
    }
}

/// Gives up on a server that does not answer at all, such as one that was stopped by a signal.
pub(super) async fn in_time<T>(
    connector: &Connector,
    work: impl Future<Output = Result<T, Breakage>>,
) -> Result<T, Breakage> {
    let Ok(done) = tokio::time::timeout(ANSWER_LIMIT, work).await else {
        return Err(Breakage {
            code: "server-lost".to_owned(),
            message: format!(
                "the server at {} has not answered for {}",
                connector.url(),
                format_duration(ANSWER_LIMIT)
            ),
            ..Breakage::default()
        });
    };
    done
}

/// Sees whether the server answers at all, and says what to do where it does not.
pub(super) async fn greet(connector: &Connector, admin: &Admin) -> Result<(), Breakage> {
    let Err(error) = admin.query("SELECT 1", &[]).await else {
        return Ok(());
    };
    let message = format!("cannot connect to the server at {}", connector.url());
    let mut breakage = admin::broken("connect", message, &error);
    breakage.code = "connect".to_owned();
    let said = breakage.error.as_ref();
    let code = said.map_or("", |error| error.code.as_str());
    let why = said.and_then(|error| error.detail.as_deref());
    breakage.hint = advice(code, why.unwrap_or_default()).map(str::to_owned);
    if code.is_empty() {
        // There was no connection that could have been lost.
        breakage.detail = breakage.error.take().and_then(|error| error.detail);
    }
    Err(breakage)
}

/// What to do about a server that does not let us in, by its SQLSTATE or by the driver's words.
fn advice(code: &str, why: &str) -> Option<&'static str> {
    match code {
        "28P01" => Some("look at the password in DATABASE_URL, PGPASSWORD or --server"),
        "3D000" => {
            Some("name a database that is there, only to connect to: postgres://user@host/postgres")
        }
        "" if why.contains("password missing") => {
            Some("give the password in DATABASE_URL or PGPASSWORD")
        }
        "" if why.contains("TLS") => Some(
            "this version of pgauge speaks no TLS: connect with sslmode=disable, or by a tunnel",
        ),
        "" => Some(
            "is it running, and does it listen there? Without --server, DATABASE_URL and PGHOST pgauge starts one itself",
        ),
        _ => None,
    }
}
