package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"carry/data"
	"carry/internal/crawl"
)

// listCmd is crawl list.
type listCmd struct {
	Coins   string `placeholder:"BTC,ETH" help:"Only these coins."`
	DB      string `name:"db" placeholder:"FILE" help:"List what this database holds, and ask nobody."`
	Via     string `default:"auto" help:"auto, archive or rest (${default})."`
	Workers int    `default:"16" help:"Requests at a time (${default})."`
	JSON    bool   `name:"json" help:"Print as JSON; times are milliseconds UTC."`
	remoteFlags
}

// Run implements the command.
func (c *listCmd) Run(e *env) (err error) {
	if c.DB != "" {
		return c.stored(e)
	}
	via, err := crawl.ParseVia(c.Via)
	if err != nil {
		return optionError(err)
	}
	client, err := c.client("", func(text string) { fmt.Fprintf(e.stderr, "%s: %s\n", program, text) })
	if err != nil {
		return err
	}
	crawler, err := crawl.New(nil, client, crawl.Options{Coins: words(c.Coins), Via: via, Workers: c.Workers})
	if err != nil {
		return optionError(err)
	}
	list, err := crawler.List(e.ctx)
	if err != nil {
		return remoteError(optionError(err))
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(list)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-5s %-20s %-16s %-11s %s\n", "leg", "symbol", "status", "listed", "delisted")
	for _, l := range list {
		b.WriteString(l.String() + "\n")
	}
	_, err = io.WriteString(e.stdout, b.String())
	return err
}

// stored lists the database's instruments.
func (c *listCmd) stored(e *env) (err error) {
	store, err := data.OpenExisting(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	list, err := store.Instruments(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(list)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %-18s %-18s %5s  %-10s  %s\n", "coin", "spot", "perpetual", "mult", "listed", "delisted")
	wanted := words(strings.ToUpper(c.Coins))
	for _, i := range list {
		if len(wanted) > 0 && !contains(wanted, i.Coin) {
			continue
		}
		listed, delisted := "-", "-"
		if i.Listed != 0 {
			listed = i.Listed.Date()
		}
		if i.Delivered != 0 {
			delisted = i.Delivered.Date()
		}
		fmt.Fprintf(&b, "%-16s %-18s %-18s %5d  %-10s  %s\n", clip(i.Coin, 16), clip(dash(i.SpotSymbol), 18), clip(dash(i.PerpSymbol), 18), i.Mult, listed, delisted)
	}
	_, err = io.WriteString(e.stdout, b.String())
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func contains(list []string, coin string) bool {
	for _, c := range list {
		if strings.TrimSuffix(c, "USDT") == coin || c == coin {
			return true
		}
	}
	return false
}
