//! Migrations that a program carries out: it is given the database's URL, and what it does is traced and judged as what
//! pgauge sends itself. The program is psql, and once each sqlx, Django and Alembic; where one is not installed its test
//! says so and skips.

use crate::{
    folder::Playground,
    program::{self, Ran},
};
use pgauge::record::{LockMode, StatementTrace};
use std::{fs, process::Command};

const SHOP: &str = "\
seed:
  - sql: |
      CREATE TABLE orders (id integer PRIMARY KEY, total integer NOT NULL, note text);
      INSERT INTO orders SELECT n, n, 'note ' || n FROM generate_series(1, 1000) AS n;
";

fn run(name: &str, rest: &str) -> Option<Ran> {
    run_by(&["psql", "--version"], &[], name, rest)
}

/// Runs a scenario in a suite with these files, if the program is there: `probe` shows whether it is.
fn run_by(probe: &[&str], files: &[(&str, &str)], name: &str, rest: &str) -> Option<Ran> {
    let there = Command::new(probe[0]).args(&probe[1..]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: `{}` does not work here", probe.join(" "));
        return None;
    }
    let playground = Playground::new();
    for (path, text) in files {
        let path = playground.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let text = format!("name: {name}\n{SHOP}{rest}");
    playground.add("migrated", "program.yaml", &text);
    Some(program::run(playground.root(), &["scenarios"]))
}

/// Runs a scenario that migrates by SQL.
fn run_sql(name: &str, rest: &str) -> Ran {
    run_by(&["true"], &[], name, rest).unwrap()
}

/// What is said of the only case, by code.
fn said(ran: &Ran, code: &str) -> Vec<String> {
    let findings = ran.results.cases[0].findings.iter();
    let found = findings.filter(|finding| finding.code == code);
    found.map(|finding| finding.primary.clone()).collect()
}

/// The statements that made `note` required and gave it an index, each with the strongest lock on the table.
fn note_is_changed(ran: &Ran) {
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    for (words, mode) in [
        ("SET NOT NULL", LockMode::AccessExclusive),
        ("CREATE INDEX", LockMode::Share),
    ] {
        let all = traces(ran);
        // What has a position is the command itself.
        let mut found = all
            .iter()
            .filter(|trace| trace.position == 0 && trace.sql.contains(words));
        let trace = found.next().unwrap_or_else(|| panic!("{words}: {all:?}"));
        assert!(found.next().is_none(), "{words} twice: {all:?}");
        let locks = trace.locks.iter();
        let of_table = locks.filter(|lock| lock.relation.name == "orders");
        let strongest = of_table.map(|lock| lock.mode).max();
        assert_eq!(strongest, Some(mode), "{trace:?}");
    }
    for code in ["scan", "no-timeout", "claim-confirmed"] {
        let mut findings = ran.results.cases[0].findings.iter();
        assert!(
            findings.any(|finding| finding.code == code),
            "{code}: {}",
            ran.said.stdout
        );
    }
}

fn traces(ran: &Ran) -> &[StatementTrace] {
    let migration = ran.results.cases[0].log.migration.as_ref();
    migration.map_or(&[], |log| &log.statements)
}

#[test]
fn the_statements_of_a_program_are_traced_with_their_locks_rewrites_and_timeouts() {
    let Some(ran) = run(
        "A program migrates",
        r#"
migrate:
  - command: [sh, -c, 'psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "SET lock_timeout = 2000" -c "ALTER TABLE orders ALTER COLUMN total TYPE bigint" -c "CREATE INDEX CONCURRENTLY orders_note ON orders (note)"']
rollback:
  - command: [psql, -X, -q, -v, ON_ERROR_STOP=1, -c, DROP INDEX orders_note, -c, ALTER TABLE orders ALTER COLUMN total TYPE integer]
expect:
  - migration: { locks: { orders: access_exclusive }, rewrites: [orders], data_loss: none, lock_timeout: required }
"#,
    ) else {
        return;
    };
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
    let altered = traces(&ran)
        .iter()
        .find(|trace| trace.sql.starts_with("ALTER"));
    let altered = altered.unwrap();
    let modes: Vec<LockMode> = altered.locks.iter().map(|lock| lock.mode).collect();
    assert!(modes.contains(&LockMode::AccessExclusive), "{altered:?}");
    assert_eq!(altered.lock_timeout.0, 2_000_000);
}

#[test]
fn what_a_program_that_fails_said_is_told_without_its_password() {
    let Some(ran) = run(
        "A program fails",
        r#"
migrate:
  - command: [psql, -X, -v, ON_ERROR_STOP=1, -c, ALTER TABLE orders ADD COLUMN total text]
expect:
  - migration: { rewrites: none }
"#,
    ) else {
        return;
    };
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    let said = &ran.said.stdout;
    assert!(said.contains("failed[migration-failed]"), "{said}");
    assert!(
        said.contains("column \"total\" of relation \"orders\" already exists"),
        "{said}"
    );
}

#[test]
fn statements_that_come_in_one_message_are_told_one_by_one() {
    let Some(ran) = run(
        "A program sends a whole file",
        r#"
migrate:
  - command: [psql, -X, -v, ON_ERROR_STOP=1, -c, "ALTER TABLE orders ALTER COLUMN note SET NOT NULL; CREATE INDEX ON orders (note)"]
expect:
  - migration: { scans: none, lock_timeout: required }
"#,
    ) else {
        return;
    };
    note_is_changed(&ran);
}

#[test]
fn what_sqlx_does_is_traced() {
    let up = "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\nCREATE INDEX orders_note ON orders (note);\n";
    let files = [("app/migrations/20260101000000_note.sql", up)];
    let ran = run_by(
        &["sqlx", "--version"],
        &files,
        "sqlx migrates",
        "
migrate: [{ command: [sqlx, migrate, run], folder: ../../app }]
expect: [{ migration: { scans: none, lock_timeout: required } }]
",
    );
    if let Some(ran) = ran {
        note_is_changed(&ran);
    }
}

#[test]
fn what_alembic_does_is_traced() {
    let env = "\
import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ[\"DATABASE_URL\"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
";
    let up = "\
from alembic import op

revision = \"0001\"
down_revision = None

def upgrade():
    op.alter_column(\"orders\", \"note\", nullable=False)
    op.create_index(\"orders_note\", \"orders\", [\"note\"])
";
    let files = [
        ("app/alembic.ini", "[alembic]\nscript_location = .\n"),
        ("app/env.py", env),
        ("app/versions/0001_note.py", up),
    ];
    let probe = [
        "python3",
        "-c",
        "import alembic, sqlalchemy; sqlalchemy.create_engine('postgresql://')",
    ];
    let ran = run_by(
        &probe,
        &files,
        "Alembic migrates",
        "
migrate: [{ command: [python3, -m, alembic, upgrade, head], folder: ../../app }]
expect: [{ migration: { scans: none, lock_timeout: required } }]
",
    );
    if let Some(ran) = ran {
        note_is_changed(&ran);
    }
}

#[test]
fn what_django_does_is_traced() {
    let settings = "\
import os

SECRET_KEY = \"test\"
INSTALLED_APPS = [\"shop\"]
DATABASES = {
    \"default\": {
        \"ENGINE\": \"django.db.backends.postgresql\",
        \"NAME\": os.environ[\"PGDATABASE\"],
        \"USER\": os.environ[\"PGUSER\"],
        \"PASSWORD\": os.environ.get(\"PGPASSWORD\", \"\"),
        \"HOST\": os.environ[\"PGHOST\"],
        \"PORT\": os.environ[\"PGPORT\"],
    }
}
";
    let columns = "\
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            \"Order\",
            [
                (\"id\", models.IntegerField(primary_key=True)),
                (\"total\", models.IntegerField()),
                (\"note\", models.TextField(null=True)),
            ],
            options={\"db_table\": \"orders\"},
        )
    ]
";
    let note = "\
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [(\"shop\", \"0001_initial\")]
    operations = [
        migrations.AlterField(\"Order\", \"note\", models.TextField()),
        migrations.AddIndex(\"Order\", models.Index(fields=[\"note\"], name=\"orders_note\")),
    ]
";
    let files = [
        ("app/settings.py", settings),
        ("app/shop/__init__.py", ""),
        ("app/shop/migrations/__init__.py", ""),
        ("app/shop/migrations/0001_initial.py", columns),
        ("app/shop/migrations/0002_note.py", note),
    ];
    // The table is there: what made it is told as done and not carried out.
    let ran = run_by(
        &["python3", "-c", "import django, psycopg2"],
        &files,
        "Django migrates",
        "
migrate:
  - command: [python3, -m, django, migrate, shop, \"0001\", --fake]
    folder: ../../app
    env: { DJANGO_SETTINGS_MODULE: settings }
  - command: [python3, -m, django, migrate, shop]
    folder: ../../app
    env: { DJANGO_SETTINGS_MODULE: settings }
expect: [{ migration: { scans: none, lock_timeout: required } }]
",
    );
    if let Some(ran) = ran {
        note_is_changed(&ran);
    }
}

#[test]
fn what_old_rows_hold_is_compared_where_new_ones_came() {
    let ran = run_sql(
        "New rows beside old ones",
        "
migrate:
  - sql: |
      UPDATE orders SET total = 0, note = NULL;
      INSERT INTO orders VALUES (5000, 1, 'new');
      ALTER TABLE orders ALTER COLUMN id TYPE bigint;
expect: [{ migration: { data_loss: none } }]
",
    );
    let lost = said(&ran, "data-loss").join("\n");
    for column in ["orders.total", "orders.note"] {
        assert!(lost.contains(column), "{lost}");
    }
    assert_eq!(said(&ran, "data-loss").len(), 2, "{lost}");
    let ran = run_sql(
        "Other rows instead of old ones",
        "
migrate:
  - sql: |
      DELETE FROM orders WHERE id <= 10;
      INSERT INTO orders SELECT n, n, 'new' FROM generate_series(2001, 2100) AS n;
expect: [{ migration: { data_loss: none } }]
",
    );
    assert_eq!(
        said(&ran, "data-loss"),
        ["table \"orders\" has 990 of its 1,000 rows, expected no data to be lost or changed"]
    );
    let ran = run_sql(
        "Only new rows",
        "
migrate:
  - sql: |
      INSERT INTO orders SELECT n, n, 'new' FROM generate_series(2001, 2100) AS n;
      ALTER TABLE orders RENAME COLUMN note TO remark;
      ALTER TABLE orders ALTER COLUMN total TYPE numeric;
expect: [{ migration: { data_loss: none } }]
",
    );
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
}

#[test]
fn rows_that_a_rollback_leaves_behind_are_told() {
    let ran = run_sql(
        "A rollback leaves a row",
        "
migrate:
  - sql: |
      ALTER TABLE orders ADD COLUMN a integer;
      INSERT INTO orders VALUES (5000, 1, 'new');
rollback: [{ sql: ALTER TABLE orders DROP COLUMN a }]
expect: [{ migration: { rewrites: none } }]
",
    );
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    assert_eq!(
        said(&ran, "rollback-data"),
        ["when the migration is undone, table \"orders\" has 1,001 rows, and had 1,000"]
    );
}

#[test]
fn a_secret_in_the_environment_of_a_program_is_not_shown() {
    let ran = run_sql(
        "A program tells its secret",
        r#"
migrate:
  - command: [sh, -c, "echo key=$API_TOKEN; exit 3"]
    env: { API_TOKEN: canary-secret-77 }
rollback:
  - command: ["true"]
    env: { UNDO_PASSWORD: canary-secret-78 }
expect: [{ migration: { rewrites: none } }]
"#,
    );
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    assert!(ran.said.stdout.contains("key=***"), "{}", ran.said.stdout);
    let json = String::from_utf8(ran.results.to_json().unwrap()).unwrap();
    for text in [&ran.said.stdout, &ran.said.stderr, &ran.junit, &json] {
        assert!(!text.contains("canary-secret"), "{text}");
    }
}

#[test]
fn a_program_of_which_nothing_was_seen_proves_nothing_about_locks() {
    let Some(ran) = run(
        "A program only reads",
        r#"
migrate:
  - command: [psql, -X, -q, -c, "SELECT count(*) FROM orders"]
expect: [{ migration: { blocks: none } }]
"#,
    ) else {
        return;
    };
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    assert_eq!(said(&ran, "not-seen").len(), 1, "{}", ran.said.stdout);
}
