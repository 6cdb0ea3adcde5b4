//! Writes the definition of the Storefront resource to `crds/` and the chart, and its reference
//! page to `docs/reference/`.

use std::path::Path;
use std::{error, fs};

use storefront_api::{crd, reference};

fn main() -> Result<(), Box<dyn error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["crds", "charts/storefront-operator/files"] {
        let folder = root.join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(crd::FILE), crd::yaml()?)?;
    }
    let pages = root.join("docs/reference");
    fs::create_dir_all(&pages)?;
    fs::write(pages.join(reference::FILE), reference::markdown()?)?;
    Ok(())
}
