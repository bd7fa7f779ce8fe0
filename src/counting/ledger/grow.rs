//! Bringing the tables of a program of before to what they are today.

use crate::counting::ledger::by_page::More;
use crate::counting::ledger::quarters::{Counts, HOUR};
use crate::counting::ledger::schema;
use crate::counting::ledger::state::Ledger;
use crate::counting::storage::{Sql, StorageError, Value, count_at};

/// Rows of before that are packed at once: what they take of memory stays small, and the rows that they are packed into are written
/// few times over.
const ROWS: u64 = 20_000;

impl<S: Sql> Ledger<S> {
    /// Brings tables of a shape to today's, step by step.
    pub(crate) fn grow_tables(&self, shape: u64) -> Result<(), StorageError> {
        for (before, statements) in (0..).zip(schema::GROW).filter(|(before, _)| *before >= shape) {
            let write = |statement: &&'static str| self.sql.write(statement, &[]);
            self.sql.transaction(&mut || {
                statements.iter().try_for_each(write)?;
                if before == schema::WITH_HOURS {
                    self.pack(schema::OLD_HOURS, |more, page, hour, counts| more.count(page, hour.saturating_mul(HOUR), counts))?;
                    self.pack(schema::OLD_DAYS, More::count_rolled)?;
                    schema::DROP_OLD.iter().try_for_each(write)?;
                }
                self.sql.write(schema::SET_META, &[Value::Text("shape".to_owned()), Value::count(before.saturating_add(1))])
            })?;
        }
        Ok(())
    }

    /// Packs rows of before: page, time, counts.
    fn pack(&self, statement: &'static str, add: fn(&mut More, u64, u64, Counts)) -> Result<(), StorageError> {
        let (mut page, mut at) = (0, 0);
        loop {
            let mut more = More::default();
            let rows = self.sql.run(statement, &[page, at, ROWS].map(Value::count))?;
            for row in &rows {
                (page, at) = (count_at(row, 0)?, count_at(row, 1)?);
                let counts = Counts { views: count_at(row, 2)?, visitors: count_at(row, 3)?, newcomers: count_at(row, 4)? };
                add(&mut more, page, at, counts);
            }
            self.add_to_pages(&more)?;
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}
