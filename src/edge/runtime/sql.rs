//! The platform's SQLite, as [`Sql`].

use crate::counting::storage::{MAX_EXACT, Rows, Sql, StorageError, Value};
use crate::edge::runtime::js_error::describe;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen(module = "/src/edge/runtime/sql.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = write)]
    fn write_statement(storage: &Storage, statement: &str, values: &Array) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = run)]
    fn run_statement(storage: &Storage, statement: &str, values: &Array) -> Result<Array, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The storage of an object.
    #[derive(Clone)]
    pub type Storage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &Storage, work: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<JsValue, JsValue>;
}

/// The database of one object.
#[derive(Clone)]
pub(crate) struct ObjectSql {
    storage: Storage,
}

impl ObjectSql {
    pub(crate) fn new(storage: Storage) -> Self {
        Self { storage }
    }
}

impl Sql for ObjectSql {
    fn write(&self, statement: &'static str, values: &[Value]) -> Result<(), StorageError> {
        write_statement(&self.storage, statement, &bound(values)?).map_err(|error| StorageError(describe(&error)))
    }

    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        let rows = run_statement(&self.storage, statement, &bound(values)?).map_err(|error| StorageError(describe(&error)))?;
        rows.iter().map(|row| Array::from(&row).iter().map(from_platform).collect()).collect()
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        // The platform rolls back if the callback throws, so an error is thrown here and caught below.
        let mut work = || work().map_err(|error| js_sys::Error::new(&error.0).into());
        self.storage.transaction_sync(&mut work).map(|_| ()).map_err(|error| StorageError(describe(&error)))
    }
}

fn bound(values: &[Value]) -> Result<Array, StorageError> {
    let bound = Array::new();
    for value in values {
        bound.push(&to_platform(value)?);
    }
    Ok(bound)
}

fn to_platform(value: &Value) -> Result<JsValue, StorageError> {
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Integer(integer) if integer.unsigned_abs() > MAX_EXACT.unsigned_abs() => {
            return Err(StorageError(format!("{integer} is too large to be stored")));
        }
        #[allow(clippy::cast_precision_loss, reason = "checked above")]
        Value::Integer(integer) => JsValue::from_f64(*integer as f64),
        Value::Text(text) => JsValue::from_str(text),
        Value::Blob(bytes) => Uint8Array::from(bytes.as_slice()).into(),
    })
}

fn from_platform(value: JsValue) -> Result<Value, StorageError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(number) = value.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "no column holds fractions, and all was written by `to_platform`")]
        return Ok(Value::Integer(number as i64));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    match value.dyn_into::<ArrayBuffer>() {
        Ok(bytes) => Ok(Value::Blob(Uint8Array::new(&bytes).to_vec())),
        Err(_) => Err(StorageError("a value of another type came back".to_owned())),
    }
}
