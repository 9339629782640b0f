//! Is the server there at all, and what is to be said where it is not?

use super::{Cluster, Origin, Own};
use crate::pg::admin;
use crate::pg::connect::Connector;
use crate::pg::embedded::PLACE_VARIABLE;
use crate::pg::failure;
use crate::record::{Breakage, ServerError};
use crate::text::format_duration;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// How long the server may take for what is quick: longer than the patience with sessions that are being closed.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// How long the news may take that a server of our own has ended, once it does not answer.
const NEWS_LIMIT: Duration = Duration::from_secs(2);

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
            Origin::Looked => None,
            Origin::Given(registry) => registry.lost().map(|error| Breakage {
                code: "server-lost".to_owned(),
                message: format!("the server at {} went away", self.connector.url()),
                hint: Some("its own log says why".to_owned()),
                error: Some(error),
                ..Breakage::default()
            }),
        }
    }

    /// Says more of what broke: how a server of our own ended, and what to do where the server itself cannot go on.
    pub(in crate::pg) fn explain(&self, mut breakage: Breakage) -> Breakage {
        if breakage.code == "server-lost"
            && let Origin::Embedded(own) = &self.origin
            && let Some(ended) = own.ended()
        {
            breakage.detail.clone_from(&ended.detail);
        }
        if let Some(remedy) = self.remedy(&breakage) {
            breakage.hint = Some(remedy);
        }
        breakage
    }

    /// What is behind it that a session was lost: that the server is gone, where it is.
    pub(in crate::pg) async fn cause(&self, breakage: Breakage) -> Breakage {
        // Some sessions of a server that ends still say so, whatever they were for; the others just fall silent.
        let bade_farewell = breakage
            .error
            .as_ref()
            .is_some_and(ServerError::ends_session);
        let fell_silent = ["server-lost", "session-lost"].contains(&breakage.code.as_str());
        if !bade_farewell && !fell_silent {
            return breakage;
        }
        let Err(gone) = self.still_there().await else {
            return self.explain(breakage);
        };
        // What the seed was at is worth a look.
        let (path, error) = (breakage.path.clone(), breakage.error.clone());
        let told = |gone: Breakage| match path {
            Some(_) => Breakage {
                path,
                error,
                ..gone
            },
            None => gone,
        };
        let Origin::Embedded(own) = &self.origin else {
            return told(gone);
        };
        // Its sessions may hear of its end before we do.
        let news = own.server.until_ended();
        let _in_time = tokio::time::timeout(NEWS_LIMIT, news).await;
        match own.ended().cloned() {
            Some(ended) => told(ended),
            None => self.explain(breakage),
        }
    }

    fn remedy(&self, breakage: &Breakage) -> Option<String> {
        let said = breakage.error.as_ref()?;
        let remedy = match (said.code.as_str(), &self.origin) {
            ("53300", Origin::Embedded(_)) => {
                "give the scenario a server with more room: database: { settings: { max_connections: 1000 } }"
            }
            ("53300", Origin::Given(_) | Origin::Looked) => {
                "run fewer clients, or fewer cases side by side (--jobs), or raise its max_connections"
            }
            ("53100", Origin::Embedded(own)) => {
                let place = own.server.socket_dir().parent().unwrap_or(Path::new("/"));
                return Some(format!(
                    "make room in {}, or name another place with {PLACE_VARIABLE}",
                    place.display()
                ));
            }
            ("53100", Origin::Given(_) | Origin::Looked) => {
                "make room where the server keeps its data, or seed fewer rows; every case has a copy of its seed"
            }
            ("25006", Origin::Given(_) | Origin::Looked) => {
                "it has become a standby, or is set to be read-only: name a server that can be written to"
            }
            (_, Origin::Given(_) | Origin::Looked) => {
                return failure::unknown_database(breakage).map(str::to_owned);
            }
            _ => return None,
        };
        Some(remedy.to_owned())
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
