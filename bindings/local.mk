# SPDX-License-Identifier: BSD-3-Clause
#
# Bindings for other languages. They are distributed, and not installed: each language's
# own tools build them. tests/object/ tests them.

EXTRA_DIST += bindings/rust/Cargo.toml bindings/rust/README.md bindings/rust/rustfmt.toml \
	bindings/rust/libcgo/Cargo.toml bindings/rust/libcgo/LICENSE \
	bindings/rust/libcgo/examples/green.rs bindings/rust/libcgo/src/context.rs \
	bindings/rust/libcgo/src/error.rs bindings/rust/libcgo/src/handle.rs \
	bindings/rust/libcgo/src/lib.rs bindings/rust/libcgo/src/runtime.rs \
	bindings/rust/libcgo/src/stack.rs bindings/rust/libcgo/src/traceback.rs \
	bindings/rust/libcgo/src/world.rs \
	bindings/rust/libcgo/tests/panics.rs bindings/rust/libcgo/tests/stacks.rs \
	bindings/rust/libcgo/tests/threads.rs bindings/rust/libcgo/tests/world.rs \
	bindings/rust/libcgo-sys/Cargo.toml bindings/rust/libcgo-sys/LICENSE \
	bindings/rust/libcgo-sys/build.rs bindings/rust/libcgo-sys/src/lib.rs \
	bindings/rust/libcgo-sys/tests/layout.rs
EXTRA_DIST += bindings/zig/callback.zig
