//! Ids that come again in thousands of rows.

use std::collections::HashSet;
use std::sync::Arc;

/// An id that comes again in thousands of rows and is held once.
pub type Id = Arc<str>;

/// The ids of one reading.
#[derive(Default)]
pub(crate) struct Ids(HashSet<Id>);

impl Ids {
    /// The one that is held.
    pub(crate) fn of(&mut self, id: String) -> Id {
        if let Some(known) = self.0.get(id.as_str()) {
            return known.clone();
        }
        let id: Id = id.into();
        self.0.insert(id.clone());
        id
    }
}
