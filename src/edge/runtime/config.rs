//! The configuration, which an isolate reads once. The rules are in [`crate::counting::config::settings`].

use crate::counting::config::settings::Config;
use crate::counting::config::variable::{ConfigError, Variable};
use crate::counting::model::nfc::Nfc;
use crate::counting::model::origin::Origins;
use js_sys::{JsString, Reflect};
use std::cell::OnceCell;
use std::rc::Rc;
use worker::Env;

type Parsed = Result<Rc<Config>, Rc<Misconfigured>>;

/// What is wrong with the configuration, and the origins whose pages may read the error.
pub(crate) struct Misconfigured {
    pub(crate) error: ConfigError,
    pub(crate) origins: Origins,
}

thread_local! {
    static CONFIG: OnceCell<Parsed> = const { OnceCell::new() };
}

/// The configuration, or what is wrong with it, which is logged once.
pub(crate) fn parsed(env: &Env) -> Parsed {
    CONFIG.with(|config| {
        let parse = || match Config::parse(|name| variable(env, name)) {
            Ok(config) => Ok(Rc::new(Config { page_query: config.page_query.with(Nfc(nfc)), ..config })),
            Err(error) => {
                crate::edge::runtime::log::problem("misconfigured", &error.to_string());
                let origins = Config::origins(|name| variable(env, name)).unwrap_or_default();
                Err(Rc::new(Misconfigured { error, origins }))
            }
        };
        config.get_or_init(parse).clone()
    })
}

/// Unicode's Normalization Form C.
fn nfc(text: &str) -> String {
    // It throws only for the name of an unknown form.
    JsString::from(text).normalize("NFC").into()
}

fn variable(env: &Env, name: &str) -> Variable {
    match Reflect::get(env, &name.into()) {
        Ok(value) if value.is_undefined() => Variable::Missing,
        // JavaScript writes a whole number without a point.
        Ok(value) if value.as_f64().is_some() => Variable::Text(String::from(js_sys::Object::from(value).to_string())),
        Ok(value) => value.as_string().map_or(Variable::Other, Variable::Text),
        Err(_) => Variable::Other,
    }
}
