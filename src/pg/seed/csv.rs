//! How do the rows of a CSV file get into a table? By COPY, into the columns that its first line names.

use super::Trouble;
use super::script::copy;
use super::table::Target;
use tokio_postgres::Client;

/// Loads a file whose first line names the columns.
pub(super) async fn load(client: &Client, table: &str, text: &str) -> Result<(), Trouble> {
    let header = header(text);
    if header.is_empty() {
        return Err(Trouble::new("the CSV file is empty")
            .hint(Some("its first line must name the columns".to_owned())));
    }
    let columns: Vec<&str> = header.iter().map(String::as_str).collect();
    let target = Target::find(client, table, &columns).await?;
    let sql = format!("COPY {} FROM STDIN (FORMAT csv, HEADER)", target.sql());
    copy(client, &sql, text).await.map_err(|error| {
        Trouble::refused(
            format!("the CSV file does not fit the table \"{table}\""),
            &error,
        )
    })
}

/// The fields of the first line.
fn header(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\n' | '\r' if !quoted => break,
            c => field.push(c),
        }
    }
    if fields.is_empty() && field.is_empty() {
        return fields;
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_copy_reads_it() {
        assert_eq!(header("id,name\r\n1,a\n"), ["id", "name"]);
        assert_eq!(
            header("\"a,b\",\"say \"\"hi\"\"\"\n"),
            ["a,b", "say \"hi\""]
        );
        assert!(header("").is_empty());
    }
}
