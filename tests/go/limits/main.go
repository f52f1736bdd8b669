// SPDX-License-Identifier: BSD-3-Clause

// Program limits starts threads until the system has no more.
package main

// #include <unistd.h>
import "C"

import (
	"fmt"
	"runtime"
)

func main() {
	const most = 500
	ready := make(chan bool)
	for i := 0; i < most; i++ {
		go func() {
			runtime.LockOSThread()
			ready <- true
			C.pause()
		}()
		<-ready
	}
	fmt.Println("there was no limit")
}
