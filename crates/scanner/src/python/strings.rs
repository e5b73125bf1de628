//! The Python strings of identifiers, by number: each is made once and shared by the batches.
//!
//! In: identifiers that are new. Out: their strings. Batches hold the table they were made with, so that their numbers
//! stay good when the scanner begins a new one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyString;

#[derive(Default)]
pub struct Strings(Mutex<Vec<Py<PyString>>>);

impl Strings {
    /// Adds the next ones, in the order of their numbers.
    pub fn add(&self, py: Python<'_>, fresh: &[Arc<str>]) {
        if !fresh.is_empty() {
            self.table().extend(fresh.iter().map(|id| PyString::new(py, id).unbind()));
        }
    }

    /// The string of a number that was added.
    pub fn get<'py>(&self, py: Python<'py>, number: u32) -> Bound<'py, PyString> {
        self.table()[number as usize].bind(py).clone()
    }

    /// The strings of several numbers.
    pub fn all<'py>(&self, py: Python<'py>, numbers: impl Iterator<Item = u32>) -> Vec<Bound<'py, PyString>> {
        let table = self.table();
        numbers.map(|number| table[number as usize].bind(py).clone()).collect()
    }

    /// Never held while Python runs: making and counting references to strings calls nothing.
    fn table(&self) -> MutexGuard<'_, Vec<Py<PyString>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
