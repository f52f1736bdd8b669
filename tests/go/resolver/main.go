// SPDX-License-Identifier: BSD-3-Clause

// Program resolver looks names up by the C library, from many goroutines at once.
// With GODEBUG=netdns=cgo+2 Go says that it does.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
)

func lookup() error {
	ctx := context.Background()
	addrs, err := net.DefaultResolver.LookupHost(ctx, "localhost")
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if ip := net.ParseIP(a); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("localhost is %s", a)
		}
	}
	if port, err := net.DefaultResolver.LookupPort(ctx, "tcp", "7"); err != nil || port != 7 {
		return fmt.Errorf("port 7 is %d, %v", port, err)
	}
	return nil
}

func main() {
	const goroutines = 100
	errs := make([]error, goroutines)
	var all sync.WaitGroup
	for i := range errs {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			errs[i] = lookup()
		}(i)
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("ok")
}
