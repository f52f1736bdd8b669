// SPDX-License-Identifier: BSD-3-Clause

// Program users asks the C library for users and groups.
package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
)

func check() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	if me.Uid != strconv.Itoa(os.Getuid()) {
		return fmt.Errorf("the user's number is %s, not %d", me.Uid, os.Getuid())
	}
	again, err := user.Lookup(me.Username)
	if err != nil || again.Uid != me.Uid {
		return fmt.Errorf("%s is %v, %v", me.Username, again, err)
	}
	root, err := user.LookupId("0")
	if err != nil || root.Username != "root" {
		return fmt.Errorf("user 0 is %v, %v", root, err)
	}
	group, err := user.LookupGroupId(root.Gid)
	if err != nil || group.Gid != root.Gid {
		return fmt.Errorf("group %s is %v, %v", root.Gid, group, err)
	}
	if _, err := root.GroupIds(); err != nil {
		return err
	}
	_, err = user.Lookup("no-such-user")
	if _, unknown := err.(user.UnknownUserError); !unknown {
		return fmt.Errorf("no-such-user: %v", err)
	}
	return nil
}

func main() {
	const goroutines = 50
	errs := make([]error, goroutines)
	var all sync.WaitGroup
	for i := range errs {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			errs[i] = check()
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
