/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ready-made hooks, for clients that need none of their own. See LIBCGO_DEFINE_RUNTIME(3).
 *
 *     struct worker {
 *       struct libcgo_thread thread; // first
 *       int callbacks;
 *     };
 *     LIBCGO_DEFINE_RUNTIME(runtime, struct worker, NULL, NULL);
 *     ...
 *     libcgo_callback(&runtime, fn, arg); // from any thread
 *     ...
 *     worker = runtime_self();
 *
 * This is for C and C++. Other languages take the hooks of libcgo_ready_ops.
 */
#ifndef LIBCGO_HOOKS_H
#define LIBCGO_HOOKS_H

#include <libcgo/init.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>

LIBCGO_BEGIN_DECLS

/*
 * Returns the record that the calling thread has in the runtime, or NULL. It is stored under
 * the runtime's thread key, so no variable is needed. It can be the hook `current` of any
 * runtime.
 *
 * It costs a call of pthread_getspecific(3), a few times as much as to read a thread-local
 * variable. Two things are different from a hook with such a variable:
 *
 * - When a thread ends, or calls libcgo_detach, it returns NULL while `leave` runs. So
 *   `leave` cannot call back.
 * - A thread that is ending, and has left for the last time, has no place for a record any
 *   more. Callbacks of other key destructors then return EPROTO.
 *
 * `runtime` must not be NULL. Leaves errno alone.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API struct libcgo_thread *
libcgo_current(const struct libcgo_runtime *runtime);

/*
 * Returns a record of hooks that is constant and stays valid:
 *   enter, leave  do nothing
 *   acquire       allocates a struct libcgo_thread, by malloc(3)
 *   release       frees it
 *   current       libcgo_current
 *   fatal         none
 * With libcgo_runtime_init and libcgo_init_begin that is a runtime. You may also copy the
 * record, and put hooks of your own into the copy.
 * Safe in any thread and in signal handlers. Since 0.2.
 */
LIBCGO_API const struct libcgo_ops *libcgo_ready_ops(void);

LIBCGO_END_DECLS

/*
 * LIBCGO_DEFINE_RUNTIME(name, record_type, attach, detach);
 *
 * Defines a runtime, with all hooks. Write it at file scope, with its semicolon, in C or
 * C++. It defines two static things, and some whose names begin with the same and end in
 * "_":
 *
 *   struct libcgo_runtime name       the runtime. It is ready: no start-up is waited for.
 *                                    If yours has one, let `name.init` be LIBCGO_INIT
 *                                    before anybody calls, then libcgo_init_begin.
 *   record_type *name_self(void)     the calling thread's record, or NULL: a load of a
 *                                    thread-local variable. Not inlined, so that tasks
 *                                    that move between threads can call it.
 *
 * `record_type` is the client's record of a thread. Its first member is a
 * struct libcgo_thread, so a pointer to one is a pointer to the other. The record of a
 * foreign thread is allocated by calloc(3), so all bytes after its first member are 0; it is
 * aligned as its type asks, and is freed when the thread has left. In C++ no constructor and
 * no destructor runs: use types that need none.
 *
 * `attach` and `detach` are functions, or NULL. They run as hooks (see libcgo_ops), with
 * signals held:
 *
 *   int attach(record_type *record)   The calling thread has come; name_self() is `record`
 *                                     already. Returns 0. Any other value refuses a foreign
 *                                     thread: `detach` is not called, and libcgo_callback
 *                                     and libcgo_attach return EPROTO. In a created thread
 *                                     it must return 0.
 *   void detach(record_type *record)  The thread goes; name_self() is still `record`. If
 *                                     the thread was created by libcgo_thread_create, the
 *                                     record is the client's, and may be freed here. If it
 *                                     is foreign, do not free it.
 *
 * name_self() and callbacks are safe in signal handlers, but for one case: of an object that
 * dlopen(3) has loaded, glibc allocates the thread-local variables when a thread first uses
 * them. If a handler may come to a thread that has no record, compile such an object with
 * -ftls-model=initial-exec.
 *
 * After libcgo_runtime_close, name_self() still returns the record of a thread that was
 * attached, also when the client has freed it.
 *
 * Since 0.2.
 */
/* name_more_: where calloc(3) aligns to less than the type needs, the record begins later, and
   what calloc has returned is stored below it. */
