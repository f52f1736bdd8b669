// SPDX-License-Identifier: BSD-3-Clause

// Program process changes what belongs to the whole process from Go, and looks at
// it from C: the environment, and the user and group of each thread.
package main

/*
#include <stdlib.h>
#include <unistd.h>

static int same_user(unsigned uid, unsigned gid) {
  return geteuid() == uid && getegid() == gid;
}
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

func fail(format string, args ...interface{}) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

func cGetenv(name string) (string, bool) {
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	value := C.getenv(cName)
	return C.GoString(value), value != nil
}

func environment() {
	const name = "LIBCGO_TEST_NAME"
	for _, value := range []string{"one", "", "two words = more"} {
		if err := os.Setenv(name, value); err != nil {
			fail("Setenv: %v", err)
		}
		if got, is := cGetenv(name); !is || got != value {
			fail("C sees %q, %v, Go has set %q", got, is, value)
		}
	}
	if err := os.Unsetenv(name); err != nil {
		fail("Unsetenv: %v", err)
	}
	if got, is := cGetenv(name); is {
		fail("C sees %q, Go has unset it", got)
	}
	os.Setenv(name, "there")
	os.Clearenv()
	if got, is := cGetenv(name); is {
		fail("C sees %q, Go has cleared the environment", got)
	}
}

// each calls f with the numbers in the lines "Uid:" and "Gid:" of each thread.
func each(f func(uids, gids []string)) int {
	files, _ := filepath.Glob("/proc/self/task/*/status")
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var uids, gids []string
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "Uid:") {
				uids = strings.Fields(line)[1:]
			}
			if strings.HasPrefix(line, "Gid:") {
				gids = strings.Fields(line)[1:]
			}
		}
		f(uids, gids)
		n++
	}
	return n
}

func users() {
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 12345, 23456
		if err := syscall.Setgroups([]int{gid}); err != nil {
			fail("Setgroups: %v", err)
		}
	}
	// Threads that live while it happens.
	stop := make(chan bool)
	ready := make(chan bool)
	for i := 0; i < 5; i++ {
		go func() {
			runtime.LockOSThread()
			ready <- true
			<-stop
		}()
		<-ready
	}
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		fail("Setresgid: %v", err)
	}
	if err := syscall.Setresuid(uid, uid, uid); err != nil {
		fail("Setresuid: %v", err)
	}
	n := each(func(uids, gids []string) {
		for _, u := range uids {
			if u != fmt.Sprint(uid) {
				fail("a thread has the users %v, not %d", uids, uid)
			}
		}
		for _, g := range gids {
			if g != fmt.Sprint(gid) {
				fail("a thread has the groups %v, not %d", gids, gid)
			}
		}
	})
	if n < 6 {
		fail("%d threads were looked at", n)
	}
	if C.same_user(C.uint(uid), C.uint(gid)) == 0 {
		fail("C sees another user")
	}
	if err := syscall.Setuid(0); uid != 0 && err != syscall.EPERM {
		fail("becoming root again: %v", err)
	}
	close(stop)
}

func main() {
	environment()
	users()
	fmt.Println("ok")
}
