// SPDX-License-Identifier: BSD-3-Clause

// Package main is a plugin: of the runtime of the program that opens it.
package main

// static int half(int n) { return n / 2; }
import "C"

// Half is by C.
func Half(n int) int { return int(C.half(C.int(n))) }