#define LIBCGO_DEFINE_RUNTIME(name, record_type, attach, detach)                \
  static __thread record_type *name##_record_;                                  \
  static __attribute__((__noinline__, __unused__))                              \
  record_type *name##_self(void) {                                              \
    __asm__ __volatile__("");                                                   \
    return name##_record_;                                                      \
  }                                                                             \
  static void name##_enter_(struct libcgo_thread *libcgo_thread_) {             \
    int (*const libcgo_hook_)(record_type *) = attach;                          \
    name##_record_ =                                                            \
        LIBCGO_CAST_(record_type *, LIBCGO_CAST_(void *, libcgo_thread_));      \
    if (libcgo_hook_ != LIBCGO_NULL_ && libcgo_hook_(name##_record_) != 0)      \
      name##_record_ = LIBCGO_NULL_;                                            \
  }                                                                             \
  static void name##_leave_(struct libcgo_thread *libcgo_thread_) {             \
    void (*const libcgo_hook_)(record_type *) = detach;                         \
    if (name##_record_ != LIBCGO_NULL_ && libcgo_hook_ != LIBCGO_NULL_)         \
      libcgo_hook_(                                                             \
          LIBCGO_CAST_(record_type *, LIBCGO_CAST_(void *, libcgo_thread_)));   \
    name##_record_ = LIBCGO_NULL_;                                              \
  }                                                                             \
  enum {                                                                        \
    name##_align_ = __alignof__(record_type),                                   \
    name##_more_ =                                                              \
        name##_align_ > 2 * sizeof(void *) ? name##_align_ + sizeof(void *) : 0 \
  };                                                                            \
  static struct libcgo_thread *name##_acquire_(                                 \
      struct libcgo_runtime *libcgo_runtime_) {                                 \
    char *const libcgo_memory_ = LIBCGO_CAST_(                                  \
        char *, __builtin_calloc(1, sizeof(record_type) + name##_more_));       \
    char *libcgo_place_ = libcgo_memory_;                                       \
    struct libcgo_thread *libcgo_thread_;                                       \
    (void)libcgo_runtime_;                                                      \
    if (libcgo_memory_ == LIBCGO_NULL_)                                         \
      return LIBCGO_NULL_;                                                      \
    if (name##_more_ != 0) {                                                    \
      libcgo_place_ += sizeof(void *);                                          \
      libcgo_place_ +=                                                          \
          (0 - LIBCGO_CAST_(uintptr_t, libcgo_place_)) % name##_align_;         \
      __builtin_memcpy(libcgo_place_ - sizeof(void *), &libcgo_memory_,         \
                       sizeof(void *));                                         \
    }                                                                           \
    libcgo_thread_ = LIBCGO_CAST_(struct libcgo_thread *,                       \
                                  LIBCGO_CAST_(void *, libcgo_place_));         \
    libcgo_thread_init(libcgo_thread_, sizeof(struct libcgo_thread));           \
    return libcgo_thread_;                                                      \
  }                                                                             \
  static void name##_release_(struct libcgo_thread *libcgo_thread_) {           \
    void *libcgo_memory_ = libcgo_thread_;                                      \
    if (name##_more_ != 0)                                                      \
      __builtin_memcpy(                                                         \
          &libcgo_memory_,                                                      \
          LIBCGO_CAST_(char *, LIBCGO_CAST_(void *, libcgo_thread_)) -          \
              sizeof(void *),                                                   \
          sizeof(void *));                                                      \
    __builtin_free(libcgo_memory_);                                             \
  }                                                                             \
  static struct libcgo_thread *name##_current_(                                 \
      const struct libcgo_runtime *libcgo_runtime_) {                           \
    (void)libcgo_runtime_;                                                      \
    return LIBCGO_CAST_(struct libcgo_thread *,                                 \
                        LIBCGO_CAST_(void *, name##_record_));                  \
  }                                                                             \
  static const struct libcgo_ops name##_ops_ =                                  \
      LIBCGO_OPS(name##_enter_, name##_leave_, name##_acquire_,                 \
                 name##_release_, name##_current_, LIBCGO_NULL_);               \
  static struct libcgo_runtime name =                                           \
      LIBCGO_RUNTIME_INIT_(&name##_ops_, LIBCGO_INIT_READY)

#endif
