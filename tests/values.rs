//! Values against the real thing: what the server sends in binary reads as what it prints in text.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use pgauge::pg::binaries::{Asked, Inventory, Surroundings};
use pgauge::pg::decode::decode;
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::encode::TextParam;
use pgauge::pg::install::System;
use pgauge::record::{Value, same};
use std::error::Error;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls};

/// Types of our own that the expressions use.
const TYPES: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
    CREATE TYPE pair AS (a int, b text, c timestamp);
";

const EXPRESSIONS: &str = r#"
true
false
NULL::int
(-32768)::int2
2147483647
9223372036854775807
4294967295::oid
0.1::float4
'NaN'::float4
-1.5e-7::float4
0::float8
'-0'::float8
1e15::float8
123456789012345::float8
1e-5::float8
0.0001::float8
'-Infinity'::float8
2.2250738585072014e-308::float8
0::numeric
0.00::numeric
1.50
-0.0001000
123456789012345678901234567890.123456789
1e-40::numeric
1e100::numeric
10000::numeric
'NaN'::numeric
'text'
''
E'tab\tquote"back\\slash'
'ab'::char(5)
'a'::"char"
'\200'::"char"
'name'::name
'äöü€'::varchar
'\xdeadbeef'::bytea
''::bytea
'2024-02-29'::date
'0044-03-15 BC'::date
'infinity'::date
'5874897-12-31'::date
'12:34:56.7'::time
'24:00'::time
'12:34:56+05:30'::timetz
'00:00:00.000001-15:59:59'::timetz
'2024-02-29 12:34:56.789'::timestamp
'4713-01-01 00:00:00 BC'::timestamp
'-infinity'::timestamp
'294276-12-31 23:59:59.999999'::timestamp
'2024-02-29 12:34:56+02'::timestamptz
'0001-01-01 00:00:00+00 BC'::timestamptz
'1999-12-31 23:59:59.999999+00'::timestamptz
'1 year 2 mons -3 days 04:05:06.789'::interval
'-1 mons +1 day -00:00:01'::interval
'0'::interval
'-1 days +02:03:00'::interval
'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid
'{"b": [1, 1.5, null, "x\n\u00e9"], "a": {}}'::jsonb
'"text"'::json
'[1, 2]'::json
'null'::jsonb
'-1234567.89'::money
'10.1.2.3'::inet
'10.1.2.3/8'::inet
'10.0.0.0/8'::cidr
'::1'::inet
'2001:db8::ff00:42:8329/64'::inet
'::10.2.3.4'::inet
'::ffff:10.2.3.4'::inet
'08:00:2b:01:02:03'::macaddr
'08:00:2b:01:02:03:04:05'::macaddr8
B'10110'
B''::varbit
'[1,5)'::int4range
'(,5]'::int8range
'empty'::numrange
'["2024-01-01 00:00:00","2024-01-02 00:00:00"]'::tsrange
'[2024-01-01,infinity)'::daterange
'{[1,3),[5,7)}'::int4multirange
'{}'::nummultirange
ARRAY[1, NULL, 3]
'{}'::int[]
ARRAY[[1, 2], [3, 4]]
'[0:1]={1,2}'::int[]
'[2:2][-1:0]={{1,2}}'::int[]
ARRAY['a b', '', 'null', 'q"\', NULL, '{}']
ARRAY[1.50, 2]
ARRAY['2024-01-01 00:00'::timestamp]
ARRAY['{"a": 1}'::jsonb]
ARRAY['happy'::mood, 'sad']
ARRAY[ROW(1, 'x', NULL)::pair]
ARRAY['[1,5)'::int4range]
'1 2 3'::int2vector
'1 4294967295'::oidvector
'happy'::mood
5::cents
ROW(1, 'a b', '2024-01-01')::pair
ROW(NULL, '', NULL)::pair
ROW(1, E'q"\\', '2024-01-01'::date, ARRAY[1, 2])
'123'::xid
'18446744073709551615'::xid8
'(42,7)'::tid
'16/B374D848'::pg_lsn
'10:20:10,14,15'::pg_snapshot
pg_sleep(0)
'(1.5,-2)'::point
'[(1,2),(3,4)]'::lseg
'((1,2),(3,4))'::path
'[(1,2),(3,4)]'::path
'(3,4),(1,2)'::box
'((1,2),(3,4),(5,6))'::polygon
'{1,2,3}'::line
'<(1,2),3.5>'::circle
'''a b'':1A,3B fat:2 cat'::tsvector
'$.a[*] ? (@ > 1)'::jsonpath
'<a>b</a>'::xml
'f'::"char"
"#;

/// The bytes of a column as they came.
struct Raw(Option<Vec<u8>>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Raw, Box<dyn Error + Sync + Send>> {
        Ok(Raw(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Raw, Box<dyn Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The first column of the first row.
async fn value(client: &Client, sql: &str, params: &[TextParam]) -> Value {
    let params = params.iter().map(|param| param as _).collect::<Vec<_>>();
    let row = client.query_one(sql, &params).await;
    let row = row.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let raw: Raw = row.get(0);
    decode(row.columns()[0].type_(), raw.0.as_deref())
}

async fn connect(server: &EmbeddedServer) -> Client {
    let mut config = tokio_postgres::Config::new();
    let config = config.host_path(server.socket_dir()).port(server.port());
    let config = config.user(server.superuser()).dbname("postgres");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// An embedded server of the newest binaries, or `None`, saying so, where there are none.
fn server() -> Option<EmbeddedServer> {
    let inventory = Inventory::take(&Surroundings::here());
    let chosen = inventory.choose(&Asked::Newest, &System::here());
    let binaries = chosen.map_err(|error| eprintln!("skipped: {error}")).ok()?;
    let (settings, listen) = (Vec::new(), Listen::UnixSocket);
    let options = EmbeddedOptions {
        binaries,
        settings,
        listen,
    };
    Some(EmbeddedServer::start(&options).unwrap())
}

#[tokio::test]
async fn every_type_prints_as_the_server_prints_it_and_goes_back_as_text() {
    let Some(server) = server() else { return };
    let client = connect(&server).await;
    client.batch_execute(TYPES).await.unwrap();
    let mut wrong = Vec::new();
    for expression in EXPRESSIONS.lines().filter(|line| !line.is_empty()) {
        let sent = value(&client, &format!("SELECT {expression}"), &[]).await;
        // `format` goes through the type's output function, which a cast to text may not.
        let printed = value(&client, &format!("SELECT format('%s', {expression})"), &[]).await;
        if sent.to_text().unwrap_or_default() != printed.to_string() {
            wrong.push(format!(
                "{expression}: {} is {}",
                printed.describe(),
                sent.describe()
            ));
        }
        if !sent.is_null() && !same(&printed, &sent) {
            wrong.push(format!(
                "{expression}: {} should be read as itself",
                sent.describe()
            ));
        }
        let type_of = format!("SELECT format('%s', pg_typeof({expression}))");
        let type_name = value(&client, &type_of, &[]).await.to_string();
        let type_name = match type_name.as_str() {
            "record" | "void" | "unknown" => continue,
            // Unquoted they would mean `character(1)` and `bit(1)`.
            "character" => "bpchar",
            "bit" => "\"bit\"",
            other => other,
        };
        let param = TextParam(sent.to_text());
        let back = value(&client, &format!("SELECT $1::{type_name}"), &[param]).await;
        if format!("{back:?}") != format!("{sent:?}") {
            wrong.push(format!(
                "{expression}: {} came back as {}",
                sent.describe(),
                back.describe()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn types_of_extensions_are_known_by_name() {
    let Some(server) = server() else { return };
    let client = connect(&server).await;
    for (extension, expression, printed) in [
        ("citext", "'Ab'::citext", "text <\"Ab\">"),
        (
            "hstore",
            "'a=>1,b=>NULL'::hstore",
            "hstore <\"a\"=>\"1\", \"b\"=>NULL>",
        ),
        ("ltree", "'a.b'::ltree", "ltree <a.b>"),
    ] {
        let create = format!("CREATE EXTENSION {extension}");
        if let Err(error) = client.batch_execute(&create).await {
            eprintln!("skipped: {create}: {error}");
            continue;
        }
        let sent = value(&client, &format!("SELECT {expression}"), &[]).await;
        assert_eq!(sent.describe(), printed);
    }
}
