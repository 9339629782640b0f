//! Does this SQL reach beyond its database? Roles, other databases, the server's settings, files and processes belong to
//! everybody on a server; a scenario may touch them on a server of pgauge's own only, unless its suite allows it by name.
//!
//! The judgement errs on the side of the server. What the words show is found at any depth, in DO blocks and in functions
//! too. What words cannot show is a kind of its own: SQL that is put together while it runs ([`Outside::DynamicSql`]),
//! and code in other languages than SQL and PL/pgSQL ([`Outside::OtherLanguages`]).

mod bodies;
mod calls;
mod commands;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What SQL reaches beyond its database.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// Roles: CREATE, ALTER, DROP ROLE, USER and GROUP, membership, REASSIGN OWNED, DROP OWNED.
    Roles,
    /// Databases: CREATE, ALTER, DROP DATABASE, rights on them.
    Databases,
    /// Tablespaces.
    Tablespaces,
    /// The settings of the server: ALTER SYSTEM, GRANT … ON PARAMETER, reloads.
    ServerSettings,
    /// Files of the server: COPY from and to files, pg_read_file, lo_import, LOAD and their kin.
    ServerFiles,
    /// Programs on the server: COPY … PROGRAM.
    Programs,
    /// Other servers: dblink, foreign servers and user mappings.
    ForeignServers,
    /// Replication: subscriptions, slots, origins.
    Replication,
    /// Sessions: pg_terminate_backend, pg_cancel_backend. Whose they are shows only when it runs.
    Backends,
    /// The server as a whole: promotion, log switches, backups, statistics of all databases.
    ServerControl,
    /// Catalogs that all databases share, written to directly.
    SharedCatalogs,
    /// SQL that is put together while it runs, and whatever changes how SQL is read.
    DynamicSql,
    /// Code in another language than SQL and PL/pgSQL.
    OtherLanguages,
}

impl Outside {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Roles,
        Self::Databases,
        Self::Tablespaces,
        Self::ServerSettings,
        Self::ServerFiles,
        Self::Programs,
        Self::ForeignServers,
        Self::Replication,
        Self::Backends,
        Self::ServerControl,
        Self::SharedCatalogs,
        Self::DynamicSql,
        Self::OtherLanguages,
    ];

    /// Its name, as `pgauge.yaml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Databases => "databases",
            Self::Tablespaces => "tablespaces",
            Self::ServerSettings => "server_settings",
            Self::ServerFiles => "server_files",
            Self::Programs => "programs",
            Self::ForeignServers => "foreign_servers",
            Self::Replication => "replication",
            Self::Backends => "backends",
            Self::ServerControl => "server_control",
            Self::SharedCatalogs => "shared_catalogs",
            Self::DynamicSql => "dynamic_sql",
            Self::OtherLanguages => "other_languages",
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One place at which SQL reaches beyond its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What it reaches.
    pub outside: Outside,
    /// The words that show it, such as `CREATE ROLE`.
    pub words: String,
}

/// Everything that a text of SQL reaches beyond its database, as far as its words tell, each kind once.
pub fn outside(sql: &str) -> Vec<Reach> {
    let mut found: Vec<Reach> = Vec::new();
    bodies::statements(sql, &mut |outside, words| {
        if !found.iter().any(|known| known.outside == outside) {
            found.push(Reach { outside, words });
        }
    });
    found
}

