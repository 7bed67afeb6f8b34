//! May this call happen? Who signed it, and may they do what they ask.

pub mod canonical;
