# SPDX-License-Identifier: BSD-3-Clause
#
# The manual. A page that describes several names is reached by each of them.

dist_man_MANS = \
	man/LIBCGO_DEFINE_RUNTIME.3 \
	man/LIBCGO_RESERVE_SLOTS.3 \
	man/_cgo_malloc.3 \
	man/crosscall2.3 \
	man/initcgo.3 \
	man/libcgo-classic.7 \
	man/libcgo-go.1 \
	man/libcgo-info.1 \
	man/libcgo-jni.7 \
	man/libcgo-ocaml.7 \
	man/libcgo-python.7 \
	man/libcgo-runtime.7 \
	man/libcgo.7 \
	man/libcgo.hpp.3 \
	man/libcgo_attach.3 \
	man/libcgo_call_on_system.3 \
	man/libcgo_go_init.3 \
	man/libcgo_handle_new.3 \
	man/libcgo_init_wait.3 \
	man/libcgo_mailbox_post.3 \
	man/libcgo_runtime_end.3 \
	man/libcgo_slots_claim.3 \
	man/libcgo_stack_bounds.3 \
	man/libcgo_switch.3 \
	man/libcgo_thread_create.3 \
	man/libcgo_thread_init.3 \
	man/libcgo_thread_start.3 \
	man/libcgo_traceback.3 \
	man/libcgo_version.3 \
	man/libcgo_world_stop.3

