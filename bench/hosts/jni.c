/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls from a thread of C into the JVM: a static method that adds its argument. Three
 * ways, in turns: attach and detach at each call; what a careful author writes by hand; and
 * libcgo/host/jni.h. Each round is short, and takes a new thread. Prints lines of NAME
 * NANOSECONDS: a tenth of the rounds took less, the others were disturbed more.
 */
#include <libcgo/host/jni.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

LIBCGO_JNI(border);

static JavaVM *vm;
static jclass bench_class;
static jmethodID on_call;

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *loaded, void *reserved) {
  (void)reserved;
  vm = loaded;
  return libcgo_jni_begin(&border, vm) == 0 ? JNI_VERSION_1_6 : JNI_ERR;
}

static void tell(JNIEnv *env, void *arg) {
  (*env)->CallStaticVoidMethod(env, bench_class, on_call, *(int *)arg);
}

/* ---- the usual way ---- */

static void usual(int n) {
  JNIEnv *env;
  if ((*vm)->AttachCurrentThread(vm, (void **)&env, NULL) != JNI_OK)
    abort();
  tell(env, &n);
  if ((*env)->ExceptionCheck(env)) {
    (*env)->ExceptionDescribe(env);
    (*env)->ExceptionClear(env);
  }
  (*vm)->DetachCurrentThread(vm);
}

/* ---- by hand: attached once, detached by the destructor of a key ---- */

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread JNIEnv *mine;

static void detach(void *unused) {
  (void)unused;
  mine = NULL;
  (*vm)->DetachCurrentThread(vm);
}
static void make_key(void) {
  if (pthread_key_create(&key, detach) != 0)
    abort();
}

static JNIEnv *attached(void) {
  if (mine == NULL) {
    if ((*vm)->AttachCurrentThreadAsDaemon(vm, (void **)&mine, NULL) != JNI_OK)
      abort();
    pthread_once(&once, make_key);
    pthread_setspecific(key, mine);
  }
  return mine;
}

static void clear(JNIEnv *env) {
  if ((*env)->ExceptionCheck(env)) {
    (*env)->ExceptionDescribe(env);
    (*env)->ExceptionClear(env);
  }
}

/* With a frame for local references: without it they would stay until the thread ends. */
static void by_hand(int n) {
  JNIEnv *env = attached();
  if ((*env)->PushLocalFrame(env, 16) != 0)
    abort();
  tell(env, &n);
  clear(env);
  (*env)->PopLocalFrame(env, NULL);
}

/* For a callback that makes none. */
static void by_hand_without_frame(int n) {
  JNIEnv *env = attached();
  tell(env, &n);
  clear(env);
}

/* ---- libcgo ---- */

static void by_libcgo(int n) {
  if (libcgo_jni_call(&border, tell, &n) != 0)
    abort();
}

/* ---- measuring ---- */

enum { most = 1001 };
static const struct {
  const char *name;
  void (*call)(int n);
  int calls;
} ways[] = {{"usual", usual, 5},
            {"hand", by_hand, 1000},
            {"hand-without-frame", by_hand_without_frame, 1000},
            {"libcgo", by_libcgo, 1000}};
enum { way_count = sizeof ways / sizeof ways[0] };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(int way, int calls) {
  const double start = now();
  for (int i = 0; i < calls; i++)
    ways[way].call(i);
  return (now() - start) / calls;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Each way on a thread of its own, so that none is attached by another. */
struct one {
  int way, calls;
  double ns;
};
static void *one_round(void *arg) {
  struct one *one = arg;
  measure(one->way, 50);
  one->ns = measure(one->way, one->calls);
  return NULL;
}

JNIEXPORT void JNICALL Java_Bench_run(JNIEnv *env, jclass c, jint rounds) {
  static double ns[way_count][most];
  rounds = rounds > most ? most : rounds;
  bench_class = (*env)->NewGlobalRef(env, c);
  on_call = (*env)->GetStaticMethodID(env, c, "onCall", "(I)V");
  for (int r = -1; r < rounds; r++) /* the first warms up */
    for (int i = 0; i < way_count; i++) {
      pthread_t thread;
      struct one one = {(i + r + 1) % way_count, 0, 0};
      one.calls = ways[one.way].calls;
      if (pthread_create(&thread, NULL, one_round, &one) != 0)
        abort();
      pthread_join(thread, NULL);
      if (r >= 0)
        ns[one.way][r] = one.ns;
    }
  for (int w = 0; w < way_count; w++) {
    qsort(ns[w], (size_t)rounds, sizeof ns[w][0], compare);
    printf("jni %s %.1f\n", ways[w].name, ns[w][rounds / 10]);
  }
  fflush(stdout);
}
