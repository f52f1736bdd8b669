/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a timer of the C library ticks that runs its function in a thread
 * (SIGEV_THREAD), as examples/treesum has one. Emulators may not get that right.
 */
#include <semaphore.h>
#include <signal.h>
#include <time.h>

static sem_t ticked;
static void tick(union sigval value) {
  (void)value;
  sem_post(&ticked);
}

int main(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD,
                           .sigev_notify_function = tick};
  const struct itimerspec soon = {{0, 10000000}, {0, 10000000}};
  struct timespec deadline;
  timer_t timer;
  sem_init(&ticked, 0, 0);
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &soon, NULL) != 0)
    return 1;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 20;
  return sem_timedwait(&ticked, &deadline) != 0;
}
