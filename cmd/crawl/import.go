package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"carry/data"
)

// importCmd is crawl import.
type importCmd struct {
	Dir string `arg:"" help:"Folder with funding/, spot/1h/, perp/1h/, mark/1h/, exchange_info/, leverage_brackets/ (layout: docs/FORMATS.md)."`
	DB  string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to write; made where needed (${default})."`
}

// Run implements the command.
func (c *importCmd) Run(e *env) (err error) {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return hint(fmt.Errorf("no such folder: %s", c.Dir), "name the folder that holds funding/, spot/1h/ and perp/1h/")
	}
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
	p := &progress{w: e.stderr, live: isTerminal(e.stderr)}
	rep, err := store.ImportDir(e.ctx, c.Dir, data.ImportOptions{Progress: p.show})
	p.end()
	if rep != nil {
		for _, note := range rep.Notes {
			fmt.Fprintf(e.stderr, "crawl: note: %s\n", note)
		}
		if len(rep.Ignored) > 0 {
			fmt.Fprintf(e.stderr, "crawl: ignored, not part of the layout: %s\n", ignored(rep.Ignored))
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return hint(errors.New("interrupted; the files finished so far are stored"), "run the same command again to go on")
	case errors.Is(err, data.ErrRefused) && len(rep.Kinds) > 0:
		return hint(err, "nothing of this file was stored, files before it were; repair it or move it away, then run the same command again")
	case errors.Is(err, data.ErrRefused):
		return hint(err, "name the folder that holds funding/, spot/1h/ and perp/1h/")
	case err != nil:
		return err
	}
	return printImport(e.stdout, rep, c.DB)
}

// ignored lists names on one line, the long tail counted.
func ignored(names []string) string {
	const most = 8
	for i, n := range names {
		if n == "premium_1m/" {
			names[i] = "premium_1m/ (minute bars; only hours are read)"
		}
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// printImport writes the summary, at most 80 columns wide.
func printImport(w io.Writer, rep *data.ImportReport, db string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %6s %10s %10s  %-10s  %-10s\n", "", "files", "rows", "new", "first", "last")
	fresh := 0
	for _, k := range rep.Kinds {
		fmt.Fprintf(&b, "%-12s %6d %10s %10s  %-10s  %-10s\n", k.Kind, k.Files, grouped(k.Rows), grouped(k.New), k.First.Date(), k.Last.Date())
		fresh += k.New
	}
	fmt.Fprintf(&b, "\n%d coins, %d of them with spot, perpetual and funding, in %s.\n", rep.Coins, rep.Pairs, db)
	if !rep.Changed {
		b.WriteString("Nothing changed: all of it was there already.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// grouped writes n with thousands separated.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// progress tells how far an import is: one rewritten line on a terminal, one
// plain line per kind of files elsewhere.
type progress struct {
	w     io.Writer
	live  bool
	drawn bool
}

func (p *progress) show(kind string, done, total int, file string) {
	switch {
	case p.live:
		fmt.Fprintf(p.w, "\r\x1b[K%s %d/%d %s", kind, done, total, filepath.Base(file))
		p.drawn = true
	case done == total:
		fmt.Fprintf(p.w, "crawl: %s: %d files\n", kind, total)
	}
}

// end wipes the live line.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// isTerminal says whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
