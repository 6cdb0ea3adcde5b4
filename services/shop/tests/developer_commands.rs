//! The commands that the README names: `make run` builds with the profile that was used last, so
//! that it does not compile everything again, and tools are installed before they are used.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

/// The time of the test; only differences count.
const NOW: Duration = Duration::from_secs(1_800_000_000);

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A target folder, and a `cargo` that only prints its arguments.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        machine.add_program(&machine.path("cache/bin/cargo"), "echo cargo \"$@\" >&2");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn add_program(&self, path: &Path, script: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Adds a shop that was built `minutes` ago in this folder of the target folder.
    fn add_shop(&self, folder: &str, minutes: u64) {
        let path = self.path("target").join(folder).join("shop");
        self.add_program(&path, &format!("echo {folder}/shop \"$@\" >&2"));
        let built = NOW - Duration::from_secs(60 * minutes);
        File::options().write(true).open(path).unwrap().set_modified(UNIX_EPOCH + built).unwrap();
    }

    /// Runs the script and returns the commands that it started.
    fn run(&self) -> Vec<String> {
        let output = Command::new(root().join("hack/images.sh"))
            .arg("run")
            .env("STOREFRONT_CACHE", self.path("cache"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env_remove("PROFILE")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        let is_command = |line: &&str| line.starts_with("cargo ") || line.contains("/shop ");
        text.lines().filter(is_command).map(str::to_owned).collect()
    }
}

/// The folder of the programs of the images.
fn image_folder() -> String {
    format!("{}-unknown-linux-gnu/local", std::env::consts::ARCH)
}

#[test]
fn run_after_up_uses_the_build_of_the_images() {
    let machine = Machine::new();
    machine.add_shop(&image_folder(), 0);
    let commands = machine.run();
    let [build, run] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(build.starts_with("cargo build --quiet --locked --profile local --target "), "{build}");
    assert!(build.ends_with("--package shop --package storefront-operator"), "{build}");
    assert_eq!(*run, format!("{}/shop all", image_folder()));
}

#[test]
fn run_uses_the_build_of_the_tests_if_it_is_newer() {
    let machine = Machine::new();
    let tests = ["cargo run --quiet --bin shop -- all"];
    assert_eq!(machine.run(), tests, "there is no build");
    machine.add_shop("debug", 5);
    machine.add_shop(&image_folder(), 10);
    assert_eq!(machine.run(), tests);
    machine.add_shop("debug", 15);
    assert_eq!(machine.run().len(), 2, "the build of the images is newer");
}

#[test]
fn readme_installs_grpcurl_before_its_use() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let position = |text: &str| readme.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(position("\nhack/tools.sh grpcurl && export PATH=") < position("\ngrpcurl "));
}
