/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An object with a runtime of its own, which tests/soak/soak.c loads and unloads.
 */
#include <libcgo.h>
#include <libcgo/hooks.h>

struct record {
  struct libcgo_thread thread;
  int calls;
};
LIBCGO_DEFINE_RUNTIME(client, struct record, NULL, NULL);

static void call(struct libcgo_thread *thread, void *arg) {
  ++((struct record *)thread)->calls;
  ++*(int *)arg;
}

int client_use(int *calls);
int client_use(int *calls) {
  /* After its end a runtime begins anew. */
  if (libcgo_init_begin(&client.init) == 0)
    libcgo_init_done(&client.init);
  int err = libcgo_callback(&client, call, calls);
  if (err == 0)
    err = libcgo_detach(&client);
  return err != 0 ? err : libcgo_runtime_end(&client);
}
