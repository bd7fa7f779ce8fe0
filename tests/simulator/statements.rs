//! Carries out each statement of `ledger::schema` and of `days` on tables in memory.

use crate::store::{Key, Row, Table, Tables, integer};
use footfall::counting::dispatch::days;
use footfall::counting::ledger::by_page::{HOURS, SUMS};
use footfall::counting::ledger::sets::set_rows;
use footfall::counting::ledger::shape::{Change, GROW};
use footfall::counting::ledger::{last_batches, ledger_sets, packed_hashes, schema, unlisted};
use footfall::counting::protocol::row::{NewRow, Row as JournalRow, RowBatch};
use footfall::counting::storage::{Rows, Value};

/// The statements of `counting::days`.
pub(crate) const DAYS: [&str; 7] =
    [days::CREATE, days::LATEST, days::ADD, days::FORGET, days::FORGET_SALT, days::SALTS, days::MOST_SHARDS];

/// The table of packed rows that a statement reads or writes, if it is such a statement.
fn table_of(statement: &str) -> Option<Table> {
    match statement {
        _ if [HOURS.get, HOURS.set].contains(&statement) => Some(Table::PageHours),
        _ if [SUMS.get, SUMS.set].contains(&statement) => Some(Table::PageSums),
        _ => None,
    }
}

/// Whether a step towards this version's tables runs a statement.
fn is_of_a_step(statement: &str) -> bool {
    GROW.into_iter().flatten().any(|change| matches!(change, Change::Run(one) if *one == statement))
}

impl Tables {
    /// Carries out a statement of a shard.
    pub(crate) fn run(&mut self, statement: &'static str, values: &[Value]) -> Rows {
        use Value::{Integer, Text};
        let one = |row: Option<&[Value]>| row.map(<[Value]>::to_vec).into_iter().collect();
        match (statement, values) {
            (schema::META, [Text(key)]) => return one(self.get(Table::Meta, &Key::Text(key.clone()))),
            (schema::SET_META, [Text(key), value]) => self.put(Table::Meta, Key::Text(key.clone()), vec![value.clone()]),
            (schema::APPEND, [Integer(slot), number, body]) => {
                let body = if self.loses_last { without_last(body) } else { body.clone() };
                self.put(Table::Journal, Key::One(*slot), vec![number.clone(), body]);
                self.appended += 1;
                self.newest = *slot;
            }
            (schema::JOURNAL, [Integer(first), Integer(end)]) => {
                let rows = self.rows.get(&Table::Journal).into_iter();
                return rows.flat_map(|rows| rows.range(Key::One(*first)..Key::One(*end))).map(|(_, row)| row.clone()).collect();
            }
            (schema::FORGET_META, [Text(first), Text(end)]) => {
                self.delete(Table::Meta, |key, _| matches!(key, Key::Text(key) if key >= first && key < end));
            }
            (schema::FORGET_JOURNAL, [Integer(upto)]) => self.delete(Table::Journal, |_, row| integer(row, 0) <= *upto),
            (schema::PAGE_VIEWS, [Text(page)]) => {
                return one(self.get(Table::Pages, &Key::Text(page.clone())).map(|row| &row[1..]));
            }
            (schema::ADD_PAGE_VIEWS, [Text(page), Integer(views)]) => {
                let key = Key::Text(page.clone());
                let next = || self.count(Table::Pages) + 1;
                let (id, old) =
                    self.get(Table::Pages, &key).map_or_else(|| (next(), 0), |row| (integer(row, 0), integer(row, 1)));
                let views = if self.loses_checkpoints { old } else { old + views };
                self.put(Table::Pages, key, vec![Integer(id), Integer(views)]);
                return vec![vec![Integer(id)]];
            }
            (packed, [Integer(part), Integer(at), more @ ..]) if table_of(packed).is_some() => {
                let (table, key) = (table_of(packed).unwrap_or(Table::PageHours), Key::Two(*part, *at));
                if more.is_empty() {
                    return one(self.get(table, &key));
                }
                self.put(table, key, more.to_vec());
            }
            (schema::ADD_SITE_QUARTER, [Integer(quarter), counts @ ..]) => {
                self.add_all(Table::SiteQuarters, Key::One(*quarter), counts);
            }
            (schema::FIRST_QUARTER, []) => {
                let first = self.all(Table::SiteQuarters).next().map(|(key, _)| key);
                return vec![vec![if let Some(Key::One(hour)) = first { Integer(*hour) } else { Value::Null }]];
            }
            (schema::ADD_DETAIL, [Integer(day), Integer(kind), Text(value), Integer(views)]) => {
                let key = Key::Text(format!("{day}/{kind}/{value}"));
                let old = self.get(Table::Details, &key).map_or(0, |row| integer(row, 3));
                self.put(
                    Table::Details,
                    key,
                    vec![values[0].clone(), values[1].clone(), values[2].clone(), Integer(old + views)],
                );
            }
            // The simulator sends no visits from unlisted names, so there is nothing to forget.
            (unlisted::FORGET, [Integer(_)]) => {}
            (schema::DETAILS_OF_DAY, [Integer(day)]) => {
                let of_day = self.all(Table::Details).filter(|(_, row)| integer(row, 0) == *day);
                let mut rows: Rows = of_day.map(|(_, row)| row[1..3].to_vec()).collect();
                rows.sort_by_key(|row| (integer(row, 0), if let Text(value) = &row[1] { value.clone() } else { String::new() }));
                return rows;
            }
            (schema::ADD_EXCLUDED, [Integer(day), Integer(reason), Integer(visits)]) => {
                self.add(Table::Excluded, Key::Two(*day, *reason), *visits);
            }
            (set_rows::PUT_SET_ROW, [Integer(id), body]) => self.put(Table::SetRows, Key::One(*id), vec![body.clone()]),
            (set_rows::SET_ROW, [Integer(id)]) => return one(self.get(Table::SetRows, &Key::One(*id))),
            (set_rows::SET_ROWS, [Integer(first), Integer(end)]) => {
                return self.set_rows(*first..*end).map(|(_, row)| row.clone()).collect();
            }
            (set_rows::SET_ROW_IDS, [Integer(first), Integer(end), Integer(most)]) => {
                let ids = self.set_rows(*first..*end).map(|(id, _)| vec![Integer(id)]);
                return ids.take(usize::try_from(*most).unwrap()).collect();
            }
            (set_rows::DROP_SET_ROWS, [Integer(first), Integer(end)]) => {
                self.delete(Table::SetRows, |key, _| matches!(key, Key::One(id) if (*first..*end).contains(id)));
            }
            (ledger_sets::HELD, [Text(first), Text(end)]) => {
                let held = self.all(Table::Meta).filter_map(|(key, row)| match key {
                    Key::Text(key) if key >= first && key < end => Some(vec![Text(key.clone()), row[0].clone()]),
                    _ => None,
                });
                return held.collect();
            }
            (last_batches::SET, [Integer(number), body]) => {
                self.put(Table::LastBatches, Key::One(*number), vec![body.clone()]);
            }
            (last_batches::GET, [Integer(number)]) => return one(self.get(Table::LastBatches, &Key::One(*number))),
            (last_batches::DROP_FROM, [Integer(first)]) => {
                self.delete(Table::LastBatches, |key, _| matches!(key, Key::One(number) if number >= first));
            }
            // A new database has nothing to convert.
            (last_batches::RECENT, []) | (packed_hashes::SEEN | packed_hashes::VISITORS | packed_hashes::MARKS, [_, _]) => {}
            (schema::ADD_DAY, [Integer(day), visitors @ ..]) => self.add_all(Table::Days, Key::One(*day), visitors),
            (schema::DAY, [Integer(day)]) => return one(self.get(Table::Days, &Key::One(*day))),
            (schema::ADD_WITHHELD, [Integer(day), Integer(why), Integer(views)]) => {
                self.add(Table::Withheld, Key::Two(*day, *why), *views);
            }
            (schema::WITHHELD, [Integer(day)]) => {
                let of_day = self.all(Table::Withheld).filter_map(|(key, row)| match key {
                    Key::Two(of, why) if of == day && *why != 4 => Some(vec![Integer(*why), row[0].clone()]),
                    _ => None,
                });
                return of_day.collect();
            }
            (create, []) if schema::CREATE.contains(&create) || is_of_a_step(create) => {}
            (other, values) => return self.run_days(other, values),
        }
        Rows::new()
    }

