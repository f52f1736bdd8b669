// SPDX-License-Identifier: BSD-3-Clause

// Package tracebacks profiles C with a traceback function that counts frames.
package tracebacks

// #include "tracebacks.h"
import "C"

import (
	"io"
	"runtime"
	"runtime/pprof"
	"unsafe"
)

// Profile has n signals interrupt C code. It returns how many did, in how many the
// traceback function found the place of the signal as the first frame, and in how many
// its callers behind it.
func Profile(n int) (signals, places, callers int, err error) {
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.traceback), nil, nil)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		return 0, 0, 0, err
	}
	C.outer(C.int(n))
	pprof.StopCPUProfile()
	return int(C.signals_in_inner()), int(C.right_first()), int(C.right_callers()), nil
}
