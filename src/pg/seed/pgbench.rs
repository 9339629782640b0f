//! The tables of pgbench, with the rows that `pgbench -i` would put in them.

use super::{CHUNK, Trouble};
use bytes::Bytes;
use futures_util::SinkExt;
use std::io::Write;
use std::pin::{Pin, pin};
use tokio_postgres::{Client, CopyInSink, Error};

/// What `pgbench -i` does (`src/bin/pgbench/pgbench.c`, `initCreateTables`, `initGenerateDataClientSide`,
/// `initCreatePKeys`), without its final vacuum, which every seed gets.
const TABLES: &str = "\
    CREATE TABLE pgbench_history(tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    CREATE TABLE pgbench_tellers(tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor=100);
    CREATE TABLE pgbench_accounts(aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor=100);
    CREATE TABLE pgbench_branches(bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor=100)";

/// Rows that are frozen as they come spare the vacuum behind them from writing every page again.
const ACCOUNTS: &str =
    "COPY pgbench_accounts (aid, bid, abalance, filler) FROM STDIN (FORMAT text, FREEZE)";

const KEYS: &str = "\
    ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
    ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
    ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)";

/// Accounts of one branch.
const ACCOUNTS_OF_A_BRANCH: u64 = 100_000;

/// Creates and fills the tables: 1 branch, 10 tellers and 100,000 accounts for each unit of the scale.
pub(super) async fn initialise(client: &Client, scale: u32) -> Result<(), Trouble> {
    let made = made(client, u64::from(scale)).await;
    made.map_err(|error| Trouble::refused("the tables of pgbench cannot be made", &error))
}

async fn made(client: &Client, scale: u64) -> Result<(), Error> {
    let tellers = scale * 10;
    let begin = format!(
        "BEGIN; {TABLES}; \
         INSERT INTO pgbench_branches (bid, bbalance) \
             SELECT bid, 0 FROM generate_series(1, {scale}) AS bid; \
         INSERT INTO pgbench_tellers (tid, bid, tbalance) \
             SELECT tid, (tid - 1) / 10 + 1, 0 FROM generate_series(1, {tellers}) AS tid"
    );
    client.batch_execute(&begin).await?;
    let copied = accounts(client, scale).await;
    let end = if copied.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = client.batch_execute(end).await;
    copied.and(ended)?;
    client.batch_execute(KEYS).await
}

async fn accounts(client: &Client, scale: u64) -> Result<(), Error> {
    let sink = client.copy_in::<_, Bytes>(ACCOUNTS).await?;
    let mut sink: Pin<&mut CopyInSink<Bytes>> = pin!(sink);
    let mut out = Vec::with_capacity(CHUNK * 2);
    for account in 0..scale * ACCOUNTS_OF_A_BRANCH {
        let (number, branch) = (account + 1, account / ACCOUNTS_OF_A_BRANCH + 1);
        // A vector takes everything.
        let _ = writeln!(out, "{number}\t{branch}\t0\t");
        if out.len() >= CHUNK {
            let chunk = std::mem::replace(&mut out, Vec::with_capacity(CHUNK * 2));
            sink.send(chunk.into()).await?;
        }
    }
    sink.send(out.into()).await?;
    sink.finish().await.map(drop)
}
