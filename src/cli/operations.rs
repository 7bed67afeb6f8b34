//! `ossicle operations`: the matrix of supported operations, as in the README.

use super::{Failure, write_out};

pub(super) fn print() -> Result<(), Failure> {
    write_out(&crate::ops::matrix())
}
