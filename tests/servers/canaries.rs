//! Canaries: a secret planted in every place where one can enter, and every output searched for it.

use crate::certificates::write;
use crate::world::{PASSWORD, Somebodys, pgauge, with_somebodys};
use pgauge::text::{Redactor, keep_secret, told_by};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// Every canary has this in it; the password of `qa` too.
const CANARY: &str = "canary-of-";

/// A scenario in which secrets enter by every way that YAML has, some into statements that fail.
const SCENARIO: &str = "\
name: Secrets everywhere
database:
  settings: { app.api_token: canary-of-settings }
seed:
  - sql: CREATE TABLE t (id int, note text)
clients:
  alice:
    settings: { app.client_secret: canary-of-client }
    on_error: continue
    steps:
      - step: token
        sql: SELECT current_setting('app.api_token'), current_setting('app.client_secret')
      - step: bound
        sql: SELECT :password::int
        with: { password: canary-of-parameter }
      - begin
      - step: role
        sql: ALTER ROLE CURRENT_USER PASSWORD 'canary-of-sql'
      - rollback
      - step: quoted
        sql: CREATE ROLE x PASSWORD $$canary-of-dollars$$ NONSENSE
      - step: cast
        sql: SELECT 'canary-of-sql'::int
      - step: link
        sql: SELECT 'postgres://a:canary-of-link@h/d'::int
        after: |
          log(\"postgres://a:canary-of-hook@h/d\");
          sql(\"ALTER ROLE CURRENT_USER PASSWORD 'canary-of-hook' NONSENSE\");
expect:
  - { sql: SELECT current_setting('app.api_token'), value: canary-of-another-value }
  - { sql: SELECT 1, value: 1 }
";

fn silent(place: &str, text: &str) {
    // What is expected of a value is the author's own word, and no secret by name.
    let text = text.replace("canary-of-another-value", "");
    if let Some(at) = text.find(CANARY) {
        let from = (0..=at.saturating_sub(300))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        panic!(
            "{place} tells a secret: …{}",
            &text[from.unwrap_or(0)..(at + 40).min(text.len())]
        );
    }
}

fn of_output(place: &str, output: &Output) {
    silent(
        &format!("{place}: standard output"),
        &String::from_utf8_lossy(&output.stdout),
    );
    silent(
        &format!("{place}: standard error"),
        &String::from_utf8_lossy(&output.stderr),
    );
}

/// Runs, and searches everything that comes out.
fn searched(
    place: &str,
    folder: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Option<i32> {
    let reports = folder.join(place.replace(' ', "-"));
    std::fs::create_dir(&reports).unwrap();
    let (json, junit) = (reports.join("results.json"), reports.join("junit.xml"));
    let scenario = folder.join("secrets.yaml").display().to_string();
    let (json_path, junit_path) = (json.display().to_string(), junit.display().to_string());
    let fixed = [
        "run",
        &scenario,
        "-v",
        "--json",
        &json_path,
        "--junit",
        &junit_path,
        "--update-baselines",
    ];
    let ran = pgauge(&[&fixed[..], arguments].concat(), environment);
    of_output(place, &ran);
    let mut written = 0;
    for file in [json, junit, folder.join("secrets.baseline.json")] {
        if let Ok(text) = std::fs::read_to_string(&file) {
            silent(&format!("{place}: {}", file.display()), &text);
            written += 1;
        }
    }
    assert!(written >= 2, "{place}: only {written} reports");
    ran.status.code()
}

#[test]
fn no_output_tells_a_secret_wherever_it_came_in() {
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "secrets.yaml", SCENARIO);
        write(
            folder.path(),
            "pgauge.yaml",
            "allow_outside_database: [roles]\n",
        );
        let port = somebodys.port();
        let url = somebodys.url("");
        let bare = format!("postgres://qa@localhost:{port}/postgres");
        let line = format!("localhost:{port}:*:qa:{PASSWORD}\n");
        let passfile = write(folder.path(), "passwords", &line)
            .display()
            .to_string();
        let service = format!(
            "[qa]\nhost=localhost\nport={port}\nuser=qa\npassword={PASSWORD}\ndbname=postgres\n"
        );
        let services = write(folder.path(), "services", &service)
            .display()
            .to_string();
        let wrong = bare.replace("qa@", "qa:canary-of-wrong@");
        let nowhere = "postgres://qa:canary-of-nowhere@127.0.0.1:1/x".to_owned();
        let broken = bare.replace("qa@", "qa:canary-of-broken%@");
        let keywords =
            format!("host=localhost port={port} user=qa password='{PASSWORD}' dbname=postgres");
        let mistyped = format!("{keywords} pasword=canary-of-mistyped");
        let run = |place: &str, arguments: &[&str], environment: &[(&str, &str)]| {
            searched(place, folder.path(), arguments, environment)
        };
        assert_eq!(run("own server", &["--server", "embedded"], &[]), Some(1));
        for (place, arguments, environment) in [
            ("url", vec!["--server", url.as_str()], vec![]),
            ("keywords", vec!["--server", keywords.as_str()], vec![]),
            ("DATABASE_URL", vec![], vec![("DATABASE_URL", url.as_str())]),
            (
                "PGAUGE_SERVER",
                vec![],
                vec![("PGAUGE_SERVER", url.as_str())],
            ),
            (
                "PGPASSWORD",
                vec!["--server", bare.as_str()],
                vec![("PGPASSWORD", PASSWORD)],
            ),
            (
                "password file",
                vec!["--server", bare.as_str()],
                vec![("PGPASSFILE", passfile.as_str())],
            ),
            (
                "service",
                vec![],
                vec![("PGSERVICE", "qa"), ("PGSERVICEFILE", services.as_str())],
            ),
        ] {
            assert_eq!(run(place, &arguments, &environment), Some(1), "{place}");
        }
        for (place, server) in [("wrong password", &wrong), ("nobody there", &nowhere)] {
            assert_eq!(run(place, &["--server", server], &[]), Some(4), "{place}");
        }
        let scenario = folder.path().join("secrets.yaml").display().to_string();
        for (place, server) in [("broken url", &broken), ("mistyped keywords", &mistyped)] {
            let ran = pgauge(&["run", &scenario, "--server", server], &[]);
            of_output(place, &ran);
            assert_eq!(ran.status.code(), Some(2), "{place}");
        }
        for server in [&url, &keywords, &wrong, &nowhere, &broken] {
            of_output(
                "doctor",
                &pgauge(&["doctor", &scenario, "--server", server], &[]),
            );
        }
        for command in ["show", "check", "--help"] {
            of_output(
                command,
                &pgauge(
                    &[command, &scenario],
                    &[("DATABASE_URL", &url), ("PGAUGE_SERVER", &url)],
                ),
            );
        }
        let help = pgauge(&["run", "--help"], &[("PGAUGE_SERVER", &url)]);
        of_output("run --help", &help);
        let mirror = "http://qa:canary-of-mirror@127.0.0.1:1";
        for (arguments, environment) in [
            (vec!["--download-base", mirror], vec![]),
            (vec![], vec![("PGAUGE_DOWNLOAD_BASE", mirror)]),
        ] {
            // A version that nobody has installed, and nobody serves there.
            let fixed = ["run", scenario.as_str(), "--server", "14"];
            let ran = pgauge(&[&fixed[..], &arguments[..]].concat(), &environment);
            of_output("download", &ran);
        }
        let ordered = SCENARIO.replace(
            "expect:",
            "order: [alice.token, alice.bound, alice.begin, alice.role, alice.rollback, alice.quoted, alice.cast, alice.link]\nexpect:",
        );
        let ordered = write(folder.path(), "ordered.yaml", &ordered)
            .display()
            .to_string();
        let trace = folder.path().join("trace.out");
        let form = format!("isolation={}", trace.display());
        let ran = pgauge(
            &["run", &ordered, "--server", "embedded", "--trace", &form],
            &[],
        );
        of_output("trace", &ran);
        let trace = std::fs::read_to_string(&trace).unwrap();
        assert!(trace.contains("step token:"), "{trace}");
        silent("the trace", &trace);
        registry_is_silent(&somebodys).await;
    });
}

