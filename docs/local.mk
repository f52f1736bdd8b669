# SPDX-License-Identifier: BSD-3-Clause
dist_doc_DATA = NEWS README.md SECURITY.md docs/bench.svg docs/benchmarks.md docs/border.svg \
	docs/design.md docs/glossary.md docs/stack-switch.svg docs/thread-start.svg \
	docs/go-benchmarks.md docs/go-programs.md docs/go.md docs/hosts.md docs/hosts.svg \
	docs/languages.md docs/platforms.md docs/porting.md docs/release.md \
	docs/reliability.md docs/tutorial.md docs/tutorial-gc.md docs/world.md docs/world.svg
EXTRA_DIST += docs/manual.css scripts/manual.py scripts/html.sh

# The manual in HTML: make html, make install-html.
html-local:
	@MANDOC='$(MANDOC)' CMARK='$(CMARK)' PYTHON3='$(PYTHON3)' $(srcdir)/scripts/html.sh $(srcdir) html
install-html-local: html-local
	$(MKDIR_P) '$(DESTDIR)$(htmldir)/html'
	cp html/* '$(DESTDIR)$(htmldir)/html'
uninstall-local: uninstall-html
uninstall-html:
	rm -rf '$(DESTDIR)$(htmldir)/html'
clean-local: clean-html
clean-html:
	rm -rf html
.PHONY: clean-html uninstall-html
