# SPDX-License-Identifier: BSD-3-Clause
#
# The manual. A page that describes several names is reached by each of them.

dist_man_MANS = \
	man/LIBCGO_RESERVE_SLOTS.3 \
	man/_cgo_malloc.3 \
	man/crosscall2.3 \
	man/initcgo.3 \
	man/libcgo-classic.7 \
	man/libcgo-go.1 \
	man/libcgo-info.1 \
	man/libcgo.7 \
	man/libcgo_handle_new.3 \
	man/libcgo_init_wait.3 \
	man/libcgo_thread_start.3 \
	man/libcgo_version.3

# PAGE:NAME, both in section 3.
man_links = \
	LIBCGO_RESERVE_SLOTS:libcgo_slots_reserved \
	_cgo_malloc:_cgo_free \
	crosscall2:crosscall_386 \
	crosscall2:crosscall_amd64 \
	libcgo_handle_new:LIBCGO_HANDLE_TABLE_INIT \
	libcgo_handle_new:libcgo_handle_count \
	libcgo_handle_new:libcgo_handle_free \
	libcgo_handle_new:libcgo_handle_get \
	libcgo_handle_new:libcgo_handle_table_destroy \
	libcgo_init_wait:libcgo_init_begin \
	libcgo_init_wait:libcgo_init_done \
	libcgo_thread_start:libcgo_sys_thread_start

install-data-local: install-man-links
uninstall-local: uninstall-man-links

.PHONY: install-man-links uninstall-man-links
install-man-links:
	$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	cd "$(DESTDIR)$(man3dir)" && for l in $(man_links); do \
	  rm -f $${l#*:}.3 && $(LN_S) $${l%:*}.3 $${l#*:}.3 || exit 1; \
	done
uninstall-man-links:
	for l in $(man_links); do \
	  rm -f "$(DESTDIR)$(man3dir)/$${l#*:}.3" || exit 1; \
	done
