//! The Python surface: the module `stockade._scanner`, as `_scanner.pyi` describes it.

mod extract;
mod scanner;
mod strings;
mod values;

use pyo3::prelude::*;

/// Bytes in, failures out.
#[pymodule]
fn _scanner(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<scanner::Scanner>()?;
    module.add_class::<values::Failure>()?;
    module.add_class::<values::Verdict>()?;
    module.add_class::<values::Odd>()?;
    module.add_class::<values::Note>()?;
    module.add_class::<values::Batch>()
}
