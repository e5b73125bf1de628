//! What Python gets: failures, verdicts, odd lines and the batch that holds them.
//!
//! In: plain values of a scan. Out: frozen Python objects; fields and lines become Python objects only when asked for.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString};

use super::strings::Strings;
use crate::detail::Detail;
use crate::failure::{self, Yield};
use crate::fields::{NameId, Names, USERS};
use crate::quoting::set_of;

/// The names of one filter's fields, as Python strings that all its failures share.
pub struct Keys(Vec<Py<PyString>>);

impl Keys {
    pub fn new(py: Python<'_>, names: &Names) -> Keys {
        Keys((0..names.len()).map(|number| PyString::intern(py, names.name(number as NameId)).unbind()).collect())
    }

    /// The fields as a dictionary; `users` of a session that has seen several are one value.
    fn dict<'py>(&self, py: Python<'py>, detail: &Detail) -> PyResult<Bound<'py, PyDict>> {
        let (fields, dict) = (detail.fields(), PyDict::new(py));
        for &(name, value) in fields.iter().filter(|field| field.0 != USERS) {
            self.set(&dict, name, value)?;
        }
        match &users(&fields)[..] {
            [] => {}
            [only] => self.set(&dict, USERS, only)?,
            several => self.set(&dict, USERS, &set_of(several))?,
        }
        Ok(dict)
    }

    fn set(&self, dict: &Bound<'_, PyDict>, name: NameId, value: &str) -> PyResult<()> {
        match self.0.get(usize::from(name)) {
            Some(key) => dict.set_item(key, value),
            None => Ok(()),
        }
    }
}

/// The names of each filter's fields.
pub type AllKeys = Arc<[Arc<Keys>]>;

/// The users of a session that has seen several, sorted.
fn users<'a>(fields: &[(NameId, &'a str)]) -> Vec<&'a str> {
    let mut users: Vec<&str> = fields.iter().filter(|field| field.0 == USERS).map(|field| field.1).collect();
    users.sort_unstable();
    users
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
    host: u16,
    detail: Detail,
    names: Arc<Keys>,
}

impl Failure {
    /// Wraps a plain failure with a copy of its own piece of `details`.
    fn wrap(plain: &failure::Failure, details: &[u8], id: Py<PyString>, names: &AllKeys) -> Failure {
        Failure {
            filter: plain.filter,
            rule: plain.rule,
            time: plain.time,
            logged: plain.logged,
            id,
            is_name: plain.is_name,
            host: plain.host,
            detail: Detail::copied(&details[plain.detail.clone()]),
            names: names[plain.filter as usize].clone(),
        }
    }
}

#[pymethods]
impl Failure {
    #[getter]
    fn ip(&self) -> &str {
        self.detail.ip()
    }

    #[getter]
    fn raw_host(&self) -> String {
        let fields = self.detail.fields();
        fields.iter().find(|field| field.0 == self.host).map_or_else(String::new, |field| field.1.to_owned())
    }

    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.detail)
    }

    #[getter]
    fn users<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, users(&self.detail.fields()))
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
    names: Arc<Keys>,
}

impl Verdict {
    fn wrap(plain: &failure::Verdict, failures: Py<PyList>, names: &AllKeys) -> Verdict {
        Verdict {
            n: plain.n,
            filter: plain.filter,
            verdict: plain.verdict,
            rule: plain.rule,
            time: plain.time,
            line: plain.line.clone(),
            reason: plain.reason,
            failures,
            detail: plain.detail.clone(),
            names: names[plain.filter as usize].clone(),
        }
    }
}

