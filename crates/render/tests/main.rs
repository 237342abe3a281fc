//! Reports: formats, golden files, rows and words.

mod formats;
mod golden;
mod hostile;
mod rows;
mod words;
