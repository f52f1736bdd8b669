/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: libraries that a test loads. */
#ifndef LIBCGO_TESTS_WINDOWS_DLFCN_H
#define LIBCGO_TESTS_WINDOWS_DLFCN_H

#ifdef __cplusplus
extern "C" {
#endif

#define RTLD_LAZY 1
#define RTLD_NOW 2
#define RTLD_LOCAL 0
void *dlopen(const char *name, int flags);
void *dlsym(void *library, const char *name);
int dlclose(void *library);
const char *dlerror(void);

#ifdef __cplusplus
}
#endif

#endif
