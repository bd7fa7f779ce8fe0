//! The shape of the tables: how many steps of [`GROW`](crate::counting::ledger::schema::GROW) a database has had.
//!
//! `shape` in the table `meta` holds that number. A database without the row has had none.

use crate::counting::ledger::schema;
use crate::counting::storage::{Sql, StorageError, Value};

/// Runs the steps that a database of `shape` lacks, each in one transaction that also stores the new shape.
///
/// # Errors
/// The shape is greater than the number of steps: a later version of the program wrote these tables. Or [`StorageError`] of a step:
/// the steps before it hold, and nothing of it does.
pub fn grow(sql: &impl Sql, shape: u64, steps: &[&[&'static str]]) -> Result<(), StorageError> {
    let newest = u64::try_from(steps.len()).unwrap_or(u64::MAX);
    if shape > newest {
        return Err(StorageError(format!(
            "the tables have shape {shape}, and this version knows shapes up to {newest}; deploy the version that wrote them, or a later one"
        )));
    }
    for (before, statements) in (0_u64..).zip(steps).filter(|(before, _)| *before >= shape) {
        let after = Value::count(before.saturating_add(1));
        sql.transaction(&mut || {
            statements.iter().try_for_each(|statement| sql.write(statement, &[]))?;
            sql.write(schema::SET_META, &[Value::Text("shape".to_owned()), after.clone()])
        })?;
    }
    Ok(())
}
