// SPDX-License-Identifier: BSD-3-Clause

// Program sqlite uses SQLite, which is C: rows, aggregates, and functions in Go
// that SQLite calls.
package main

import (
	"database/sql"
	"fmt"
	"os"
	"sync"

	"github.com/mattn/go-sqlite3"
)

const rows = 10000

func fail(args ...interface{}) {
	fmt.Println(args...)
	os.Exit(1)
}

// product is an aggregate: the last digit of the product of odd numbers.
type product struct{ p int64 }

func newProduct() *product      { return &product{1} }
func (p *product) Step(n int64) { p.p = p.p * (2*n + 1) % 10 }
func (p *product) Done() int64  { return p.p }

func number(db *sql.DB, query string) (n int64) {
	if err := db.QueryRow(query).Scan(&n); err != nil {
		fail(query, err)
	}
	return
}

func check(name string) {
	db, err := sql.Open("sqlite3_with_go", "file:"+name+"?mode=memory&cache=shared")
	if err != nil {
		fail(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table t (n integer, text text)"); err != nil {
		fail(err)
	}
	tx, err := db.Begin()
	if err != nil {
		fail(err)
	}
	insert, err := tx.Prepare("insert into t values (?, ?)")
	if err != nil {
		fail(err)
	}
	for i := 0; i < rows; i++ {
		if _, err := insert.Exec(i, fmt.Sprint("row ", i)); err != nil {
			fail(err)
		}
	}
	if err := tx.Commit(); err != nil {
		fail(err)
	}
	for query, want := range map[string]int64{
		"select count(*) from t":                          rows,
		"select sum(n) from t":                            rows * (rows - 1) / 2,
		"select sum(twice(n)) from t":                     rows * (rows - 1),
		"select count(*) from t where twice(n) % 4 == 0":  rows / 2,
		"select product(n) from t where n < 2":            3,
		"select max(length(text)) from t":                 8,
		"select n from t order by text collate backwards": rows - 1,
	} {
		if got := number(db, query); got != want {
			fail(query, "is", got, "and not", want)
		}
	}
}

func main() {
	sql.Register("sqlite3_with_go", &sqlite3.SQLiteDriver{
		ConnectHook: func(c *sqlite3.SQLiteConn) error {
			if err := c.RegisterFunc("twice", func(n int64) int64 { return 2 * n }, true); err != nil {
				return err
			}
			if err := c.RegisterAggregator("product", newProduct, true); err != nil {
				return err
			}
			return c.RegisterCollation("backwards", func(a, b string) int {
				switch {
				case a < b:
					return 1
				case a > b:
					return -1
				}
				return 0
			})
		},
	})
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			check(fmt.Sprint("db", i))
		}(i)
	}
	all.Wait()
	fmt.Println("ok")
}
