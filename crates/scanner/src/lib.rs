//! Bytes in, failures out: the scanner of Stockade.
//!
//! In: specifications of filters, chunks of log bytes, the time. Out: failures, odd lines, verdicts. No I/O, no clock but
//! the meter of CPU time that bounds hostile lines. `engine` is the whole without Python, `python` its surface.

#![cfg_attr(not(feature = "python"), allow(dead_code))]

mod dates;
mod detail;
mod dispatch;
mod dump;
mod engine;
mod expression;
mod expressions;
mod failure;
mod fields;
mod filter;
mod grams;
mod hashing;
mod identifier;
mod interest;
mod limits;
mod lines;
mod literals;
mod meter;
#[cfg(feature = "python")]
mod python;
mod quad;
mod quoting;
mod regex;
mod search;
mod session;
mod shown;
mod spec;
mod stamp;
mod text;
mod timing;
mod window;
