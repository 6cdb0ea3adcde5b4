//! The part of a document that is measured, between two marks. What stands around it is written by
//! hand.

use std::path::Path;

use anyhow::{Context as _, ensure};

const BEGIN: &str = "<!-- measured by `make bench`: begin -->";
const END: &str = "<!-- measured by `make bench`: end -->";

/// Puts `measured` between the marks of the file at `path`.
pub(crate) fn write(path: &Path, measured: &str) -> anyhow::Result<()> {
    let what = || path.display().to_string();
    let document = std::fs::read_to_string(path).with_context(what)?;
    let document = replace(&document, measured).with_context(what)?;
    std::fs::write(path, document).with_context(what)
}

/// Whether there are marks to write between: asked before anything is measured.
pub(crate) fn check(path: &Path) -> anyhow::Result<()> {
    let document = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    replace(&document, "").with_context(|| path.display().to_string()).map(drop)
}

fn replace(document: &str, measured: &str) -> anyhow::Result<String> {
    let (before, rest) =
        document.split_once(BEGIN).context("the mark of the beginning is missing")?;
    let (_, after) = rest.split_once(END).context("the mark of the end is missing")?;
    ensure!(!before.contains(END) && !after.contains(BEGIN), "the marks are there twice");
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", measured.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced_and_nothing_else() {
        let document = format!("# Figures\n\n{BEGIN}\n\nold\n\n{END}\n\nWords.\n");
        let new = replace(&document, "new").expect("marks");
        assert_eq!(new, format!("# Figures\n\n{BEGIN}\n\nnew\n\n{END}\n\nWords.\n"));
        assert_eq!(replace(&new, "new").expect("marks"), new);
    }

    #[test]
    fn a_document_without_marks_is_left_alone() {
        for document in ["", BEGIN, END, &format!("{BEGIN}{END}{BEGIN}{END}")] {
            assert!(replace(document, "new").is_err(), "{document}");
        }
    }
}
