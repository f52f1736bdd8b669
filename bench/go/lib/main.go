// SPDX-License-Identifier: BSD-3-Clause

// Package main is the Go library of host/host.c.
package main

import "C"

//export goNothing
func goNothing() {}

func main() {}
