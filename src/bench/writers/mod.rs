//! The reports of runs as documents: JSON, JUnit XML, HTML, and a CSV file per series.
//!
//! Uses [`super::archive`], from which a writer reads piece by piece, so that memory does not grow with the runs. Invariant: a
//! document depends on its runs alone; files, paths and options are the caller's.

pub mod csv;
pub mod html;
pub mod json;
pub mod junit;
