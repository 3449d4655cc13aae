package main

import (
	"errors"
	"fmt"

	"carry/data"
)

// importBillsCmd is crawl import-bills.
type importBillsCmd struct {
	File string `arg:"" help:"CSV: date,rate (a fraction a year), or a FRED series such as DTB3 (percent)."`
	DB   string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to write; made where needed (${default})."`
}

// Run implements the command.
func (c *importBillsCmd) Run(e *env) (err error) {
	lock, err := data.LockCrawl(e.ctx, c.DB, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	store, err := data.Open(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	rows, changed, err := store.ImportBills(e.ctx, c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s bill rates read, %s of them new or changed, in %s.\n", grouped(rows), grouped(changed), c.DB)
	return err
}
