//! Where containers find the files that settings refer to.

/// The folder of the CA certificates for an external PostgreSQL server.
pub(crate) const CA_FOLDER: &str = "/etc/storefront/postgres-ca";
/// The file in that folder.
pub(crate) const CA_FILE_NAME: &str = "ca.crt";

/// Returns the path of the file that contains a setting's value.
pub(crate) fn setting_file(env: &str, key: &str) -> String {
    format!("{}/{key}", setting_folder(env))
}

/// Returns the folder of that file.
pub(crate) fn setting_folder(env: &str) -> String {
    format!("/etc/storefront/{}", setting_volume(env))
}

/// Returns the name of the volume for that file: the variable's name, converted to a valid name of
/// a volume and a folder.
pub(crate) fn setting_volume(env: &str) -> String {
    env.to_ascii_lowercase().replace('_', "-")
}
