//! Specifications from Python attributes; see the protocols in `_scanner.pyi`.
//!
//! In: any object with the attributes. Out: values of `spec`. A missing attribute or a wrong type raises what Python
//! raises, with the attribute's name.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::spec;

fn attribute<'py, T>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
    for<'a> <T as FromPyObject<'a, 'py>>::Error: Into<PyErr>,
{
    object.getattr(name)?.extract::<T>().map_err(Into::into)
}

fn items<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
    object.getattr(name)?.try_iter()?.collect()
}

fn list<T>(object: &Bound<'_, PyAny>, name: &str, read: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>) -> PyResult<Vec<T>> {
    items(object, name)?.iter().map(read).collect()
}

fn bytes(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<Vec<u8>>> {
    list(object, name, |item| Ok(item.extract::<&[u8]>()?.to_vec()))
}

fn rule(object: &Bound<'_, PyAny>) -> PyResult<spec::Rule> {
    Ok(spec::Rule {
        pattern: attribute(object, "pattern")?,
        literals: bytes(object, "literals")?,
        heads: bytes(object, "heads")?,
        is_caseless: attribute(object, "is_caseless")?,
    })
}

fn date(object: &Bound<'_, PyAny>) -> PyResult<spec::Date> {
    Ok(spec::Date {
        name: attribute(object, "name")?,
        pattern: attribute(object, "pattern")?,
        cut: attribute(object, "cut")?,
        fields: list(object, "fields", |pair| pair.extract::<(u32, char)>())?,
        is_anchored: attribute(object, "is_anchored")?,
        layout: attribute(object, "layout")?,
    })
}

fn usedns(text: &str) -> PyResult<spec::UseDns> {
    match text {
        "yes" => Ok(spec::UseDns::Yes),
        "warn" => Ok(spec::UseDns::Warn),
        "no" => Ok(spec::UseDns::No),
        "raw" => Ok(spec::UseDns::Raw),
        other => Err(PyValueError::new_err(format!("usedns is {other:?}; it must be yes, warn, no or raw"))),
    }
}

/// Reads one filter.
pub fn filter(object: &Bound<'_, PyAny>) -> PyResult<spec::Filter> {
    let prefix = object.getattr("prefix")?;
    Ok(spec::Filter {
        name: attribute(object, "name")?,
        prefix: if prefix.is_none() { None } else { Some(rule(&prefix)?) },
        rules: list(object, "rules", rule)?,
        ignores: list(object, "ignores", rule)?,
        dates: list(object, "dates", date)?,
        maxlines: attribute(object, "maxlines")?,
        usedns: usedns(&attribute::<String>(object, "usedns")?)?,
        findtime: attribute(object, "findtime")?,
        is_all_rules: attribute(object, "is_all_rules")?,
        zone: list(object, "zone", |pair| pair.extract::<(i64, i64)>())?,
    })
}

/// Reads the limits.
pub fn limits(object: &Bound<'_, PyAny>) -> PyResult<spec::Limits> {
    Ok(spec::Limits {
        match_limit: attribute(object, "match_limit")?,
        max_line: attribute(object, "max_line")?,
        max_sessions: attribute(object, "max_sessions")?,
        session_seconds: attribute(object, "session_seconds")?,
    })
}
