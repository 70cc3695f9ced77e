//! The pages, one noun per file: a view struct, and the function that renders it.

pub mod docs;
pub mod error_code;
pub mod home;
pub mod login;
pub mod me;
pub mod package;
pub mod problem;
pub mod search;
pub mod withheld;