/// Takes what is found.
type Finder<'a> = dyn FnMut(Outside, String) + 'a;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(sql: &str) -> Vec<&'static str> {
        outside(sql)
            .iter()
            .map(|reach| reach.outside.name())
            .collect()
    }

    #[test]
    fn what_belongs_to_everybody_is_found_by_its_command() {
        for (sql, kind) in [
            ("CREATE ROLE x", "roles"),
            ("/* c */ alter user x password 'p'", "roles"),
            ("DROP GROUP x", "roles"),
            ("GRANT admin TO x", "roles"),
            ("REVOKE ADMIN OPTION FOR admin FROM x", "roles"),
            ("REASSIGN OWNED BY x TO y", "roles"),
            ("DROP OWNED BY x", "roles"),
            ("COMMENT ON ROLE x IS ''", "roles"),
            ("CREATE DATABASE x", "databases"),
            ("ALTER DATABASE x SET jit = off", "databases"),
            ("GRANT CONNECT ON DATABASE x TO y", "databases"),
            ("CREATE TABLESPACE x LOCATION '/x'", "tablespaces"),
            ("GRANT CREATE ON TABLESPACE x TO y", "tablespaces"),
            ("ALTER SYSTEM SET fsync = off", "server_settings"),
            ("GRANT SET ON PARAMETER fsync TO x", "server_settings"),
            ("SELECT pg_reload_conf()", "server_settings"),
            ("COPY t FROM PROGRAM 'id'", "programs"),
            ("COPY (SELECT 1) TO PROGRAM 'cat'", "programs"),
            ("COPY t TO '/tmp/x'", "server_files"),
            (
                "COPY t (a, b) FROM E'/tmp/x' WITH (FORMAT csv)",
                "server_files",
            ),
            ("SELECT pg_catalog.pg_read_file('x')", "server_files"),
            ("SELECT \"pg_read_file\"('x')", "server_files"),
            ("SELECT lo_export(1, 'x')", "server_files"),
            ("LOAD 'x'", "server_files"),
            ("SELECT dblink_exec('', '')", "foreign_servers"),
            ("CREATE SERVER x FOREIGN DATA WRAPPER y", "foreign_servers"),
            ("CREATE USER MAPPING FOR x SERVER y", "foreign_servers"),
            (
                "CREATE SUBSCRIPTION x CONNECTION '' PUBLICATION y",
                "replication",
            ),
            ("SELECT pg_drop_replication_slot('x')", "replication"),
            ("SELECT pg_terminate_backend(pid) FROM x", "backends"),
            ("SELECT pg_promote()", "server_control"),
            (
                "UPDATE pg_database SET datallowconn = false",
                "shared_catalogs",
            ),
            ("DELETE FROM ONLY pg_catalog.pg_authid", "shared_catalogs"),
            (
                "EXPLAIN ANALYZE INSERT INTO pg_authid VALUES (1)",
                "shared_catalogs",
            ),
            ("SET standard_conforming_strings = off", "dynamic_sql"),
            (
                "SELECT query_to_xml('SELECT 1', true, true, '')",
                "dynamic_sql",
            ),
            ("SELECT U&\"pg\\005fterminate_backend\"(1)", "dynamic_sql"),
            ("SELECT U&\"pg!005fpromote\" UESCAPE '!' ()", "dynamic_sql"),
            (
                "SELECT set_config('standard_'\n'conforming_strings', 'off', false)",
                "dynamic_sql",
            ),
            (
                "CREATE AGGREGATE a (int) (SFUNC = pg_cancel_backend, STYPE = bool)",
                "backends",
            ),
            ("LOCK TABLE pg_authid", "shared_catalogs"),
        ] {
            assert_eq!(kinds(sql), [kind], "{sql}");
        }
    }

    #[test]
    fn what_stays_in_its_database_is_not_found() {
        for sql in [
            "CREATE TABLE roles (role text, \"create\" int)",
            "GRANT SELECT ON t TO app WITH GRANT OPTION",
            "REVOKE GRANT OPTION FOR ALL ON SCHEMA s FROM app",
            "GRANT EXECUTE ON FUNCTION f TO app",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
            "COPY t FROM STDIN",
            "COPY (SELECT 1 FROM t WHERE a = 'x') TO STDOUT",
            "INSERT INTO notes VALUES ('CREATE ROLE x', $$DROP DATABASE y$$)",
            "INSERT INTO t SELECT * FROM pg_database",
            "SELECT 1 -- CREATE ROLE x",
            "CREATE TABLE t (a int) TABLESPACE fast",
            "SET ROLE app",
            "PREPARE p AS SELECT 1; EXECUTE p; SET work_mem = '4MB'",
            "SELECT pg_cancel FROM t",
            "COMMENT ON TABLE t IS 'CREATE ROLE'",
            "CREATE TRIGGER t AFTER INSERT ON u EXECUTE FUNCTION f()",
            "UPDATE t SET database = 'x'",
        ] {
            assert!(kinds(sql).is_empty(), "{sql}: {:?}", outside(sql));
        }
    }

    #[test]
    fn what_is_hidden_in_blocks_and_functions_is_found_too() {
        for (sql, kind) in [
            ("DO $$ BEGIN CREATE ROLE x; END $$", "roles"),
            (
                "DO LANGUAGE plpgsql 'BEGIN ALTER ROLE x PASSWORD ''p''; END'",
                "roles",
            ),
            (
                "DO $$ BEGIN PERFORM pg_terminate_backend(1); END $$",
                "backends",
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$ GRANT a TO b $f$",
                "roles",
            ),
            (
                "CREATE OR REPLACE PROCEDURE f() LANGUAGE sql BEGIN ATOMIC ALTER ROLE x SET a = 1; END",
                "roles",
            ),
            ("DO $$ BEGIN EXECUTE 'DROP ROLE x'; END $$", "roles"),
            (
                "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', n); END $$",
                "roles",
            ),
            (
                "DO $$ BEGIN EXECUTE 'CREATE' || ' ROLE x'; END $$",
                "dynamic_sql",
            ),
            ("DO $$ BEGIN EXECUTE format('%s', n); END $$", "dynamic_sql"),
            ("DO $$ BEGIN EXECUTE n; END $$", "dynamic_sql"),
            (
                "DO $$ BEGIN FOR r IN EXECUTE q LOOP END LOOP; END $$",
                "dynamic_sql",
            ),
            ("DO E'BEGIN CREATE \\x52OLE x; END'", "dynamic_sql"),
            ("DO 'BEGIN CREATE '\n'ROLE x; END'", "roles"),
            (
                "CREATE FUNCTION f(language sql) RETURNS int LANGUAGE c AS 'lib'",
                "other_languages",
            ),
            ("DO LANGUAGE plpython3u $$ import os $$", "other_languages"),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'lib'",
                "other_languages",
            ),
            (
                "CREATE FUNCTION f() RETURNS int AS 'lib', 'f' LANGUAGE 'C'",
                "other_languages",
            ),
            (
                "DO $a$ BEGIN CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $b$ DROP ROLE x $b$; END $a$",
                "roles",
            ),
        ] {
            assert_eq!(kinds(sql), [kind], "{sql}");
        }
    }

    #[test]
    fn sql_of_a_block_whose_shape_is_fixed_is_decided() {
        for sql in [
            "DO $$ BEGIN EXECUTE 'CREATE TABLE t (a int)'; END $$",
            "DO $$ BEGIN EXECUTE format('CREATE TABLE %I (a int DEFAULT %L)', n, 1); END $$",
            "DO $$ BEGIN EXECUTE format($q$ANALYZE %1$I$q$, n) USING 1; END $$",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        ] {
            assert!(kinds(sql).is_empty(), "{sql}: {:?}", outside(sql));
        }
    }

    #[test]
    fn every_kind_has_the_name_that_the_file_has() {
        for kind in Outside::ALL {
            let name = serde_json::to_value(kind).unwrap();
            assert_eq!(name, kind.name());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(sql in "(\\PC|do|create|function|execute|format|\\$\\$|'|copy|from|;| ){0,30}") {
            let _ = outside(&sql);
        }
    }
}
