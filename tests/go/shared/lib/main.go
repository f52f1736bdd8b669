// SPDX-License-Identifier: BSD-3-Clause

// Package main is a shared object with a Go runtime of its own, or an archive.
package main

import "C"

import (
	"runtime"
	"sync"
)

var (
	lock  sync.Mutex
	calls int
)

//export goCount
func goCount() C.int {
	lock.Lock()
	defer lock.Unlock()
	calls++
	return C.int(calls)
}

//export goWork
func goWork(n C.int) C.int {
	if n == 7 {
		runtime.GC()
	}
	results := make(chan C.int)
	go func() { results <- n * 2 }()
	return <-results
}

func main() {}
