//! What Python gets: failures, verdicts, odd lines and the batch that holds them.
//!
//! In: plain values of a scan. Out: frozen Python objects; fields and lines become Python objects only when asked for.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::failure::{self, Detail};
use crate::fields::Names;

fn dict<'py>(py: Python<'py>, names: &Names, detail: &Detail) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    for (name, value) in detail.fields() {
        fields.set_item(names.name(name), value)?;
    }
    Ok(fields)
}

/// Who failed, when, under which rule.
#[pyclass(frozen, freelist = 4096, module = "stockade._scanner")]
pub struct Failure {
    #[pyo3(get)]
    filter: u32,
    #[pyo3(get)]
    rule: u32,
    #[pyo3(get)]
    time: f64,
    #[pyo3(get)]
    logged: Option<f64>,
    #[pyo3(get)]
    id: Py<PyString>,
    #[pyo3(get)]
    is_name: bool,
    ip: Option<Py<PyString>>,
    host: u16,
    detail: Detail,
    names: Arc<Names>,
}

impl Failure {
    /// Wraps a plain failure; `ids` are the interned identifiers by number.
    pub fn wrap(py: Python<'_>, plain: failure::Failure, ids: &[Py<PyString>], names: &Arc<Names>) -> Failure {
        Failure {
            filter: plain.filter,
            rule: plain.rule,
            time: plain.time,
            logged: plain.logged,
            id: ids[plain.id as usize].clone_ref(py),
            is_name: plain.is_name,
            ip: plain.ip.map(|ip| ids[ip as usize].clone_ref(py)),
            host: plain.host,
            detail: plain.detail,
            names: names.clone(),
        }
    }
}

#[pymethods]
impl Failure {
    #[getter]
    fn ip(&self, py: Python<'_>) -> Py<PyString> {
        self.ip.as_ref().map_or_else(|| PyString::new(py, "").unbind(), |ip| ip.clone_ref(py))
    }

    #[getter]
    fn raw_host(&self) -> String {
        let fields = self.detail.fields();
        fields.iter().find(|field| field.0 == self.host).map_or_else(String::new, |field| field.1.to_owned())
    }

    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, &self.names, &self.detail)
    }

    #[getter]
    fn matches<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.detail.lines())
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<Failure {} rule {} time {}>", self.id.bind(py), self.rule, self.time)
    }
}

/// What became of one line for one filter.
#[pyclass(frozen, module = "stockade._scanner")]
pub struct Verdict {
    #[pyo3(get)]
    n: u64,
    #[pyo3(get)]
    filter: u32,
    #[pyo3(get)]
    verdict: &'static str,
    #[pyo3(get)]
    rule: Option<u32>,
    #[pyo3(get)]
    time: Option<f64>,
    #[pyo3(get)]
    line: String,
    #[pyo3(get)]
    reason: &'static str,
    #[pyo3(get)]
    failures: Py<PyList>,
    detail: Option<Detail>,
    names: Arc<Names>,
}

impl Verdict {
    pub fn wrap(plain: failure::Verdict, failures: Py<PyList>, names: &Arc<Names>) -> Verdict {
        Verdict {
            n: plain.n,
            filter: plain.filter,
            verdict: plain.verdict,
            rule: plain.rule,
            time: plain.time,
            line: plain.line,
            reason: plain.reason,
            failures,
            detail: plain.detail,
            names: names.clone(),
        }
    }
}

#[pymethods]
impl Verdict {
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &self.detail {
            Some(detail) => dict(py, &self.names, detail),
            None => Ok(PyDict::new(py)),
        }
    }

    fn __repr__(&self) -> String {
        format!("<Verdict {} {} {}>", self.n, self.verdict, self.reason)
    }
}

/// A line that hit a limit.
#[pyclass(frozen, module = "stockade._scanner")]
pub struct Odd {
    #[pyo3(get)]
    filter: u32,
    #[pyo3(get)]
    reason: &'static str,
    #[pyo3(get)]
    line: String,
}

impl From<failure::Odd> for Odd {
    fn from(plain: failure::Odd) -> Odd {
        Odd { filter: plain.filter, reason: plain.reason, line: plain.line }
    }
}

#[pymethods]
impl Odd {
    fn __repr__(&self) -> String {
        format!("<Odd {} {:?}>", self.reason, self.line)
    }
}

/// The yield of one call.
#[pyclass(frozen, module = "stockade._scanner")]
pub struct Batch {
    #[pyo3(get)]
    pub failures: Py<PyList>,
    #[pyo3(get)]
    pub odd: Py<PyList>,
    #[pyo3(get)]
    pub verdicts: Py<PyList>,
}
