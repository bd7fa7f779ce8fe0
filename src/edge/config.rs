//! Configuration, read once in an isolate's life. The rules are in [`crate::counting::config`].

use crate::counting::config::{Config, ConfigError, Variable};
use js_sys::Reflect;
use std::cell::OnceCell;
use std::rc::Rc;
use worker::Env;

type Parsed = Result<Rc<Config>, Rc<ConfigError>>;

thread_local! {
    static CONFIG: OnceCell<Parsed> = const { OnceCell::new() };
}

/// The configuration, or what is wrong with it; the latter is logged once.
pub(super) fn of(env: &Env) -> Parsed {
    CONFIG.with(|config| {
        let parse = || match Config::parse(|name| variable(env, name)) {
            Ok(config) => Ok(Rc::new(config)),
            Err(error) => {
                super::log::problem("misconfigured", &error.to_string());
                Err(Rc::new(error))
            }
        };
        config.get_or_init(parse).clone()
    })
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
