//! The tables of pgbench, with the rows that `pgbench -i` would put in them.

use super::Trouble;
use tokio_postgres::Client;

/// What `pgbench -i` does (`src/bin/pgbench/pgbench.c`, `initCreateTables`, `initGenerateDataServerSide`,
/// `initCreatePKeys`), without its final vacuum, which every seed gets.
const TABLES: &str = "\
    CREATE TABLE pgbench_history(tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    CREATE TABLE pgbench_tellers(tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor=100);
    CREATE TABLE pgbench_accounts(aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor=100);
    CREATE TABLE pgbench_branches(bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor=100)";

const KEYS: &str = "\
    ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
    ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
    ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)";

/// Creates and fills the tables: 1 branch, 10 tellers and 100,000 accounts for each unit of the scale.
pub(super) async fn initialise(client: &Client, scale: u32) -> Result<(), Trouble> {
    let (tellers, accounts) = (u64::from(scale) * 10, u64::from(scale) * 100_000);
    let rows = format!(
        "INSERT INTO pgbench_branches (bid, bbalance) \
             SELECT bid, 0 FROM generate_series(1, {scale}) AS bid; \
         INSERT INTO pgbench_tellers (tid, bid, tbalance) \
             SELECT tid, (tid - 1) / 10 + 1, 0 FROM generate_series(1, {tellers}) AS tid; \
         INSERT INTO pgbench_accounts (aid, bid, abalance, filler) \
             SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, {accounts}) AS aid"
    );
    for sql in [TABLES, &rows, KEYS] {
        let done = client.batch_execute(sql).await;
        done.map_err(|error| Trouble::refused("the tables of pgbench cannot be made", &error))?;
    }
    Ok(())
}
