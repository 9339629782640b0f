//! How does a program migrate a database, and what can be seen of it? It is given the database's URL; what it does there
//! is noted from inside its own transactions, where the server lets us, and looked at from outside all the time.

use super::catalog::{self, Held, Relations, Used};
use super::{PgTracer, mode};
use crate::pg::admin::Pause;
use crate::pg::connect::{Connector, Login};
use crate::pg::conninfo::HostName;
use crate::record::{LockMode, LockSight, Micros, RelationLock, StatementTrace, TransactionScope};
use crate::run::session::ProgramEnd;
use crate::schedule::MigrationCommand;
use crate::sql::{command_tag, split};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio_postgres::{Error, types::Type};

/// How much of what a program wrote is kept: its end.
const OUTPUT: usize = 4_000;

/// Every change of the schema is noted at its end, in the transaction that made it and holds its locks. What is
/// rolled back takes its note with it.
const LISTEN: &str = "\
CREATE SCHEMA pgauge_trace;
CREATE UNLOGGED TABLE pgauge_trace.statement (
    id bigserial, pid integer, transaction bigint, sql text, tag text, began bigint, ended bigint,
    lock_timeout bigint, statement_timeout bigint, relations oid[], modes text[]);
CREATE FUNCTION pgauge_trace.note() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO pgauge_trace.statement (pid, transaction, sql, tag, began, ended, lock_timeout, statement_timeout, relations, modes)
    SELECT pg_backend_pid(), txid_current(), current_query(),
        tg_tag, 1000000 * extract(epoch FROM statement_timestamp()), 1000000 * extract(epoch FROM clock_timestamp()),
        (SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'),
        (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'),
        coalesce(array_agg(l.relation), '{}'), coalesce(array_agg(l.mode), '{}')
    FROM pg_locks l
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384;
END $$;
CREATE EVENT TRIGGER pgauge_trace ON ddl_command_end EXECUTE FUNCTION pgauge_trace.note()";

const HEARD: &str = "\
SELECT transaction, sql, tag, began, ended, lock_timeout, statement_timeout, relations, modes
FROM pgauge_trace.statement ORDER BY id";

const DEAF: &str = "DROP EVENT TRIGGER pgauge_trace; DROP SCHEMA pgauge_trace CASCADE";

/// The sessions of others in this database: neither ours nor the server's own.
macro_rules! of_others {
    () => {
        "a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.pid <> $1 \
         AND a.backend_type = 'client backend' \
         AND a.application_name <> 'pgauge' AND a.application_name NOT LIKE 'pgauge/%'"
    };
}

/// What others do in this database now: not the server's own workers, whose statements are none of the program's and have no
/// beginning that just anybody may see, and no session of ours.
const OTHERS: &str = concat!(
    "SELECT a.pid, (1000000 * extract(epoch FROM a.query_start))::pg_catalog.int8, a.query, l.relation, l.mode \
     FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_locks l ON l.pid = a.pid \
     WHERE a.query_start IS NOT NULL AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384 AND ",
    of_others!()
);

/// Whether anybody of those is still here.
const STILL_HERE: &str = concat!(
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE ",
    of_others!(),
    ")"
);

/// How long the sessions of a program may take to end after it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where a program finds the database.
#[derive(Debug, Clone)]
pub(in crate::pg) struct Surroundings {
    host: String,
    port: u16,
    user: String,
    password: Option<String>,
    database: String,
}

impl Surroundings {
    /// What a session with this login would use.
    pub(in crate::pg) fn new(connector: &Connector, login: &Login) -> Self {
        let place = connector.host().or(connector.conninfo().hosts.first());
        let host = place.map(|place| match &place.host {
            HostName::Network(name) => name.clone(),
            HostName::Socket(folder) => folder.display().to_string(),
        });
        let password = place.and_then(|place| place.password.as_ref());
        Self {
            host: host.unwrap_or_else(|| "localhost".to_owned()),
            port: place.map_or(5432, |place| place.port),
            user: login
                .user
                .clone()
                .unwrap_or_else(|| connector.user().to_owned()),
            password: password.map(|secret| secret.reveal().to_owned()),
            database: login.database.clone(),
        }
    }

    /// `postgresql://user:password@host:port/database`; a socket goes behind the `?`, where it counts for more than what
    /// stands before, which some clients (sqlx) do not let be empty.
    fn url(&self) -> String {
        let password = self
            .password
            .as_deref()
            .map(|word| format!(":{}", encoded(word)));
        let who = format!("{}{}", encoded(&self.user), password.unwrap_or_default());
        let (database, port) = (encoded(&self.database), self.port);
        match self.host.starts_with('/') {
            true => format!(
                "postgresql://{who}@localhost/{database}?host={}&port={port}",
                encoded(&self.host)
            ),
            false => format!(
                "postgresql://{who}@{}:{port}/{database}",
                in_a_url(&self.host)
            ),
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{url}", &self.url())
            .replace("{host}", &self.host)
            .replace("{port}", &self.port.to_string())
            .replace("{user}", &self.user)
            .replace("{password}", self.password.as_deref().unwrap_or_default())
            .replace("{database}", &self.database)
    }

    /// Runs a program to its end. It is killed, with all that it started, when this is dropped.
    pub(in crate::pg) async fn run(&self, plan: &MigrationCommand) -> ProgramEnd {
        let Some((program, arguments)) = plan.command.split_first() else {
            return ProgramEnd::default();
        };
        let mut command = Command::new(program);
        command
            .args(arguments.iter().map(|word| self.filled(word)))
            .env("DATABASE_URL", self.url())
            .env("PGHOST", &self.host)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGDATABASE", &self.database)
            .envs(
                self.password
                    .iter()
                    .map(|password| ("PGPASSWORD", password)),
            )
            .envs(
                plan.env
                    .iter()
                    .map(|(name, value)| (name, self.filled(value))),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folder) = &plan.folder {
            command.current_dir(folder);
        }
        match with_all_it_starts(command).await {
            Ok(output) if output.status.success() => ProgramEnd::default(),
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                ProgramEnd {
                    failure: Some(output.status.to_string()),
                    output: self.tail(&String::from_utf8_lossy(&said)),
                }
            }
            Err(error) => ProgramEnd {
                failure: Some(format!("{program} cannot be run: {error}")),
                output: String::new(),
            },
        }
    }

    /// The end of what a program said, without the password.
    fn tail(&self, said: &str) -> String {
        let said = match self.password.as_deref() {
            Some(password) if !password.is_empty() => said
                .replace(&encoded(password), "***")
                .replace(password, "***"),
            _ => said.to_owned(),
        };
        let said = said.trim_end();
        let from = said.len().saturating_sub(OUTPUT);
        let from = (from..=said.len()).find(|at| said.is_char_boundary(*at));
        said[from.unwrap_or(0)..].to_owned()
    }
}

/// Runs a program that leads a group of processes. Many a program is a shell, or starts another one, which would go on
/// when that alone is killed.
async fn with_all_it_starts(mut command: Command) -> io::Result<Output> {
    let program = command.spawn()?;
    let mut group = Group(program.id());
    let ended = program.wait_with_output().await;
    group.0 = None;
    ended
}

/// A group of processes, by its leader, that is killed when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|leader| i32::try_from(leader).ok());
        if let Some(leader) = leader {
            // All of them may be gone already.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

/// The colons of an address of IPv6 would be taken for that of the port, and the `%` of its zone for an encoded byte.
fn in_a_url(host: &str) -> Cow<'_, str> {
    match host.contains(':') {
        true => format!("[{}]", host.replace('%', "%25")).into(),
        false => host.into(),
    }
}

/// What may not stand in a part of a URL as `%` and two digits.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What was seen of one statement from outside.
struct Seen {
    sql: String,
    first: Instant,
    last: Instant,
    looks: u32,
    held: BTreeSet<Held>,
}

/// Statements by backend and start.
type Watched = BTreeMap<(i32, i64), Seen>;

impl PgTracer {
    /// Watches what a program does. The first trace is of the program as a whole: its time, what it wrote, which
    /// tables are new. Its statements follow.
    pub(super) async fn watch_program(
        &mut self,
        program: impl Future<Output = ProgramEnd>,
    ) -> Result<(Vec<StatementTrace>, ProgramEnd), Error> {
        let listens = self.watcher.batch_execute(LISTEN).await.is_ok();
        let before = self.meters().await?;
        let relations = catalog::counted(&self.watcher).await?;
        let began = Instant::now();
        let mut watched = Watched::new();
        let mut looks = 0;
        let ended = {
            tokio::pin!(program);
            loop {
                tokio::select! {
                    biased;
                    ended = &mut program => break ended,
                    changes = self.look_at_others(&mut watched) => looks += u32::from(changes?),
                }
            }
        };
        let duration = Micros::from(began.elapsed());
        self.until_they_left().await?;
        let now = catalog::counted(&self.watcher).await?;
        let mut whole = StatementTrace {
            duration,
            held: duration,
            scope: TransactionScope::Outside,
            seen: LockSight::Sampled { looks },
            ..StatementTrace::default()
        };
        let used = Used::between(&relations, &now);
        whole.rewrites = used.rewrites;
        whole.scans = used.scans;
        whole.costs.dead_rows = used.dead_rows;
        self.note_costs(&mut whole, before, self.meters().await?);
        whole.costs.disk_peak = whole.costs.disk;
        let mut traces = vec![whole];
        let mut known: Vec<String> = Vec::new();
        if listens {
            let (heard, messages) = self.heard(&relations, &now).await?;
            traces.extend(heard);
            known = messages;
            self.watcher.batch_execute(DEAF).await?;
        }
        let only_seen = watched
            .into_values()
            .filter(|seen| !known.contains(&seen.sql));
        let only_seen = only_seen.map(|seen| {
            let mut trace = self.seen(seen, &relations, &now);
            // Locks that an earlier statement of the transaction took are told with that one.
            let told = |lock: &RelationLock| traces.iter().any(|trace| trace.locks.contains(lock));
            trace.locks.retain(|lock| !told(lock));
            trace
        });
        let only_seen: Vec<StatementTrace> = only_seen.collect();
        traces.extend(only_seen);
        Ok((traces, ended))
    }

    /// A session reports what it read when it ends, which may be a moment after its program did.
    async fn until_they_left(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pause = Pause::default();
        while begun.elapsed() < PATIENCE {
            let rows = self
                .watcher
                .query_typed(STILL_HERE, &[(&self.pid, Type::INT4)])
                .await?;
            let row = rows.first();
            if !row.map_or(Ok(false), |row| row.try_get(0))? {
                break;
            }
            pause.take().await;
        }
        Ok(())
    }

    /// Whether somebody was seen doing more than reading.
    async fn look_at_others(&self, watched: &mut Watched) -> Result<bool, Error> {
        let rows = self
            .watcher
            .query_typed(OTHERS, &[(&self.pid, Type::INT4)])
            .await?;
        let at = Instant::now();
        let mut looked = BTreeSet::new();
        let mut changes = false;
        for row in &rows {
            let key: (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
            let sql: String = row.try_get(2)?;
            let name: &str = row.try_get(4)?;
            let seen = watched.entry(key).or_insert_with(|| Seen {
                sql,
                first: at,
                last: at,
                looks: 0,
                held: BTreeSet::new(),
            });
            seen.last = at;
            seen.looks += u32::from(looked.insert(key));
            if let Some(mode) = mode(name) {
                changes |= mode > LockMode::AccessShare;
                seen.held.insert(Held {
                    relation: row.try_get(3)?,
                    mode,
                });
            }
        }
        Ok(changes)
    }

    /// What was noted from inside. Locks are held to the end of the transaction, so that each statement is given those
    /// that were not there before it. With them come the messages that they were sent in.
    async fn heard(
        &self,
        before: &Relations,
        now: &Relations,
    ) -> Result<(Vec<StatementTrace>, Vec<String>), Error> {
        let mut traces: Vec<StatementTrace> = Vec::new();
        let mut changes: Vec<Change> = Vec::new();
        let mut known: BTreeSet<Held> = BTreeSet::new();
        for row in &self.watcher.query(HEARD, &[]).await? {
            let change = Change {
                transaction: row.try_get(0)?,
                sql: row.try_get(1)?,
                tag: row.try_get(2)?,
                began: row.try_get(3)?,
                ended: row.try_get(4)?,
            };
            let last = changes.last();
            let same = last.is_some_and(|last| last.transaction == change.transaction);
            if !same {
                known.clear();
            }
            let relations: Vec<u32> = row.try_get(7)?;
            let modes: Vec<String> = row.try_get(8)?;
            let held = relations.into_iter().zip(&modes);
            let held = held.filter_map(|(relation, name)| {
                Some(Held {
                    relation,
                    mode: mode(name)?,
                })
            });
            let held: BTreeSet<Held> = held.collect();
            let added = held.difference(&known).cloned().collect();
            let millis = |column| -> Result<Micros, Error> {
                let number: i64 = row.try_get(column)?;
                Ok(Micros(u64::try_from(number).unwrap_or(0) * 1_000))
            };
            traces.push(StatementTrace {
                scope: match same {
                    true => TransactionScope::Shared,
                    false => TransactionScope::Own,
                },
                locks: self.named(&added, before, now),
                lock_timeout: millis(5)?,
                statement_timeout: millis(6)?,
                ..StatementTrace::default()
            });
            known = held;
            changes.push(change);
        }
        let texts = texts(&changes);
        for (index, text) in texts.into_iter().enumerate() {
            let began =
                changes[index].began_itself(index.checked_sub(1).map(|last| &changes[last]));
            let transaction = changes[index].transaction;
            let mut others = changes
                .iter()
                .filter(|other| other.transaction == transaction);
            // All of them hold their locks until the last one is over, at least.
            let over = others.next_back().map_or(began, |last| last.ended);
            let trace = &mut traces[index];
            trace.sql = text;
            trace.duration = micros(changes[index].ended - began);
            trace.held = micros(over - began);
            // The first of several in one transaction shares it, too.
            if others.next().is_some() {
                trace.scope = TransactionScope::Shared;
            }
        }
        let messages = changes.into_iter().map(|change| change.sql);
        Ok((traces, messages.collect()))
    }

    fn seen(&self, seen: Seen, before: &Relations, now: &Relations) -> StatementTrace {
        let duration = Micros::from(seen.last - seen.first);
        StatementTrace {
            locks: self.named(&seen.held, before, now),
            sql: seen.sql,
            duration,
            held: duration,
            scope: TransactionScope::Outside,
            seen: LockSight::Sampled { looks: seen.looks },
            ..StatementTrace::default()
        }
    }
}

/// A change of the schema, as it was noted at its end. Moments are in microseconds.
#[derive(Debug, Clone)]
struct Change {
    transaction: i64,
    /// The whole message, which may hold several statements.
    sql: String,
    tag: String,
    /// When the message began.
    began: i64,
    ended: i64,
}

impl Change {
    /// When the statement itself began: of several in one message, when the one before it had ended.
    fn began_itself(&self, last: Option<&Self>) -> i64 {
        match last.filter(|last| last.is_of_the_message_of(self)) {
            Some(last) => last.ended.max(self.began),
            None => self.began,
        }
    }

    fn is_of_the_message_of(&self, other: &Self) -> bool {
        self.transaction == other.transaction && self.began == other.began && self.sql == other.sql
    }
}

/// The statement of each change. Some programs send a whole file as one message: there the statements are found one
/// after the other by the command tag of the change.
fn texts(changes: &[Change]) -> Vec<String> {
    let mut texts = Vec::with_capacity(changes.len());
    let mut next = 0;
    for (index, change) in changes.iter().enumerate() {
        let last = index.checked_sub(1).map(|last| &changes[last]);
        if !last.is_some_and(|last| last.is_of_the_message_of(change)) {
            next = 0;
        }
        let script = split(&change.sql);
        let mut left = script.statements.iter().enumerate().skip(next);
        let found = left.find(|(_, statement)| {
            command_tag(statement.text(&change.sql)).as_deref() == Some(&change.tag)
        });
        texts.push(match found {
            Some((at, statement)) if script.statements.len() > 1 => {
                next = at + 1;
                statement.text(&change.sql).to_owned()
            }
            Some(_) | None => change.sql.clone(),
        });
    }
    texts
}

fn micros(span: i64) -> Micros {
    Micros(u64::try_from(span).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(sql: &str, tag: &str, began: i64, ended: i64) -> Change {
        Change {
            transaction: 1,
            sql: sql.to_owned(),
            tag: tag.to_owned(),
            began,
            ended,
        }
    }

    #[test]
    fn of_several_statements_in_one_message_each_change_is_given_its_own() {
        let file = "UPDATE t SET a = 1; ALTER TABLE t ADD b int;\nCREATE UNIQUE INDEX i ON t (b);";
        let changes = [
            change(file, "ALTER TABLE", 10, 20),
            change(file, "CREATE INDEX", 10, 50),
            change("DROP INDEX i", "DROP INDEX", 60, 70),
        ];
        assert_eq!(
            texts(&changes),
            [
                "ALTER TABLE t ADD b int",
                "CREATE UNIQUE INDEX i ON t (b)",
                "DROP INDEX i"
            ]
        );
        let began = [0, 1, 2].map(|index: usize| {
            let last = index.checked_sub(1).map(|last| &changes[last]);
            changes[index].began_itself(last)
        });
        assert_eq!(began, [10, 20, 60]);
    }

    #[test]
    fn what_a_block_of_code_changes_is_told_with_the_block() {
        let block = "DO $$ BEGIN CREATE TABLE a (); CREATE TABLE b (); END $$";
        let changes = [
            change(block, "CREATE TABLE", 10, 20),
            change(block, "CREATE TABLE", 10, 30),
        ];
        assert_eq!(texts(&changes), [block, block]);
    }

    fn surroundings(host: &str, password: Option<&str>) -> Surroundings {
        Surroundings {
            host: host.to_owned(),
            port: 5433,
            user: "me@home".to_owned(),
            password: password.map(str::to_owned),
            database: "shop".to_owned(),
        }
    }

    #[test]
    fn a_url_holds_what_a_client_needs() {
        assert_eq!(
            surroundings("db.example", Some("a/b")).url(),
            "postgresql://me%40home:a%2Fb@db.example:5433/shop"
        );
        assert_eq!(
            surroundings("/tmp/pg", None).url(),
            "postgresql://me%40home@localhost/shop?host=%2Ftmp%2Fpg&port=5433"
        );
        for (host, written) in [("::1", "[::1]"), ("fe80::1%eth0", "[fe80::1%25eth0]")] {
            assert_eq!(
                surroundings(host, None).url(),
                format!("postgresql://me%40home@{written}:5433/shop")
            );
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_waited_for_ends_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let started = folder.path().join("started");
        let plan = MigrationCommand {
            command: vec![
                "sh".to_owned(),
                "-c".to_owned(),
                format!(
                    "sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 60'; true",
                    started.display()
                ),
            ],
            env: Default::default(),
            folder: None,
        };
        let place = surroundings("/tmp/pg", None);
        let pid = tokio::select! {
            ended = place.run(&plan) => panic!("{ended:?}"),
            pid = async {
                loop {
                    match std::fs::read_to_string(&started) {
                        Ok(pid) => break pid.trim().parse().unwrap(),
                        Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                    }
                }
            } => Pid::from_raw(pid),
        };
        // Whoever adopts it may take a moment to let it go: until then it is there, dead.
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            nix::sys::signal::kill(pid, None).is_err()
                || stat.is_ok_and(|stat| stat.contains(") Z"))
        };
        for _ in 0..1_000 {
            if gone() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("process {pid} goes on");
    }

    #[test]
    fn what_a_program_says_is_kept_without_the_password() {
        let place = surroundings("db.example", Some("hunter2"));
        let said = format!("{}cannot log in with hunter2\n", "é".repeat(OUTPUT));
        let tail = place.tail(&said);
        assert!(tail.ends_with("cannot log in with ***"), "{tail}");
        assert!(tail.len() <= OUTPUT);
    }
}
