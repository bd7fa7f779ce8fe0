//! SQLite as the platform gives it, behind [`Sql`].

use crate::counting::ledger::{Rows, Sql, StorageError, Value};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::DurableObjectStorage;
use worker::{SqlStorage, SqlStorageValue, Storage};

#[wasm_bindgen]
extern "C" {
    /// The storage of an object, with the one method that the `worker` crate does not bind.
    #[derive(Clone)]
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &SyncStorage, work: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<JsValue, JsValue>;
}

/// The database of one object.
#[derive(Clone)]
pub(super) struct ObjectSql {
    sql: SqlStorage,
    storage: SyncStorage,
}

impl ObjectSql {
    pub(super) fn new(storage: &Storage) -> Self {
        let raw: &DurableObjectStorage = storage.as_raw();
        let raw: JsValue = raw.into();
        Self { sql: storage.sql(), storage: raw.unchecked_into() }
    }
}

impl Sql for ObjectSql {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        let bindings: Vec<SqlStorageValue> = values.iter().map(to_platform).collect();
        let cursor = self.sql.exec(statement, bindings).map_err(failed)?;
        cursor.raw().map(|row| row.map_err(failed)?.into_iter().map(from_platform).collect()).collect()
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        // A throw out of the callback rolls back, so an error goes out as one and comes back below.
        let mut work = || work().map_err(|error| js_sys::Error::new(&error.0).into());
        self.storage.transaction_sync(&mut work).map(|_| ()).map_err(|error| failed(worker::Error::from(error)))
    }
}

fn to_platform(value: &Value) -> SqlStorageValue {
    match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(integer) => SqlStorageValue::Integer(*integer),
        Value::Text(text) => SqlStorageValue::String(text.clone()),
        Value::Blob(bytes) => SqlStorageValue::Blob(bytes.clone()),
    }
}

fn from_platform(value: SqlStorageValue) -> Result<Value, StorageError> {
    match value {
        SqlStorageValue::Null => Ok(Value::Null),
        SqlStorageValue::Integer(integer) => Ok(Value::Integer(integer)),
        SqlStorageValue::String(text) => Ok(Value::Text(text)),
        SqlStorageValue::Blob(bytes) => Ok(Value::Blob(bytes)),
        _ => Err(StorageError("a value of another type came back".to_owned())),
    }
}

fn failed(error: worker::Error) -> StorageError {
    StorageError(error.to_string())
}
