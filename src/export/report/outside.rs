//! The source behind a session's calls, which is outside of it.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::calls::{function_body, permalink, source};
use crate::session::calls::FunctionInfo;
use crate::wire::trace::Package;

/// The text of a function's file, where it was kept.
type Kept<'a> = &'a dyn Fn(&FunctionInfo) -> Option<String>;

/// Finds lines of source: in the repositories of libraries, and in the files of the person's own.
#[derive(Default)]
pub struct Outside<'a> {
    kept: Option<Kept<'a>>,
    /// The texts of files that are still here, by path.
    files: RefCell<HashMap<String, String>>,
}

impl<'a> Outside<'a> {
    /// Where files of the person's own may be kept with the session, as they were when it was recorded.
    pub fn beside(kept: Kept<'a>) -> Outside<'a> {
        Outside { kept: Some(kept), ..Outside::default() }
    }

    /// The link to a line of a function's file, at the installed version's tag.
    pub(in crate::export) fn link(
        &self,
        package: &Package,
        function: &FunctionInfo,
        line: u32,
    ) -> Option<String> {
        permalink::of(package, &function.file, line)
    }

    /// The lines of a function of the person's own, where its file is kept or still here.
    pub(in crate::export) fn source(&self, function: &FunctionInfo) -> Vec<String> {
        if let Some(text) = self.kept.and_then(|kept| kept(function)) {
            return function_body(&text, function.line);
        }
        if function.symbol.ends_with(":<module>") {
            // The whole file is what it calls, below.
            return Vec::new();
        }
        let mut files = self.files.borrow_mut();
        let text = files
            .entry(function.file.to_string())
            .or_insert_with(|| source::text(&function.file).unwrap_or_default());
        function_body(text, function.line)
    }
}
