// SPDX-License-Identifier: BSD-3-Clause

// Program signals profiles Go and C together, with functions of its own for
// tracebacks, and gets signals while C runs.
package main

// #include "signals.h"
import "C"

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"unsafe"
)

func fail(args ...interface{}) {
	fmt.Println(args...)
	os.Exit(1)
}

var inner string

//export goInner
func goInner() {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	for {
		frame, more := frames.Next()
		inner += frame.Function + "\n"
		if !more {
			break
		}
	}
}

func main() {
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.traceback), unsafe.Pointer(C.context),
		unsafe.Pointer(C.symbolizer))

	// A profile of C code has what the traceback function says.
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		fail(err)
	}
	done := make(chan bool)
	for i := 0; i < 3; i++ {
		go func() {
			C.busy_until_seen(5)
			done <- true
		}()
	}
	for i := 0; i < 3; i++ {
		<-done
	}
	pprof.StopCPUProfile()
	r, err := gzip.NewReader(&profile)
	if err != nil {
		fail(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		fail(err)
	}
	if !bytes.Contains(text, []byte("place_of_a_signal")) {
		fail("the profile does not have the place in C")
	}

	// A call from Go through C into Go: its traceback shows C between them, and
	// each context is given back.
	const calls = 100
	for i := 0; i < calls; i++ {
		inner = ""
		C.call_go()
	}
	if !strings.Contains(inner, "place_of_a_call") {
		fail("the traceback does not have the place in C:", inner)
	}
	if made := C.contexts_made(); made < calls {
		fail("contexts were made", made, "times")
	}
	if open := C.contexts_open(); open != 0 {
		fail(open, "contexts were not given back")
	}

	// A signal in a thread of C arrives in Go.
	arrived := make(chan os.Signal, 100)
	signal.Notify(arrived, syscall.SIGUSR1)
	if C.raise_in_thread(C.int(syscall.SIGUSR1), 20) != 0 {
		fail("no thread")
	}
	<-arrived
	fmt.Println("ok")
}
