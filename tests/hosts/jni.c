/* SPDX-License-Identifier: BSD-3-Clause */
/* The native half of tests/hosts/JniTest.java. */
#ifdef OTHERS_DETACH
#define LIBCGO_JNI_OTHERS_DETACH
#endif
#include <errno.h>
#include <libcgo/host/jni.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

LIBCGO_JNI(border);
LIBCGO_JNI(second);

static jclass test_class;
static jmethodID on_call;
static int held[2]; /* a pipe: see stays() */

/* ---- for every test ---- */

#ifndef IN_LAUNCHER
JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved) {
  JNIEnv *env;
  (void)reserved;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK)
    return JNI_ERR;
  jclass local = (*env)->FindClass(env, "JniTest");
  if (local == NULL)
    return JNI_ERR;
  /* Weak: it would keep its loader, and with it this library. */
  test_class = (*env)->NewWeakGlobalRef(env, local);
  on_call = (*env)->GetStaticMethodID(env, test_class, "onCall", "(II)V");
  /* What has to end in time may get no CPU for long. */
  const char *const patience = getenv("JNI_PATIENCE");
  if (patience != NULL)
    border.patience_ms = second.patience_ms = (uint32_t)atoi(patience);
  return on_call != NULL && libcgo_jni_begin(&border, vm) == 0 &&
                 libcgo_jni_begin(&second, vm) == 0
             ? JNI_VERSION_1_6
             : JNI_ERR;
}

JNIEXPORT void JNICALL JNI_OnUnload(JavaVM *vm, void *reserved) {
  (void)vm;
  (void)reserved;
  libcgo_jni_end(&border);
  libcgo_jni_end(&second);
  close(held[1]);
}
#endif

struct task {
  int what, number, count, err;
  pthread_t thread;
};

static void tell(JNIEnv *env, void *arg) {
  const struct task *t = arg;
  (*env)->CallStaticVoidMethod(env, test_class, on_call, t->what, t->number);
}

static void *calls(void *arg) {
  struct task *t = arg;
  char name[16];
  snprintf(name, sizeof name, "caller-%d", t->number);
  prctl(PR_SET_NAME, name);
  for (int i = 0; i < t->count && t->err == 0; i++)
    t->err = libcgo_jni_call(&border, tell, t);
  return NULL;
}

/* `threads` threads of C, each with `count` calls of onCall(what, its number). */
JNIEXPORT jint JNICALL Java_JniTest_threads(JNIEnv *env, jclass c, jint threads,
                                            jint count, jint what) {
  struct task tasks[64];
  int err = 0;
  (void)env;
  (void)c;
  for (int i = 0; i < threads; i++) {
    tasks[i] = (struct task){what, i, count, 0, 0};
    if (pthread_create(&tasks[i].thread, NULL, calls, &tasks[i]) != 0)
      abort();
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(tasks[i].thread, NULL);
    err = tasks[i].err != 0 ? tasks[i].err : err;
  }
  return err;
}

/* From the calling thread. */
JNIEXPORT jint JNICALL Java_JniTest_here(JNIEnv *env, jclass c, jint what,
                                         jint number) {
  struct task t = {what, number, 1, 0, 0};
  (void)env;
  (void)c;
  return libcgo_jni_call(&border, tell, &t);
}

/* ---- exceptions ---- */

JNIEXPORT jint JNICALL Java_JniTest_pendingBefore(JNIEnv *env, jclass c,
                                                  jint what, jint number) {
  (void)c;
  jclass error = (*env)->FindClass(env, "java/lang/IllegalStateException");
  (*env)->ThrowNew(env, error, "pending before");
  return Java_JniTest_here(env, c, what, number);
}

/* ---- other libraries ---- */

/* Detaches a thread that it has not attached. */
static void *detached_by_others(void *arg) {
  struct task *t = arg;
  calls(t);
  (*border.vm)->DetachCurrentThread(border.vm);
  return t->err == 0 ? calls(t) : NULL;
}

/* Attaches the thread first, and detaches it while we have not gone. */
static void *attached_by_others(void *arg) {
  struct task *t = arg;
  JNIEnv *env;
  for (int i = 0; i < 2; i++) {
    if ((*border.vm)->AttachCurrentThread(border.vm, (void **)&env, NULL) !=
        JNI_OK)
      t->err = -1;
    calls(t);
    if ((*border.vm)->GetEnv(border.vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK)
      t->err = -2;
    (*border.vm)->DetachCurrentThread(border.vm);
  }
  calls(t);
  return NULL;
}

/* Calls from destructors of keys, made before and after the border's, in each round. */
static pthread_key_t before, after;
static int rounds;
static struct task last = {1, 7, 1, 0, 0};
static void again(void *arg) {
  calls(&last);
  if (__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED) < 6)
    pthread_setspecific(arg == &before ? before : after, arg);
}
static void *from_destructors(void *arg) {
  pthread_setspecific(before, &before);
  pthread_setspecific(after, &after);
  return calls(arg);
}

