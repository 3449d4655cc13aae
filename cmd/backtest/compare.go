package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"carry/internal/cli"
	"carry/internal/lab"
	"carry/reports"
)

type compareCmd struct {
	Dirs []string `arg:"" help:"Output folders of two or more runs; the others are measured against the first." placeholder:"DIR"`
	Out  string   `help:"Folder for compare.html." default:"compare" placeholder:"DIR"`
}

// Run writes the page that sets the runs side by side.
func (c *compareCmd) Run(s *streams) error {
	if len(c.Dirs) < 2 {
		return cli.Failf(cli.Usage, "backtest compare DIR DIR ...", "a comparison needs two runs or more")
	}
	page := &reports.Comparison{Now: time.Now().UTC().Format("2006-01-02 15:04 UTC")}
	for _, dir := range c.Dirs {
		run, err := lab.LoadRun(dir)
		if errors.Is(err, lab.ErrNoRun) {
			return cli.Fail(cli.Usage, err, "name the folders that --out of a run wrote")
		}
		if err != nil {
			return err
		}
		page.Runs, page.Names = append(page.Runs, run), append(page.Names, filepath.Base(filepath.Clean(dir)))
	}
	out, err := openOutput(c.Out)
	if err != nil {
		return err
	}
	defer out.Discard()
	err = out.File("compare.html", func(w io.Writer) error { return reports.WriteCompareHTML(w, page) })
	if errors.Is(err, reports.ErrCompare) {
		return cli.Fail(cli.Usage, err, "runs must overlap in time")
	}
	if err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "comparison: %s (opens offline)\n", out.Path("compare.html"))
	return nil
}
