//! The shape of the tables: how a database of an earlier version becomes one of this version.
//!
//! `shape` in the table `meta` is the number of steps of [`GROW`] that a database has had. A database without the row has had none.

use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::sets::set_rows;
use crate::counting::ledger::{last_batches, packed_hashes, schema};
use crate::counting::storage::{Sql, StorageError, Value};

/// A part of a step.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Runs a statement that gives no rows.
    Run(&'static str),
    /// Reads rows and writes them in another form, where no statement can.
    Convert(fn(&dyn Sql, &Instance) -> Result<(), StorageError>),
}

/// The changes from one version of the tables to the next.
pub type Step = &'static [Change];

/// Steps that bring the tables of [`schema::CREATE`] to what this version needs, the oldest first.
///
/// A version that changes the tables appends one step. It leaves [`schema::CREATE`] and the earlier steps as they are, because a new
/// database goes through all of them, too. [`prepare`] runs the steps that a database lacks, each once and in one transaction, and
/// refuses a database that has had more.
pub const GROW: [Step; 1] = [&[
    Change::Run(last_batches::CREATE),
    Change::Convert(last_batches::take_over),
    Change::Run(last_batches::DROP_RECENT),
    Change::Run(set_rows::CREATE),
    Change::Convert(packed_hashes::take_over),
    Change::Run("DROP TABLE seen"),
    Change::Run("DROP TABLE visitors"),
    Change::Run("DROP TABLE marks"),
]];

/// Creates the tables of a database that has none, and brings those of an earlier version to this one's shape.
///
/// # Errors
/// As [`grow`]. The database is as it was, or has more of its empty tables.
pub(crate) fn prepare(sql: &impl Sql, instance: &Instance) -> Result<(), StorageError> {
    sql.write(schema::CREATE_META, &[])?;
    let shape = schema::number_in_meta(sql, "shape")?;
    if shape == 0 {
        // Later on, some of them are gone.
        schema::CREATE.into_iter().try_for_each(|statement| sql.write(statement, &[]))?;
    }
    grow(sql, instance, shape, &GROW)
}

/// Runs the steps that a database of `shape` lacks, each in one transaction that also stores the new shape.
///
/// # Errors
/// The shape is greater than the number of steps: a later version of the program wrote these tables. Or [`StorageError`] of a step:
/// the steps before it hold, and nothing of it does.
pub fn grow(sql: &impl Sql, instance: &Instance, shape: u64, steps: &[Step]) -> Result<(), StorageError> {
    let newest = u64::try_from(steps.len()).unwrap_or(u64::MAX);
    if shape > newest {
        return Err(StorageError(format!(
            "the tables have shape {shape}, and this version knows shapes up to {newest}; deploy the version that wrote them, or a later one"
        )));
    }
    for (before, changes) in (0_u64..).zip(steps).filter(|(before, _)| *before >= shape) {
        let after = Value::count(before.saturating_add(1));
        sql.transaction(&mut || {
            for change in *changes {
                match change {
                    Change::Run(statement) => sql.write(statement, &[])?,
                    Change::Convert(convert) => convert(sql, instance)?,
                }
            }
            sql.write(schema::SET_META, &[Value::Text("shape".to_owned()), after.clone()])
        })?;
    }
    Ok(())
}
