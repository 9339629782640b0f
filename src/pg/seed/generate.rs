//! How do generated rows get into a table? Streamed by COPY while they are generated, binary where every column allows.

use super::table::Target;
use super::wire::{self, Encoder};
use super::{CHUNK, Trouble, text};
use crate::record::Value;
use crate::schedule::generate::{GenerateError, TableGenerator};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use std::pin::{Pin, pin};
use tokio_postgres::{Client, CopyInSink, Error};

/// Generates and copies the rows of one table.
pub(super) async fn fill(client: &Client, generator: &TableGenerator) -> Result<(), Trouble> {
    let names: Vec<&str> = generator.columns().collect();
    let target = Target::find(client, generator.table(), &names).await?;
    copy(client, &target, generator).await
}

async fn copy(client: &Client, target: &Target, generator: &TableGenerator) -> Result<(), Trouble> {
    let age = match target.takes_frozen_rows(client).await? {
        true => Age::Frozen,
        false => Age::Usual,
    };
    let encoders: Option<Vec<Encoder>> = target.types.iter().map(Encoder::of).collect();
    let formats = encoders
        .map(Format::Binary)
        .into_iter()
        .chain([Format::Text]);
    for format in formats {
        match load(client, target, generator, Writing { format, age }).await {
            // Dropping the sink made the server forget the rows; they are generated again, the same.
            Err(Stop::Misfit) => {}
            end => return end.map_err(|stop| stop.explain(generator)),
        }
    }
    Ok(())
}

async fn load(
    client: &Client,
    target: &Target,
    generator: &TableGenerator,
    writing: Writing,
) -> Result<(), Stop> {
    if writing.age == Age::Usual {
        return stream(client, target, generator, &writing).await;
    }
    let begin = format!("BEGIN; TRUNCATE ONLY {}", target.table);
    client.batch_execute(&begin).await.map_err(Stop::Server)?;
    let streamed = stream(client, target, generator, &writing).await;
    let end = if streamed.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    let ended = client.batch_execute(end).await.map_err(Stop::Server);
    streamed.and(ended)
}

/// What the rows look like to the server.
struct Writing {
    format: Format,
    age: Age,
}

impl Writing {
    fn options(&self) -> String {
        let freeze = match self.age {
            Age::Frozen => ", FREEZE",
            Age::Usual => "",
        };
        format!("FORMAT {}{freeze}", self.format.option())
    }
}

/// Whether the rows are frozen as they come, which spares the vacuum that follows from writing them again; it takes a
/// table emptied in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Frozen,
    Usual,
}

/// How the rows are written.
enum Format {
    Binary(Vec<Encoder>),
    Text,
}

impl Format {
    fn option(&self) -> &'static str {
        match self {
            Format::Binary(_) => "binary",
            Format::Text => "text",
        }
    }

    fn begin(&self, out: &mut BytesMut) {
        if let Format::Binary(_) = self {
            wire::begin(out);
        }
    }

    fn row(&self, values: &[Value], out: &mut BytesMut) -> Result<(), Stop> {
        let Format::Binary(encoders) = self else {
            text::put_row(values, out);
            return Ok(());
        };
        wire::begin_row(values.len(), out).map_err(|_| Stop::Misfit)?;
        for (encoder, value) in encoders.iter().zip(values) {
            encoder.put(value, out).map_err(|_| Stop::Misfit)?;
        }
        Ok(())
    }

    fn end(&self, out: &mut BytesMut) {
        if let Format::Binary(_) = self {
            wire::end(out);
        }
    }
}

/// Why the rows did not all get there.
enum Stop {
    /// A value must go as text.
    Misfit,
    Generate(GenerateError),
    Server(Error),
}

impl Stop {
    fn explain(self, generator: &TableGenerator) -> Trouble {
        let table = generator.table();
        match self {
            Stop::Generate(error) => not_generated(table, error),
            Stop::Server(error) => Trouble::refused(
                format!("the generated rows do not fit the table \"{table}\""),
                &error,
            ),
            Stop::Misfit => Trouble::new(format!("the rows of \"{table}\" cannot be written")),
        }
    }
}

async fn stream(
    client: &Client,
    target: &Target,
    generator: &TableGenerator,
    writing: &Writing,
) -> Result<(), Stop> {
    let format = &writing.format;
    let sql = format!("COPY {} FROM STDIN ({})", target.sql(), writing.options());
    let sink = client
        .copy_in::<_, Bytes>(&sql)
        .await
        .map_err(Stop::Server)?;
    let mut sink: Pin<&mut CopyInSink<Bytes>> = pin!(sink);
    let mut out = BytesMut::with_capacity(CHUNK * 2);
    let mut values = Vec::new();
    format.begin(&mut out);
    for row in 0..generator.rows() {
        generator.row(row, &mut values).map_err(Stop::Generate)?;
        format.row(&values, &mut out)?;
        if out.len() >= CHUNK {
            let chunk = out.split().freeze();
            sink.send(chunk).await.map_err(Stop::Server)?;
            out.reserve(CHUNK * 2);
        }
    }
    format.end(&mut out);
    sink.send(out.freeze()).await.map_err(Stop::Server)?;
    sink.finish().await.map_err(Stop::Server)?;
    Ok(())
}

fn not_generated(table: &str, error: GenerateError) -> Trouble {
    let place = error.place.map(|place| {
        format!(
            "at line {}, column {} of the expression",
            place.line, place.column
        )
    });
    let trouble = Trouble::new(format!(
        "the column \"{table}.{}\" cannot be generated: {}",
        error.of, error.message
    ))
    .hint(error.hint);
    match place {
        Some(place) => trouble.detail(place),
        None => trouble,
    }
}
