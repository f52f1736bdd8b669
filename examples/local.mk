# SPDX-License-Identifier: BSD-3-Clause
#
# The examples are not built here but against the installed library, with a
# Makefile of their own: see examples/README.md.

EXTRA_DIST += examples/Makefile examples/README.md examples/c_side.c \
	examples/c_side.h examples/slots.h examples/squeeze.c scripts/demo.sh \
	examples/green.c examples/green.h examples/treesum.c scripts/treesum.sh

EXTRA_DIST += examples/cpp.cc
EXTRA_DIST += examples/gc/Makefile examples/gc/churn.c examples/gc/gc.h examples/gc/heap.c
EXTRA_DIST += examples/python/README.md examples/python/demo.py examples/python/setup.py \
	examples/python/meson.build examples/python/pyproject.toml examples/python/ticker.c \
	examples/python/ticker.h examples/python/tickermodule.c
EXTRA_DIST += examples/lua/Makefile examples/lua/README.md examples/lua/c_side.c \
	examples/lua/c_side.h examples/lua/demo.lua examples/lua/luaborder.c \
	examples/lua/luaborder.h examples/lua/main.c
EXTRA_DIST += examples/jni/Main.java examples/jni/Makefile examples/jni/README.md \
	examples/jni/Watch.java examples/jni/watch.c examples/jni/watch.h examples/jni/watch_jni.c
EXTRA_DIST += examples/ocaml/Makefile examples/ocaml/README.md examples/ocaml/dune \
	examples/ocaml/dune-project examples/ocaml/main.ml examples/ocaml/watch.c \
	examples/ocaml/watch.h examples/ocaml/watch_stubs.c examples/ocaml/watcher.ml \
	examples/ocaml/watcher.mli
EXTRA_DIST += examples/node/README.md examples/node/asker.c examples/node/asker.h \
	examples/node/asker_node.c examples/node/binding.gyp examples/node/demo.js \
	examples/node/package.json
EXTRA_DIST += examples/ruby/README.md examples/ruby/asker.c examples/ruby/asker.h \
	examples/ruby/askerruby.c examples/ruby/demo.rb examples/ruby/extconf.rb
