//! The values that must not be shown, shared by everything that shows something.

use std::sync::{Arc, RwLock};

pub type Secrets = Arc<RwLock<Vec<String>>>;
