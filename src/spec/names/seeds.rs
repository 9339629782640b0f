//! What fills the database, as far as its text tells.

use super::Checker;
use crate::{source::Diagnostic, spec::seed::SeedItem, sql};

impl Checker<'_> {
    pub(super) fn seeds(&self) {
        for seed in self.loaded.seed(self.variant) {
            let text = match (seed.item, seed.file) {
                (SeedItem::Sql(sql), _) => sql.sql.as_str(),
                (SeedItem::File(_), Some(file)) => {
                    if !self.seed_files.borrow_mut().insert(file.path()) {
                        continue;
                    }
                    file.text()
                }
                (SeedItem::Csv(_), Some(file)) if file.text().trim().is_empty() => {
                    let primary = "the file has no first line that names the columns";
                    let place = self.place(&format!("{}/csv", seed.path));
                    self.push(Diagnostic::error("empty-csv", primary).at(place));
                    continue;
                }
                _ => continue,
            };
            let script = sql::split(text);
            self.psql_commands(&script, &seed.path);
            if script.statements.is_empty() && script.psql_commands.is_empty() {
                let place = self.place(&seed.path);
                let diagnostic = Diagnostic::warning("no-statement", "there is no statement here");
                self.push(diagnostic.at(place));
            }
        }
    }
}