# PAGE:NAME, both in section 3; below, in section 7.
man_links = \
	LIBCGO_DEFINE_RUNTIME:libcgo_current \
	LIBCGO_DEFINE_RUNTIME:libcgo_ready_ops \
	LIBCGO_RESERVE_SLOTS:libcgo_slots_reserved \
	_cgo_malloc:_cgo_free \
	crosscall2:crosscall_386 \
	crosscall2:crosscall_amd64 \
	crosscall2:libcgo_crosscall \
	libcgo_attach:libcgo_callback \
	libcgo_attach:libcgo_detach \
	libcgo_call_on_system:LIBCGO_C_ROOM \
	libcgo_call_on_system:LIBCGO_STACK_INIT \
	libcgo_call_on_system:LIBCGO_STACK_MIN \
	libcgo_call_on_system:libcgo_call_on_stack \
	libcgo_call_on_system:libcgo_stack_left \
	libcgo_call_on_system:libcgo_stack_map \
	libcgo_call_on_system:libcgo_stack_switched \
	libcgo_call_on_system:libcgo_stack_unmap \
	libcgo_go_init:LIBCGO_GO_INIT \
	libcgo_go_init:LIBCGO_GO_VERSION \
	libcgo_go_init:libcgo_go_bindm \
	libcgo_go_init:libcgo_go_call_symbolizer_function \
	libcgo_go_init:libcgo_go_call_traceback_function \
	libcgo_go_init:libcgo_go_callers \
	libcgo_go_init:libcgo_go_clearenv \
	libcgo_go_init:libcgo_go_getstackbound \
	libcgo_go_init:libcgo_go_mmap \
	libcgo_go_init:libcgo_go_munmap \
	libcgo_go_init:libcgo_go_notify_runtime_init_done \
	libcgo_go_init:libcgo_go_release_context \
	libcgo_go_init:libcgo_go_set_context_function \
	libcgo_go_init:libcgo_go_set_traceback_functions \
	libcgo_go_init:libcgo_go_setegid \
	libcgo_go_init:libcgo_go_setenv \
	libcgo_go_init:libcgo_go_seteuid \
	libcgo_go_init:libcgo_go_setgid \
	libcgo_go_init:libcgo_go_setgroups \
	libcgo_go_init:libcgo_go_setregid \
	libcgo_go_init:libcgo_go_setresgid \
	libcgo_go_init:libcgo_go_setresuid \
	libcgo_go_init:libcgo_go_setreuid \
	libcgo_go_init:libcgo_go_setuid \
	libcgo_go_init:libcgo_go_sigaction \
	libcgo_go_init:libcgo_go_sys_thread_create \
	libcgo_go_init:libcgo_go_thread_start \
	libcgo_go_init:libcgo_go_unsetenv \
	libcgo_go_init:libcgo_go_wait_runtime_init_done \
	libcgo_handle_new:LIBCGO_HANDLE_TABLE_INIT \
	libcgo_handle_new:libcgo_handle_count \
	libcgo_handle_new:libcgo_handle_free \
	libcgo_handle_new:libcgo_handle_get \
	libcgo_handle_new:libcgo_handle_table_destroy \
	libcgo_init_wait:libcgo_init_abandon \
	libcgo_init_wait:LIBCGO_INIT \
	libcgo_init_wait:LIBCGO_INIT_READY \
	libcgo_init_wait:libcgo_init_begin \
	libcgo_init_wait:libcgo_init_done \
	libcgo_mailbox_post:LIBCGO_FOR_EVER \
	libcgo_mailbox_post:LIBCGO_MAILBOX_INIT \
	libcgo_mailbox_post:libcgo_mailbox_call \
	libcgo_mailbox_post:libcgo_mailbox_close \
	libcgo_mailbox_post:libcgo_mailbox_end \
	libcgo_mailbox_post:libcgo_mailbox_interrupt \
	libcgo_mailbox_post:libcgo_mailbox_open \
	libcgo_mailbox_post:libcgo_mailbox_serve \
	libcgo_mailbox_post:libcgo_mailbox_wait \
	libcgo_slots_claim:LIBCGO_DEFINE_SLOTS \
	libcgo_slots_claim:LIBCGO_SLOTS_INIT \
	libcgo_slots_claim:libcgo_slots_at \
	libcgo_slots_claim:libcgo_slots_defined \
	libcgo_slots_claim:libcgo_slots_release \
	libcgo_stack_bounds:LIBCGO_STACK_OTHER \
	libcgo_stack_bounds:LIBCGO_STACK_SIGNAL \
	libcgo_stack_bounds:LIBCGO_STACK_SMALL \
	libcgo_stack_bounds:LIBCGO_STACK_SYSTEM \
	libcgo_switch:LIBCGO_CONTEXT_INIT \
	libcgo_switch:LIBCGO_CONTEXT_KEEPS_CONTROL \
	libcgo_switch:libcgo_context_make \
	libcgo_switch:libcgo_context_traceback \
	libcgo_switch:libcgo_context_forget \
	libcgo_thread_create:LIBCGO_LIMIT_INIT \
	libcgo_thread_create:LIBCGO_NO_GUARD \
	libcgo_thread_create:LIBCGO_NO_SIGNAL_STACK \
	libcgo_thread_create:LIBCGO_THREAD_ATTR_INIT \
	libcgo_thread_create:libcgo_limit_text \
	libcgo_thread_init:libcgo_context_init \
	libcgo_thread_init:libcgo_handle_table_init \
	libcgo_thread_init:libcgo_init_init \
	libcgo_thread_init:libcgo_limit_init \
	libcgo_thread_init:libcgo_mailbox_init \
	libcgo_thread_init:libcgo_ops_init \
	libcgo_thread_init:libcgo_runtime_init \
	libcgo_thread_init:libcgo_stack_init \
	libcgo_thread_init:libcgo_symbol_init \
	libcgo_thread_init:libcgo_thread_attr_init \
	libcgo_thread_init:libcgo_traceback_ops_init \
	libcgo_thread_start:libcgo_sys_thread_start \
	libcgo_traceback:LIBCGO_SYMBOL_INIT \
	libcgo_traceback:LIBCGO_TRACEBACK_OPS \
	libcgo_traceback:libcgo_symbolize \
	libcgo_traceback:libcgo_traceback_context \
	libcgo_traceback:libcgo_traceback_release \
	libcgo_traceback:libcgo_traceback_set \
	libcgo_version:LIBCGO_VERSION \
	libcgo_version:LIBCGO_VERSION_MAJOR \
	libcgo_version:LIBCGO_VERSION_MINOR \
	libcgo_version:LIBCGO_VERSION_PATCH \
	libcgo_version:LIBCGO_VERSION_STRING \
	libcgo_world_stop:LIBCGO_THREAD_POLL_OFFSET \
	libcgo_world_stop:LIBCGO_WORLD \
	libcgo_world_stop:libcgo_call_parked \
	libcgo_world_stop:libcgo_context_segment \
	libcgo_world_stop:libcgo_handle_visit \
	libcgo_world_stop:libcgo_handshake \
	libcgo_world_stop:libcgo_park \
	libcgo_world_stop:libcgo_runtime_close \
	libcgo_world_stop:libcgo_safepoint \
	libcgo_world_stop:libcgo_safepoint_slow \
	libcgo_world_stop:libcgo_segments_visit \
	libcgo_world_stop:libcgo_threads_visit \
	libcgo_world_stop:libcgo_unpark \
	libcgo_world_stop:libcgo_world_start

man7_links = \
	libcgo-runtime:LIBCGO_OPS \
	libcgo-runtime:LIBCGO_RECORD_VERSION \
	libcgo-runtime:LIBCGO_RUNTIME_INIT \
	libcgo-runtime:LIBCGO_THREAD_INIT

install-data-local: install-man-links
uninstall-local: uninstall-man-links

.PHONY: install-man-links uninstall-man-links
install-man-links:
	$(MKDIR_P) "$(DESTDIR)$(man3dir)" "$(DESTDIR)$(man7dir)"
	cd "$(DESTDIR)$(man3dir)" && for l in $(man_links); do \
	  rm -f $${l#*:}.3 && $(LN_S) $${l%:*}.3 $${l#*:}.3 || exit 1; \
	done
	cd "$(DESTDIR)$(man7dir)" && for l in $(man7_links); do \
	  rm -f $${l#*:}.7 && $(LN_S) $${l%:*}.7 $${l#*:}.7 || exit 1; \
	done
uninstall-man-links:
	for l in $(man_links); do \
	  rm -f "$(DESTDIR)$(man3dir)/$${l#*:}.3" || exit 1; \
	done
	for l in $(man7_links); do \
	  rm -f "$(DESTDIR)$(man7dir)/$${l#*:}.7" || exit 1; \
	done
