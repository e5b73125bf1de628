//! Bytes in, failures out.
use pyo3::prelude::*;

#[pymodule]
fn _scanner(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
