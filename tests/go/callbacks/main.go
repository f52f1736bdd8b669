// SPDX-License-Identifier: BSD-3-Clause

// Program callbacks has C call Go: from threads that come and go, from qsort,
// in ladders of calls, and from the end of a thread.
package main

// #include "callbacks.h"
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

//export goAdd
func goAdd(a, b C.long) C.long { return a + b }

//export goCompare
func goCompare(a, b C.int) C.int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

//export goStep
func goStep(n C.int) C.int {
	if n == 10 {
		runtime.GC()
	}
	return C.c_step(n) + 1
}

func check(what string, got, want int64) {
	if got != want {
		fmt.Printf("%s: %d, not %d\n", what, got, want)
		os.Exit(1)
	}
}

func main() {
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			const waves, threads, calls = 25, 20, 50
			check("sum of all calls", int64(C.threads_that_come_and_go(waves, threads, calls)),
				42*waves*threads*calls)
		}()
	}
	all.Wait()
	check("qsort", int64(C.sort_by_go(5000)), 0)
	check("qsort in C's thread", int64(C.sort_by_go_in_thread(5000)), 0)
	check("ladder", int64(C.c_step(200)), 400)
	check("calls at the end of a thread", int64(C.call_from_a_destructor()), 3)
	check("goroutines", int64(runtime.NumGoroutine()), 1)
	fmt.Println("ok")
}