/* With SIGSEGV and others blocked, as HotSpot does not want them; and ends by
   pthread_exit inside a nest of frames. */
static void *with_signals_blocked(void *arg) {
  sigset_t all, now;
  struct task *t = arg;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  calls(t);
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  if (sigismember(&now, SIGSEGV))
    t->err = -3; /* HotSpot opens it for Java code */
  pthread_exit(NULL);
}

/* A thread that the first border has attached calls through another one, which that Java
   code does not use. */
static void *through_another_border(void *arg) {
  struct task *t = arg;
  calls(t);
  for (int i = 0; i < t->count && t->err == 0; i++)
    t->err = libcgo_jni_call(&second, tell, t);
  return calls(t);
}

JNIEXPORT jint JNICALL Java_JniTest_special(JNIEnv *env, jclass c, jint kind,
                                            jint what) {
  static void *(*const kinds[])(void *) = {
      detached_by_others, attached_by_others, from_destructors,
      with_signals_blocked, through_another_border};
  struct task t = {what, 7, 3, 0, 0};
  (void)env;
  (void)c;
  if (kind == 2) {
    pthread_key_create(&before, again);
    pthread_key_create(&after, again);
  }
  if (pthread_create(&t.thread, NULL, kinds[kind], &t) != 0)
    abort();
  pthread_join(t.thread, NULL);
  if (kind == 2 && (rounds < 6 || last.err != 0))
    return -4;
  return t.err;
}

/* ---- local references ---- */

static void waste(JNIEnv *env, void *arg) {
  (void)arg;
  (*env)->NewByteArray(env, 1 << 20);
}
static void *wastes(void *arg) {
  struct task *t = arg;
  for (int i = 0; i < t->count && t->err == 0; i++)
    t->err = libcgo_jni_call(&border, waste, t);
  return NULL;
}
JNIEXPORT jint JNICALL Java_JniTest_wastes(JNIEnv *env, jclass c, jint count,
                                           jboolean here) {
  struct task t = {0, 0, count, 0, 0};
  (void)env;
  (void)c;
  if (here) {
    wastes(&t);
  } else {
    pthread_create(&t.thread, NULL, wastes, &t);
    pthread_join(t.thread, NULL);
  }
  return t.err;
}

/* ---- the end ---- */

/* Threads that call for ever; others that come and go, with a call each. */
static void *for_ever(void *arg) {
  struct task *t = arg;
  while (libcgo_jni_call(&border, tell, t) == 0)
    ;
  return NULL;
}
static void *come_and_go(void *arg) {
  for (;;) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, calls, arg) == 0)
      pthread_join(thread, NULL);
  }
  return NULL;
}
JNIEXPORT void JNICALL Java_JniTest_fire(JNIEnv *env, jclass c, jint what) {
  static struct task t = {0, 0, 1, 0, 0};
  pthread_t thread;
  (void)env;
  (void)c;
  t.what = what;
  for (int i = 0; i < 4; i++)
    pthread_create(&thread, NULL, i < 2 ? for_ever : come_and_go, &t);
}

JNIEXPORT jint JNICALL Java_JniTest_forked(JNIEnv *env, jclass c) {
  int status = -1;
  const pid_t child = fork();
  if (child == 0) {
    struct task t = {0, 0, 1, 0, 0};
    alarm(60);
    _exit(libcgo_jni_call(&border, tell, &t) == ESHUTDOWN ? 0 : 1);
  }
  if (waitpid(child, &status, 0) != child || status != 0)
    return -1;
  return Java_JniTest_here(env, c, 0, 0);
}

/* A thread that stays, and ends when its pipe is closed. */
static void *stays(void *arg) {
  char byte;
  calls(arg);
  if (read(held[0], &byte, 1) < 0)
    abort();
  return NULL;
}
static struct task staying = {0, 0, 1, 0, 0};
JNIEXPORT jint JNICALL Java_JniTest_stay(JNIEnv *env, jclass c) {
  (void)env;
  (void)c;
  return pipe(held) == 0 ? pthread_create(&staying.thread, NULL, stays, &staying)
                         : -1;
}

/* Threads that call until they are told that the VM ends, and one that stays. */
static struct task callers[4];
static void *until_closed(void *arg) {
  struct task *t = arg;
  while ((t->err = libcgo_jni_call(&border, tell, t)) == 0)
    __atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
  return NULL;
}
static int callers_call(int what) {
  if (Java_JniTest_stay(NULL, NULL) != 0)
    return -1;
  for (int i = 0; i < 4; i++) {
    callers[i].what = what;
    if (pthread_create(&callers[i].thread, NULL, until_closed, &callers[i]) != 0)
      return -1;
  }
  for (int i = 0; i < 4; i++)
    while (__atomic_load_n(&callers[i].count, __ATOMIC_RELAXED) < 100)
      sched_yield();
  return 0;
}
/* None is kept in the VM, which has ended. */
static int callers_end(void) {
  close(held[1]);
  pthread_join(staying.thread, NULL);
  for (int i = 0; i < 4; i++) {
    pthread_join(callers[i].thread, NULL);
    if (callers[i].err != ESHUTDOWN)
      return -1;
  }
  return 0;
}

