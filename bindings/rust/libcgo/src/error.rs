// SPDX-License-Identifier: BSD-3-Clause

use crate::sys;
use std::ffi::{c_char, c_int};
use std::{fmt, io};

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the library: an `errno` value, the function that returned it, and, if the
/// system refused a thread, the limit that was hit.
///
/// `Send` and `Sync`: it owns plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: c_int,
    function: &'static str,
    limit: Option<String>,
}

/// The errno values that this crate looks at. Those that are not the same everywhere stand
/// in a table.
pub(crate) mod errno {
    use std::ffi::c_int;

    pub const EBUSY: c_int = 16;
    pub const EINVAL: c_int = 22;
    pub const EALREADY: c_int = if cfg!(any(target_os = "linux", target_os = "android")) {
        if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
            149
        } else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
            37
        } else {
            114
        }
    } else if cfg!(windows) {
        103
    } else {
        37 // the BSDs and Darwin
    };
}

impl Error {
    pub(crate) fn new(code: c_int, function: &'static str) -> Self {
        Self { code, function, limit: None }
    }

    pub(crate) fn with_limit(
        code: c_int,
        function: &'static str,
        limit: &sys::libcgo_limit,
    ) -> Self {
        let mut buffer = [0u8; 400];
        // SAFETY: both are valid; at most this many bytes are written.
        let length = unsafe {
            sys::libcgo_limit_text(
                limit,
                buffer.as_mut_ptr().cast::<c_char>(),
                buffer.len(),
            )
        };
        let text = &buffer[..length.min(buffer.len() - 1)];
        let limit =
            (!limit.name.is_null()).then(|| String::from_utf8_lossy(text).into_owned());
        Self { code, function, limit }
    }

    /// The `errno` value.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The function of libcgo that returned it.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Which limit kept the system from creating a thread, and how to raise it.
    pub fn limit(&self) -> Option<&str> {
        self.limit.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.function, io::Error::from_raw_os_error(self.code))?;
        match &self.limit {
            Some(limit) => write!(f, ": {limit}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = io::Error::from_raw_os_error(error.code).kind();
        io::Error::new(kind, error)
    }
}

pub(crate) fn check(code: c_int, function: &'static str) -> Result<()> {
    if code == 0 {
        Ok(())
    } else {
        Err(Error::new(code, function))
    }
}