    /// The rows of sets in a range, with their numbers.
    fn set_rows(&self, range: std::ops::Range<i64>) -> impl Iterator<Item = (i64, &Row)> {
        self.all(Table::SetRows).filter_map(move |(key, row)| match key {
            Key::One(id) if range.contains(id) => Some((*id, row)),
            _ => None,
        })
    }

    /// Carries out a statement of the days object.
    fn run_days(&mut self, statement: &'static str, values: &[Value]) -> Rows {
        use Value::Integer;
        match (DAYS.iter().position(|known| *known == statement), values) {
            (Some(0), []) => {}
            (Some(1), [Integer(latest)]) => {
                let days = self.rows.get(&Table::Days).into_iter().flat_map(|days| days.values().rev());
                return days.filter(|row| integer(row, 0) <= *latest).take(3).cloned().collect();
            }
            (Some(2), [Integer(day), ..]) => self.put(Table::Days, Key::One(*day), values.to_vec()),
            (Some(3), [Integer(before)]) => self.delete(Table::Days, |_, row| integer(row, 0) < *before),
            (Some(4), [Integer(before)]) => {
                let old: Vec<Row> =
                    self.all(Table::Days).map(|(_, row)| row).filter(|row| integer(row, 0) < *before).cloned().collect();
                for row in old {
                    let without = vec![row[0].clone(), Value::Blob(Vec::new()), row[2].clone()];
                    self.put(Table::Days, Key::One(integer(&row, 0)), without);
                }
            }
            (Some(5), []) => {
                let salted = self.all(Table::Days).map(|(_, row)| row).filter(|row| row[1] != Value::Blob(Vec::new()));
                return salted.map(|row| vec![row[0].clone()]).collect();
            }
            (Some(6), []) => {
                let most = self.all(Table::Days).map(|(_, row)| integer(row, 2)).max();
                return vec![vec![Integer(most.unwrap_or(0))]];
            }
            (_, values) => panic!("the store knows no such statement: {statement} {values:?}"),
        }
        Rows::new()
    }
}

/// A journal row without the last of its batches, if it has several.
fn without_last(body: &Value) -> Value {
    let Value::Blob(bytes) = body else { return body.clone() };
    let Ok(JournalRow { at, batches }) = JournalRow::read(bytes) else { return body.clone() };
    let mut row = NewRow::new(at);
    for RowBatch { batch, receipt, news } in &batches[..batches.len().saturating_sub(1).max(1)] {
        row.push(batch, receipt, news.unwrap_or_default());
    }
    Value::Blob(row.into_bytes())
}
