//! The class `Scanner`: one engine, and the Python strings of its identifiers.
//!
//! In: bytes from Python. Out: batches. The interpreter is released while the engine works.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::extract;
use super::strings::Strings;
use super::values::{AllKeys, Batch, Keys};
use crate::dump;
use crate::engine::Engine;
use crate::failure::Yield;
use crate::text::Encoding;
use crate::timing::Clock;

/// Reads one source for all filters that watch it.
#[pyclass(module = "stockade._scanner")]
pub struct Scanner {
    engine: Engine,
    names: AllKeys,
    strings: Arc<Strings>,
    /// The last two yields: once its batch is gone the older one's memory serves the next call.
    spares: [Option<Arc<Yield>>; 2],
}

#[pymethods]
impl Scanner {
    #[new]
    #[pyo3(signature = (filters, limits, *, is_explaining = false, encoding = "utf-8", table = None))]
    fn new(
        py: Python<'_>,
        filters: &Bound<'_, PyAny>,
        limits: &Bound<'_, PyAny>,
        is_explaining: bool,
        encoding: &str,
        table: Option<&str>,
    ) -> PyResult<Scanner> {
        let encoding = match table {
            None => Encoding::from_name(encoding).ok_or_else(|| {
                let known =
                    "utf-8, latin-1 and ascii are read as they are; others need a table, or conversion to UTF-8";
                PyValueError::new_err(format!("encoding {encoding:?} is not known to the scanner: {known}"))
            })?,
            Some(table) => Encoding::from_table(table).ok_or_else(|| {
                PyValueError::new_err(format!("the table of {encoding:?} does not extend ASCII to 256 characters"))
            })?,
        };
        let specs = filters.try_iter()?.map(|item| extract::filter(&item?)).collect::<PyResult<Vec<_>>>()?;
        let engine = Engine::new(&specs, &extract::limits(limits)?, is_explaining, encoding);
        let engine = engine.map_err(PyValueError::new_err)?;
        let names = engine.filters.iter().map(|filter| Arc::new(Keys::new(py, &filter.names))).collect();
        Ok(Scanner { engine, names, strings: Arc::default(), spares: [None, None] })
    }

    #[getter]
    fn pending(&self) -> usize {
        self.engine.pending()
    }

    #[pyo3(signature = (data, now, *, is_live = true))]
    fn feed(&mut self, py: Python<'_>, data: &[u8], now: f64, is_live: bool) -> PyResult<Batch> {
        let clock = Clock { now, is_live };
        self.scan(py, |engine, out| engine.feed(data, clock, out))
    }

    #[pyo3(signature = (entries, now, *, is_live = true))]
    fn feed_entries(&mut self, py: Python<'_>, entries: &Bound<'_, PyAny>, now: f64, is_live: bool) -> PyResult<Batch> {
        let clock = Clock { now, is_live };
        let read = |item: Bound<'_, PyAny>| {
            let (time, line) = item.extract::<(f64, Bound<'_, PyBytes>)>()?;
            Ok((time, line.as_bytes().to_vec()))
        };
        let lines = entries.try_iter()?.map(|item| read(item?)).collect::<PyResult<Vec<(f64, Vec<u8>)>>>()?;
        self.scan(py, |engine, out| {
            for (time, line) in &lines {
                engine.entry(*time, line, clock, out);
            }
        })
    }

    #[pyo3(signature = (now, *, is_live = true))]
    fn finish(&mut self, py: Python<'_>, now: f64, is_live: bool) -> PyResult<Batch> {
        self.scan(py, |engine, out| engine.finish(Clock { now, is_live }, out))
    }

    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = &self.engine.counts;
        let all = PyDict::new(py);
        for (name, value) in [
            ("lines", counts.lines),
            ("bytes", counts.bytes),
            ("candidates", counts.candidates),
            ("dated", counts.dated),
            ("undated", counts.undated),
            ("matched", counts.matched),
            ("nofail", counts.nofail),
            ("ignored", counts.ignored),
            ("failures", counts.failures),
            ("odd", counts.odd),
            ("old", counts.old),
            ("undecodable", counts.undecodable),
        ] {
            all.set_item(name, value)?;
        }
        for (index, filter) in self.engine.filters.iter().enumerate() {
            for (rule, hits) in filter.hits.iter().enumerate() {
                all.set_item(format!("rule_{index}_{rule}"), hits)?;
            }
        }
        Ok(all)
    }

    fn dump<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &dump::dump(&self.engine))
    }

    fn load(&mut self, state: &[u8]) -> bool {
        dump::load(&mut self.engine, state)
    }
}

impl Scanner {
    /// Runs the engine without the interpreter, then makes Python objects of what it yields.
    fn scan(&mut self, py: Python<'_>, work: impl FnOnce(&mut Engine, &mut Yield) + Send) -> PyResult<Batch> {
        if self.engine.ids.trim() {
            self.strings = Arc::default();
        }
        let engine = &mut self.engine;
        let mut out = self.spares[0].take().and_then(Arc::into_inner).map_or_else(Yield::default, Yield::reuse);
        let out = py.detach(move || {
            work(engine, &mut out);
            out
        });
        self.strings.add(py, &self.engine.ids.take_fresh());
        let out = Arc::new(out);
        if !out.failures.is_empty() {
            self.spares = [self.spares[1].take(), Some(out.clone())];
        }
        Batch::wrap(py, out, self.strings.clone(), &self.names)
    }
}