#[pymethods]
impl Verdict {
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &self.detail {
            Some(detail) => self.names.dict(py, detail),
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

impl From<&failure::Odd> for Odd {
    fn from(plain: &failure::Odd) -> Odd {
        Odd { filter: plain.filter, reason: plain.reason, line: plain.line.clone() }
    }
}

#[pymethods]
impl Odd {
    fn __repr__(&self) -> String {
        format!("<Odd {} {:?}>", self.reason, self.line)
    }
}

/// Something that an operator should hear of now and then.
#[pyclass(frozen, module = "stockade._scanner")]
pub struct Note {
    #[pyo3(get)]
    filter: u32,
    #[pyo3(get)]
    kind: &'static str,
    #[pyo3(get)]
    line: String,
    #[pyo3(get)]
    seconds: f64,
}

impl From<&failure::Note> for Note {
    fn from(plain: &failure::Note) -> Note {
        Note { filter: plain.filter, kind: plain.kind.word(), line: plain.line.clone(), seconds: plain.seconds }
    }
}

#[pymethods]
impl Note {
    fn __repr__(&self) -> String {
        format!("<Note {} {} {:?}>", self.kind, self.seconds, self.line)
    }
}

/// Identifiers of one batch that `others` remembers its answer for.
const ANSWERS: usize = 256;

/// The yield of one call: identifiers and failures when asked for.
#[pyclass(frozen, module = "stockade._scanner")]
pub struct Batch {
    found: Arc<Yield>,
    names: AllKeys,
    strings: Arc<Strings>,
    ids: PyOnceLock<Py<PyList>>,
    failures: PyOnceLock<Py<PyList>>,
    #[pyo3(get)]
    odd: Py<PyList>,
    #[pyo3(get)]
    notes: Py<PyList>,
    #[pyo3(get)]
    verdicts: Py<PyList>,
}

impl Batch {
    /// Wraps a yield; `strings` are its identifiers by number.
    pub fn wrap(py: Python<'_>, found: Arc<Yield>, strings: Arc<Strings>, names: &AllKeys) -> PyResult<Batch> {
        let odd = found.odd.iter().map(|plain| Py::new(py, Odd::from(plain)));
        let odd = PyList::new(py, odd.collect::<PyResult<Vec<_>>>()?)?.unbind();
        let notes = found.notes.iter().map(|plain| Py::new(py, Note::from(plain)));
        let notes = PyList::new(py, notes.collect::<PyResult<Vec<_>>>()?)?.unbind();
        let (ids, names, failures, verdicts) =
            (PyOnceLock::new(), names.clone(), PyOnceLock::new(), PyList::empty(py).unbind());
        let batch = Batch { found, names, strings, ids, failures, odd, notes, verdicts };
        if !batch.found.verdicts.is_empty() {
            batch.add_verdicts(py)?;
        }
        Ok(batch)
    }

    fn add_verdicts(&self, py: Python<'_>) -> PyResult<()> {
        let failures = self.failures(py)?;
        for plain in &self.found.verdicts {
            let own = failures.get_slice(plain.failures.start, plain.failures.end).unbind();
            self.verdicts.bind(py).append(Py::new(py, Verdict::wrap(plain, own, &self.names))?)?;
        }
        Ok(())
    }
}

#[pymethods]
impl Batch {
    #[getter]
    fn filters(&self) -> Vec<u32> {
        self.found.failures.iter().map(|plain| plain.filter).collect()
    }

    #[getter]
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let all = self.ids.get_or_try_init(py, || {
            let strings = self.strings.all(py, self.found.failures.iter().map(|plain| plain.id));
            Ok::<_, PyErr>(PyList::new(py, strings)?.unbind())
        })?;
        Ok(all.bind(py))
    }

    /// Each identifier is looked for once as long as few others come between: under attack few lines of one batch are
    /// the first of their sender.
    #[pyo3(signature = (known, /))]
    fn others(&self, known: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
        let mut answers = [(u32::MAX, false); ANSWERS];
        let mut others = Vec::new();
        for (index, plain) in self.found.failures.iter().enumerate() {
            let answer = &mut answers[plain.id as usize % ANSWERS];
            if answer.0 != plain.id {
                *answer = (plain.id, known.contains(self.strings.get(known.py(), plain.id))?);
            }
            if !answer.1 {
                others.push(index);
            }
        }
        Ok(others)
    }

    #[pyo3(signature = (index, /))]
    fn failure(&self, py: Python<'_>, index: isize) -> PyResult<Failure> {
        let out_of_range = || PyIndexError::new_err(format!("there are {} failures", self.found.failures.len()));
        let index = usize::try_from(index).map_err(|_| out_of_range())?;
        let plain = self.found.failures.get(index).ok_or_else(out_of_range)?;
        Ok(Failure::wrap(plain, &self.found.details, self.strings.get(py, plain.id).unbind(), &self.names))
    }

    #[getter]
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let all = self.failures.get_or_try_init(py, || {
            let all = (0..self.found.failures.len()).map(|index| Py::new(py, self.failure(py, index as isize)?));
            Ok::<_, PyErr>(PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)?.unbind())
        })?;
        Ok(all.bind(py))
    }

    fn __len__(&self) -> usize {
        self.found.failures.len()
    }

    fn __repr__(&self) -> String {
        format!("<Batch failures {}>", self.found.failures.len())
    }
}
