//! The programs of the server: etcd and kube-apiserver.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::error::Error;

/// The script that prints the folder of the programs. The first run builds them under a lock, which
/// takes some minutes.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hack/offline/assets.sh");
const PROGRAMS: [&str; 2] = ["etcd", "kube-apiserver"];

/// Returns the folder that `KUBEBUILDER_ASSETS` names, or else the one that the script prints.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    let configured = env::var_os("KUBEBUILDER_ASSETS").filter(|folder| !folder.is_empty());
    let folder = match configured {
        Some(folder) => PathBuf::from(folder),
        None => folder_from_script()?,
    };
    let is_complete =
        PROGRAMS.iter().all(|program| fs::exists(folder.join(program)).unwrap_or(false));
    if is_complete { Ok(folder) } else { Err(Error::NoAssets(folder)) }
}

/// The script reports its progress and its errors on standard error, which is not captured.
fn folder_from_script() -> Result<PathBuf, Error> {
    let output = Command::new(SCRIPT).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Error::Spawn(SCRIPT.to_owned(), error))?;
    if !output.status.success() {
        return Err(Error::BuildAssets);
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
