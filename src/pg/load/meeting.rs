//! How do processes that share a load begin together? They meet on the server: each holds an advisory lock of its own in the
//! database that all of them are connected to, and goes on when it sees those of all.
//!
//! Who has seen all others says so with a second lock. Nobody leaves before all who are there have said so; else one whose
//! load is over soon might be gone before the last one has looked.
//!
//! One looks again and again, since there is no event that says both who came and who is gone: no lock can be waited for
//! until somebody takes it, and a NOTIFY is not sent by a process that was killed, whose locks end with its session.

use crate::schedule::Barrier;
use std::time::Duration;
use tokio_postgres::{Client, Error};

/// How often one looks whether the others are there; how far apart they begin at most.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Second locks are numbered from here.
const SEEN: i32 = 1_000_000;

/// Who is there, and who of them has seen all others.
const WHO: &str = "\
SELECT pg_catalog.count(*) FILTER (WHERE objid::pg_catalog.int8 < $2), \
pg_catalog.count(*) FILTER (WHERE objid::pg_catalog.int8 >= $2) \
FROM pg_catalog.pg_locks \
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::pg_catalog.int8 = $1 \
AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// A barrier that is being used.
pub(super) struct Meeting {
    key: i32,
}

impl Meeting {
    /// Comes to the barrier, and waits for the others.
    pub(super) async fn held(client: &Client, barrier: &Barrier) -> Result<Self, Error> {
        let meeting = Self {
            key: key(&barrier.name),
        };
        let party = i32::try_from(barrier.party).unwrap_or(i32::MAX);
        meeting.lock(client, party).await?;
        loop {
            let (there, seen) = meeting.who(client).await?;
            if there >= i64::from(barrier.parties) || seen > 0 {
                return meeting.lock(client, SEEN + party).await.map(|()| meeting);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until all who are still there have seen all others; then one may leave.
    pub(super) async fn left(&self, client: &Client) -> Result<(), Error> {
        loop {
            let (there, seen) = self.who(client).await?;
            if seen >= there {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn lock(&self, client: &Client, number: i32) -> Result<(), Error> {
        let lock = "SELECT pg_catalog.pg_advisory_lock($1, $2)";
        client.query(lock, &[&self.key, &number]).await.map(drop)
    }

    async fn who(&self, client: &Client) -> Result<(i64, i64), Error> {
        let key = i64::from(self.key);
        let row = client.query_one(WHO, &[&key, &i64::from(SEEN)]).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }
}

/// The number of a name, not negative: FNV-1a (Fowler, Noll and Vo), folded.
fn key(name: &str) -> i32 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folded = (hash >> 32 ^ hash) & 0x7fff_ffff;
    i32::try_from(folded).unwrap_or(0)
}
