//! The generated part of a document, between two markers. The rest is written by hand.

use std::path::Path;

use anyhow::{Context as _, ensure};

const BEGIN: &str = "<!-- measured by `make bench`: begin -->";
const END: &str = "<!-- measured by `make bench`: end -->";

/// Replaces the text between the markers of the file at `path`.
pub(crate) fn write(path: &Path, generated: &str) -> anyhow::Result<()> {
    let context = || path.display().to_string();
    let document = std::fs::read_to_string(path).with_context(context)?;
    let document = replace(&document, generated).with_context(context)?;
    std::fs::write(path, document).with_context(context)
}

/// Checks that the file has the markers. Called before the measurement.
pub(crate) fn check(path: &Path) -> anyhow::Result<()> {
    let document = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    replace(&document, "").with_context(|| path.display().to_string()).map(drop)
}

fn replace(document: &str, generated: &str) -> anyhow::Result<String> {
    let (before, rest) = document.split_once(BEGIN).context("the begin marker is missing")?;
    let (_, after) = rest.split_once(END).context("the end marker is missing")?;
    ensure!(
        !before.contains(END) && !after.contains(BEGIN),
        "there is more than one pair of markers"
    );
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", generated.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_changes_only_the_text_between_markers() {
        let document = format!("# Figures\n\n{BEGIN}\n\nold\n\n{END}\n\nWords.\n");
        let new = replace(&document, "new").expect("markers");
        assert_eq!(new, format!("# Figures\n\n{BEGIN}\n\nnew\n\n{END}\n\nWords.\n"));
        assert_eq!(replace(&new, "new").expect("markers"), new);
    }

    #[test]
    fn document_without_one_pair_of_markers_is_an_error() {
        for document in ["", BEGIN, END, &format!("{BEGIN}{END}{BEGIN}{END}")] {
            assert!(replace(document, "new").is_err(), "{document}");
        }
    }
}
