/* SPDX-License-Identifier: BSD-3-Clause */
/* The native half of Watch.java. */
#include "watch.h"

#include <libcgo/host/jni.h>
#include <stdint.h>
#include <stdlib.h>

LIBCGO_JNI(border);

static jmethodID accept;

struct listener {
  struct watch *watch;
  jobject object; /* a global reference */
};

struct change {
  struct listener *listener;
  long long size;
};

/* On a thread of the library that Java has never heard of. */
static void tell(JNIEnv *env, void *arg) {
  const struct change *change = arg;
  (*env)->CallVoidMethod(env, change->listener->object, accept,
                         (jlong)change->size);
}

static void changed(void *arg, long long size) {
  struct change change = {arg, size};
  if (libcgo_jni_call(&border, tell, &change) != 0)
    return; /* Java ends: nobody listens any more */
}

/* Classes are found here, and not on threads of C: there, FindClass knows the system's
   class loader only. */
JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved) {
  JNIEnv *env;
  (void)reserved;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK)
    return JNI_ERR;
  jclass consumer = (*env)->FindClass(env, "java/util/function/LongConsumer");
  if (consumer == NULL ||
      (accept = (*env)->GetMethodID(env, consumer, "accept", "(J)V")) == NULL)
    return JNI_ERR;
  return libcgo_jni_begin(&border, vm) == 0 ? JNI_VERSION_1_6 : JNI_ERR;
}

JNIEXPORT void JNICALL JNI_OnUnload(JavaVM *vm, void *reserved) {
  (void)vm;
  (void)reserved;
  libcgo_jni_end(&border);
}

static jlong out_of_memory(JNIEnv *env) {
  (*env)->ThrowNew(env, (*env)->FindClass(env, "java/lang/OutOfMemoryError"),
                   "watch");
  return 0;
}

JNIEXPORT jlong JNICALL Java_Watch_start(JNIEnv *env, jclass c, jstring path,
                                         jobject object) {
  struct listener *listener = malloc(sizeof *listener);
  const char *name = (*env)->GetStringUTFChars(env, path, NULL);
  (void)c;
  if (listener == NULL || name == NULL) {
    free(listener);
    return out_of_memory(env);
  }
  listener->object = (*env)->NewGlobalRef(env, object);
  listener->watch = watch_start(name, changed, listener);
  (*env)->ReleaseStringUTFChars(env, path, name);
  if (listener->watch == NULL) {
    (*env)->DeleteGlobalRef(env, listener->object);
    free(listener);
    return out_of_memory(env);
  }
  return (jlong)(intptr_t)listener;
}

JNIEXPORT void JNICALL Java_Watch_stop(JNIEnv *env, jclass c, jlong handle) {
  struct listener *listener = (struct listener *)(intptr_t)handle;
  (void)c;
  watch_stop(listener->watch);
  (*env)->DeleteGlobalRef(env, listener->object);
  free(listener);
}
