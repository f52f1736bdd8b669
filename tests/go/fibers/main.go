// SPDX-License-Identifier: BSD-3-Clause

// Program fibers has C code that changes stacks call Go. Its argument says from
// where: "thread", a thread that C has started; "goroutine", C that Go has called;
// "panic", the same, and a panic leaves C; "nested", C that Go has called in a
// thread that C has started.
package main

// #include "fibers.h"
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

// deep makes the goroutine's stack grow, so that it is moved.
func deep(n int) int {
	var room [64]int
	if n == 0 {
		return 0
	}
	room[n%64] = n
	return deep(n-1) + room[n%64] - n
}

//export goAnswer
func goAnswer(n C.int) C.int {
	if n%16 == 5 {
		runtime.GC()
	}
	if n == panicAt {
		panic("from a fiber")
	}
	return n + 1 + C.int(deep(int(n)%100))
}

var panicAt C.int = -1

//export goNested
func goNested(fibers, rounds C.int) C.int {
	got := C.fibers_run(fibers, rounds)
	deep(1000)
	runtime.GC()
	return got
}

func leave(fibers, rounds C.int) (why interface{}) {
	panicAt = 20
	defer func() {
		panicAt = -1
		why = recover()
	}()
	C.fibers_run(fibers, rounds)
	return
}

func main() {
	const fibers, rounds = 8, 200
	from := "thread"
	if len(os.Args) > 1 {
		from = os.Args[1]
	}
	var got C.int
	switch from {
	case "thread":
		got = C.fibers_run_in_thread(fibers, rounds)
	case "nested":
		got = C.fibers_run_nested(fibers, rounds)
	case "panic":
		for i := 0; i < 20; i++ {
			if why := leave(fibers, rounds); why != "from a fiber" {
				fmt.Println("the panic was", why)
				os.Exit(1)
			}
			deep(1000)
			runtime.GC()
		}
		fallthrough
	case "goroutine":
		got = C.fibers_run(fibers, rounds)
		var all sync.WaitGroup
		for i := 0; i < 4; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				if C.fibers_run(fibers, rounds) != fibers*rounds {
					panic("a call was not answered")
				}
			}()
		}
		all.Wait()
	}
	if got != fibers*rounds {
		fmt.Printf("Go has answered %d calls, not %d\n", got, fibers*rounds)
		os.Exit(1)
	}
	fmt.Println("ok")
}
