// SPDX-License-Identifier: BSD-3-Clause

// Program both opens a Go plugin, which joins its own runtime, and a Go shared
// object, which has another: both PLUGIN LIBRARY.
package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

static int call(void *f, int n) { return ((int (*)(int))f)(n); }
static int count(void *f) { return ((int (*)(void))f)(); }
*/
import "C"

import (
	"fmt"
	"os"
	"plugin"
	"runtime"
	"sync"
	"unsafe"
)

func fail(args ...interface{}) {
	fmt.Println(args...)
	os.Exit(1)
}

func symbol(object unsafe.Pointer, name string) unsafe.Pointer {
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	s := C.dlsym(object, cName)
	if s == nil {
		fail("there is no", name)
	}
	return s
}

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		fail(err)
	}
	s, err := p.Lookup("Half")
	if err != nil {
		fail(err)
	}
	half := s.(func(int) int)

	file := C.CString(os.Args[2])
	object := C.dlopen(file, C.RTLD_NOW|C.RTLD_LOCAL)
	if object == nil {
		fail(C.GoString(C.dlerror()))
	}
	work, count := symbol(object, "goWork"), symbol(object, "goCount")

	const goroutines, calls = 20, 100
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := 0; n < calls; n++ {
				if got := half(int(C.call(work, C.int(n)))); got != n {
					fail("half of twice", n, "is", got)
				}
				C.count(count)
			}
			runtime.GC()
		}()
	}
	all.Wait()
	if got := C.count(count); got != goroutines*calls+1 {
		fail("the library has counted", got, "calls")
	}
	fmt.Println("ok")
}
