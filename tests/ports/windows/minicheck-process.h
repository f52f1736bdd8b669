/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How minicheck.h gives each test a process of its own on Windows: the program runs
 * again, for this case alone, and writes its result to a pipe.
 */
#ifndef LIBCGO_TESTS_MINICHECK_PROCESS_H
#define LIBCGO_TESTS_MINICHECK_PROCESS_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
/* Words of 16-bit times, and of no meaning now. */
#undef near
#undef far

#define MINICHECK_PIPE "MINICHECK_PIPE"

static inline void *minicheck_shared(size_t bytes) { return calloc(1, bytes); }

static inline void minicheck_cannot(const char *call) {
  fprintf(stderr, "minicheck: %s: error %lu\n", call, GetLastError());
  abort();
}

static inline HANDLE minicheck_pipe(void) {
  const char *pipe = getenv(MINICHECK_PIPE);
  return pipe == NULL ? NULL : (HANDLE)(uintptr_t)strtoull(pipe, NULL, 16);
}

static inline void minicheck_end(int status) {
  DWORD written;
  WriteFile(minicheck_pipe(), minicheck_running, sizeof *minicheck_running,
            &written, NULL);
  fflush(NULL);
  TerminateProcess(GetCurrentProcess(), (UINT)status);
}

static inline void minicheck_run(TestResult *r) {
  if (minicheck_pipe() != NULL) {
    minicheck_running = r;
    r->tc.fn(0);
    minicheck_end(0);
  }
  SECURITY_ATTRIBUTES inherited;
  memset(&inherited, 0, sizeof inherited);
  inherited.nLength = sizeof inherited;
  inherited.bInheritHandle = TRUE;
  HANDLE from, to;
  if (!CreatePipe(&from, &to, &inherited, 65536))
    minicheck_cannot("CreatePipe");
  char number[32];
  snprintf(number, sizeof number, "%llx", (unsigned long long)(uintptr_t)to);
  SetEnvironmentVariableA(MINICHECK_PIPE, number);
  SetEnvironmentVariableA("CK_RUN_CASE", r->tc.name);
  char program[MAX_PATH];
  GetModuleFileNameA(NULL, program, sizeof program);
  STARTUPINFOA how;
  memset(&how, 0, sizeof how);
  how.cb = sizeof how;
  PROCESS_INFORMATION child;
  /* On a loaded machine wine sometimes starts none, and says that it does not know why. */
  for (int more = 9; !CreateProcessA(program, NULL, NULL, NULL, TRUE, 0, NULL,
                                     NULL, &how, &child);
       more--)
    if (more == 0 || GetLastError() != ERROR_INTERNAL_ERROR)
      minicheck_cannot("CreateProcess");
  CloseHandle(to);
  DWORD status = 0;
  if (WaitForSingleObject(child.hProcess, r->tc.timeout * 1000) != WAIT_OBJECT_0)
    TerminateProcess(child.hProcess, ERROR_TIMEOUT);
  WaitForSingleObject(child.hProcess, INFINITE);
  GetExitCodeProcess(child.hProcess, &status);
  TestResult result;
  DWORD got;
  if (ReadFile(from, &result, sizeof result, &got, NULL) && got == sizeof result) {
    memcpy(r->file, result.file, sizeof r->file);
    memcpy(r->message, result.message, sizeof r->message);
    r->line = result.line;
  }
  if (status == 1) {
    r->type = CK_FAILURE;
  } else if (status != 0) {
    r->type = CK_ERROR;
    snprintf(r->message, sizeof r->message, "ended with status %#lx", status);
  }
  CloseHandle(from);
  CloseHandle(child.hProcess);
  CloseHandle(child.hThread);
}

#endif
