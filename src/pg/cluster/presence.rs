//! Is the server there at all, and what is to be said where it is not?

use super::{Cluster, Origin, Own};
use crate::pg::admin;
use crate::pg::connect::Connector;
use crate::pg::embedded::PLACE_VARIABLE;
use crate::pg::failure;
use crate::record::Breakage;
use crate::text::format_duration;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// How long the server may take for what is quick: longer than the patience with sessions that are being closed.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// How long the news may take that a server of our own has ended, once it does not answer.
const NEWS_LIMIT: Duration = Duration::from_secs(2);

/// The same once a session was ended by the server, of which others may still answer. As a rule it was that session only.
const FAREWELL_LIMIT: Duration = Duration::from_millis(200);

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

    /// Says more of what broke: what to do where the server itself cannot go on.
    pub(in crate::pg) fn explain(&self, mut breakage: Breakage) -> Breakage {
        if let Some(remedy) = self.remedy(&breakage) {
            breakage.hint = Some(remedy);
        }
        breakage
    }

    /// What is behind it that a session was lost: that the server is gone, where it is.
    pub(in crate::pg) async fn cause(&self, breakage: Breakage) -> Breakage {
        // Some sessions of a server that ends still say so, whatever they were for; the others fall silent.
        let farewell = says_farewell(&breakage);
        let lost = ["server-lost", "session-lost"].contains(&breakage.code.as_str());
        if !farewell && !lost {
            return breakage;
        }
        let gone = match &self.origin {
            Origin::Embedded(own) => {
                if farewell {
                    own.hear_of_its_end(FAREWELL_LIMIT).await;
                }
                if own.ended().is_none() && self.still_there().await.is_err() {
                    own.hear_of_its_end(NEWS_LIMIT).await;
                }
                own.ended().cloned()
            }
            // One that is only too busy to say whether it is there is.
            Origin::Looked | Origin::Given(_) => {
                let gone = |gone: &Breakage| gone.code == "server-lost" || says_farewell(gone);
                self.still_there().await.err().filter(gone)
            }
        };
        match (gone, breakage) {
            (None, breakage) => self.explain(breakage),
            // What it was at when it ended is worth a look.
            (
                Some(gone),
                Breakage {
                    path: path @ Some(_),
                    error: error @ Some(_),
                    detail,
                    ..
                },
            ) => {
                let details: Vec<String> = detail.into_iter().chain(gone.detail).collect();
                Breakage {
                    path,
                    error,
                    detail: (!details.is_empty()).then(|| details.join("\n")),
                    ..gone
                }
            }
            (Some(gone), _) => gone,
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

/// Whether a session was told that it, or its server, is being ended (class 57, operator intervention).
fn says_farewell(breakage: &Breakage) -> bool {
    let error = breakage.error.as_ref();
    error.is_some_and(|error| error.code.starts_with("57P"))
}

impl Own {
    /// Waits until it is known that the server has ended, for so long.
    async fn hear_of_its_end(&self, limit: Duration) {
        let _in_time = tokio::time::timeout(limit, self.server.until_ended()).await;
    }

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