/* As many libraries do at exit. */
static void join_them(void) {
  if (callers_end() != 0)
    abort();
}
JNIEXPORT jint JNICALL Java_JniTest_joinAtExit(JNIEnv *env, jclass c, jint what) {
  (void)env;
  (void)c;
  return atexit(join_them) == 0 ? callers_call(what) : -1;
}
JNIEXPORT jint JNICALL Java_JniTest_end(JNIEnv *env, jclass c) {
  (void)env;
  (void)c;
  return libcgo_jni_end(&border);
}

#ifdef IN_LAUNCHER
/* ---- a VM on a machine that has much to do ---- */

LIBCGO_JNI(slow);
static struct libcgo_jni_thread_ slow_thread;
static int waits;

static jvmtiError JNICALL get_border(jvmtiEnv *events, void **p) {
  (void)events;
  *p = &slow;
  return JVMTI_ERROR_NONE;
}
static jvmtiError JNICALL get_time(jvmtiEnv *events, jlong *ns) {
  static jlong now;
  (void)events;
  *ns = now += 10000000000; /* this thread got no CPU for ten seconds */
  return JVMTI_ERROR_NONE;
}
static jvmtiError JNICALL create_monitor(jvmtiEnv *events, const char *name,
                                         jrawMonitorID *monitor) {
  (void)events, (void)name;
  *monitor = NULL;
  return JVMTI_ERROR_NONE;
}
static jvmtiError JNICALL enter_or_exit(jvmtiEnv *events, jrawMonitorID monitor) {
  (void)events, (void)monitor;
  return JVMTI_ERROR_NONE;
}
/* The other one comes out of its call at last. */
static jvmtiError JNICALL wait_a_bit(jvmtiEnv *events, jrawMonitorID monitor,
                                     jlong ms) {
  (void)events, (void)monitor, (void)ms;
  if (++waits == 3)
    slow_thread.depth = 0;
  return JVMTI_ERROR_NONE;
}

static int a_slow_vm_waits_for_the_call(void) {
  const struct jvmtiInterface_1_ functions = {.GetEnvironmentLocalStorage =
                                                  get_border,
                                              .GetTime = get_time,
                                              .CreateRawMonitor = create_monitor,
                                              .RawMonitorEnter = enter_or_exit,
                                              .RawMonitorExit = enter_or_exit,
                                              .RawMonitorWait = wait_a_bit};
  jvmtiEnv events = &functions;
  slow_thread.depth = 1;
  slow.threads = &slow_thread;
  libcgo_jni_vm_ends_(&events, NULL);
  return waits == 3;
}

/* A VM in a program of C: its end, with a thread that is attached and others that call. */
int main(int argc, char **argv) {
  JavaVMOption option = {argv[1], NULL};
  JavaVMInitArgs args = {JNI_VERSION_1_6, 1, &option, JNI_FALSE};
  JavaVM *vm;
  JNIEnv *env;
  static struct task late;
  border.patience_ms = second.patience_ms = 60000;
  if (argc == 2 && strcmp(argv[1], "slow") == 0)
    return a_slow_vm_waits_for_the_call() ? 0 : 1;
  if (argc != 2 || JNI_CreateJavaVM(&vm, (void **)&env, &args) != JNI_OK)
    return 2;
  if (libcgo_jni_call(&border, tell, &late) != EPERM)
    return 3;
  test_class = (*env)->FindClass(env, "JniTest");
  if (test_class == NULL || (on_call = (*env)->GetStaticMethodID(
                                 env, test_class, "onCall", "(II)V")) == NULL)
    return 4;
  if (libcgo_jni_begin(&border, vm) != 0 || libcgo_jni_begin(&border, vm) != 0)
    return 5;
  /* Another VM, while the border is open and when it is not. */
  JavaVM other = *vm;
  if (libcgo_jni_begin(&border, &other) != EINVAL ||
      libcgo_jni_end(&border) != 0 ||
      libcgo_jni_begin(&border, &other) != EINVAL ||
      libcgo_jni_call(&border, tell, &late) != ESHUTDOWN ||
      libcgo_jni_begin(&border, vm) != 0)
    return 7;
  if (callers_call(0) != 0)
    return 6;
  if ((*vm)->DestroyJavaVM(vm) != JNI_OK)
    return 8;
  if (libcgo_jni_call(&border, tell, &late) != ESHUTDOWN)
    return 9;
  return callers_end() == 0 ? 0 : 10;
}
#endif
