// SPDX-License-Identifier: BSD-3-Clause
//! Asks pkg-config where libcgo is. It is run here, and not by a crate, so that this
//! package has no dependency and builds offline.
//!
//! From the environment: PKG_CONFIG, and pkg-config's own variables; LIBCGO_STATIC=1 links
//! the archive; LIBCGO_LIB_DIR takes the place of pkg-config.

use std::env;
use std::process::{exit, Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in [
        "PKG_CONFIG",
        "PKG_CONFIG_PATH",
        "PKG_CONFIG_LIBDIR",
        "PKG_CONFIG_SYSROOT_DIR",
        "PKG_CONFIG_ALLOW_CROSS",
        "LIBCGO_STATIC",
        "LIBCGO_LIB_DIR",
    ] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    // Documentation needs no library.
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    let archive = env::var("LIBCGO_STATIC").is_ok_and(|value| value != "0");
    let kind = if archive { "static=" } else { "" };
    if let Ok(directory) = env::var("LIBCGO_LIB_DIR") {
        println!("cargo:rustc-link-search=native={directory}");
        println!("cargo:rustc-link-lib={kind}cgo");
        return;
    }
    let set = |name| env::var_os(name).is_some();
    if env::var("HOST").ok() != env::var("TARGET").ok()
        && !["PKG_CONFIG", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"]
            .into_iter()
            .any(set)
        && !set("PKG_CONFIG_ALLOW_CROSS")
    {
        fail("this is a cross build: set PKG_CONFIG or PKG_CONFIG_LIBDIR for the target");
    }

    let mut arguments = vec!["--libs"];
    if archive {
        arguments.push("--static");
    }
    for word in pkg_config(&arguments).split_whitespace() {
        if let Some(directory) = word.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={directory}");
        } else if word == "-lcgo" {
            println!("cargo:rustc-link-lib={kind}cgo");
        } else if let Some(library) = word.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        } else if word.starts_with("-Wl,") {
            println!("cargo:rustc-link-arg={word}");
        }
    }
    // For the build scripts of crates that compile C: DEP_CGO_INCLUDE.
    println!("cargo:include={}", pkg_config(&["--variable=includedir"]));
    println!("cargo:rustc-env=LIBCGO_SYS_CFLAGS={}", pkg_config(&["--cflags"]));
}

fn pkg_config(arguments: &[&str]) -> String {
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let output = Command::new(&program)
        // Directories that the C compiler searches anyway are told, too: the linker of a
        // Rust program may be another.
        .env("PKG_CONFIG_ALLOW_SYSTEM_LIBS", "1")
        .args(arguments)
        .arg("libcgo >= 0.2")
        .output()
        .unwrap_or_else(|error| {
            fail(&format!(
                "{program} does not run ({error}): install it, or set PKG_CONFIG"
            ))
        });
    if !output.status.success() {
        fail(&format!(
            "{program} finds no libcgo 0.2 or later: install libcgo-dev, or set \
             PKG_CONFIG_PATH.\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8_lossy(&output.stdout).trim().into()
}

fn fail(message: &str) -> ! {
    eprintln!("libcgo-sys: {message}");
    exit(1)
}