/// What pgauge keeps on somebody's server.
async fn registry_is_silent(somebodys: &Somebodys) {
    let superuser = somebodys.superuser().await;
    let names = "SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database";
    let names: String = superuser.query_one(names, &[]).await.unwrap().get(0);
    silent("databases", &names);
}

#[test]
fn the_list_of_processes_tells_no_secret_while_a_run_goes_on() {
    if !Path::new("/proc/self/cmdline").exists() {
        return eprintln!("SKIPPED: this system has no /proc to see processes in");
    }
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        let text = "name: A nap\nclients:\n  alice:\n    steps:\n      - { step: nap, sql: SELECT pg_sleep(1) }\n\
                    expect: [{ sql: SELECT 1, value: 1 }]\n";
        let scenario = write(folder.path(), "nap.yaml", text).display().to_string();
        let url = somebodys.url("");
        let mut run = Command::new(env!("CARGO_BIN_EXE_pgauge"))
            .args(["run", &scenario, "--server", &url])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let napping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)' AND usename = 'qa'";
        let superuser = somebodys.superuser().await;
        while superuser
            .query_one(napping, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            assert!(
                run.try_wait().unwrap().is_none(),
                "the run ended before its nap"
            );
        }
        let own = std::process::id().to_string();
        let mut seen = 0;
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            if process.file_name().to_string_lossy() != own {
                silent("the list of processes", &String::from_utf8_lossy(&words));
            }
            seen += usize::from(String::from_utf8_lossy(&words).contains("nap.yaml"));
        }
        assert!(seen > 0, "the run itself was not seen");
        assert_eq!(run.wait().unwrap().code(), Some(0));
    });
}

#[test]
fn a_panic_tells_no_secret() {
    static TOLD: Mutex<String> = Mutex::new(String::new());
    let mut secrets = Redactor::new();
    secrets.learn("canary-of-panic");
    keep_secret(&secrets);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|panic| *TOLD.lock().unwrap() = told_by(panic)));
    let panicked =
        std::thread::spawn(|| panic!("lost canary-of-panic at postgres://a:canary-of-shape@h"))
            .join();
    std::panic::set_hook(usual);
    assert!(panicked.is_err());
    let told = TOLD.lock().unwrap();
    assert!(told.contains("lost *** at postgres://a:***@h"), "{told}");
}
