// SPDX-License-Identifier: BSD-3-Clause

// Program bench prints how much processor time each of its cases takes, in
// nanoseconds for each operation: NAME NANOSECONDS. It is built twice, without libcgo and with it.
package main

// #include "c.h"
import "C"

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
)

//export goNothing
func goNothing() {}

// cpuTime is that of all threads, so that others on the machine matter less.
func cpuTime() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func threads(b *testing.B) {
	done := make(chan bool)
	for i := 0; i < b.N; i++ {
		go func() {
			runtime.LockOSThread() // and ends with the thread
			done <- true
		}()
		<-done
	}
}

var cases = []struct {
	name string
	fn   func(b *testing.B)
}{
	{"call of C", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			C.c_nothing()
		}
	}},
	{"callback, thread of Go", func(b *testing.B) { C.c_call_go(C.long(b.N)) }},
	{"callback, thread of C", func(b *testing.B) { C.c_thread_calls_go(C.long(b.N)) }},
	{"new thread of C, a callback, its end", func(b *testing.B) { C.c_threads_call_go(C.long(b.N)) }},
	{"new thread of Go, its end", threads},
	{"callback, thread of C, 1 other stack", func(b *testing.B) { C.c_fibers_call_go(C.long(b.N), 1) }},
	{"callback, thread of C, 4 stacks in turn", func(b *testing.B) { C.c_fibers_call_go(C.long(b.N), 4) }},
	{"callback, thread of C, 16 stacks in turn", func(b *testing.B) { C.c_fibers_call_go(C.long(b.N), 16) }},
	{"without Go: new thread of C, its end", func(b *testing.B) { C.c_threads(C.long(b.N)) }},
	{"without Go: 4 stacks in turn", func(b *testing.B) { C.c_fibers(C.long(b.N), 4) }},
}

func main() {
	testing.Init()
	flag.Set("test.benchtime", "0.2s")
	for _, c := range cases {
		if len(os.Args) > 1 && os.Args[1] != c.name {
			continue
		}
		var took int64
		r := testing.Benchmark(func(b *testing.B) {
			start := cpuTime()
			c.fn(b)
			took = cpuTime() - start
		})
		fmt.Printf("%s\t%.1f\n", c.name, float64(took)/float64(r.N))
	}
}
