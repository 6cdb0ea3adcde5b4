//! The JSON that goes in and out, one file a resource: types with their documentation, made from
//! the messages of the services and turned into them.

pub(crate) mod category;
pub(crate) mod money;
pub(crate) mod page;
pub(crate) mod product;

/// `""` in a message stands for a reference that is not there; in JSON that is `null`.
fn reference(id: String) -> Option<String> {
    (!id.is_empty()).then_some(id)
}
