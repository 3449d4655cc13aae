package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"carry/internal/cli"
)

type sweepPlanCmd struct {
	sweepFlags
}

// Run prints every trial's number and values.
func (c *sweepPlanCmd) Run(s *streams) error {
	p, err := c.plan(s)
	if err != nil {
		return err
	}
	defer p.close()
	w := csv.NewWriter(s.stdout)
	header := []string{"trial"}
	for _, a := range p.sweep.Axes {
		header = append(header, a.Name)
	}
	if err := w.Write(header); err != nil {
		return err
	}
	for i := range p.sweep.Size() {
		if err := w.Write(append([]string{strconv.Itoa(i)}, p.sweep.ValuesOf(i)...)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

type sweepStatusCmd struct {
	sweepFlags
	Tasks        int  `help:"Tasks that the sweep is spread over." placeholder:"N"`
	MissingTasks bool `help:"Print only the tasks that are not finished, as 0,3,7; exit code 3 if there are any."`
}

// Run counts the chunks.
func (c *sweepStatusCmd) Run(s *streams) error {
	p, err := c.plan(s)
	if err != nil {
		return err
	}
	defer p.close()
	board, err := p.sweep.OpenBoard(c.Out)
	if err != nil {
		return err
	}
	defer board.Leave()
	missing, err := board.Missing()
	if err != nil {
		return otherSweep(err)
	}
	if c.MissingTasks {
		if c.Tasks < 1 {
			return cli.Failf(cli.Usage, "", "--missing-tasks needs --tasks")
		}
		tasks, err := board.MissingTasks(c.Tasks)
		if err != nil || len(tasks) == 0 {
			return err
		}
		words := make([]string, len(tasks))
		for i, t := range tasks {
			words[i] = strconv.Itoa(t)
		}
		fmt.Fprintln(s.stdout, strings.Join(words, ","))
		return cli.Failf(cli.Incomplete, "", "%d of %d tasks are not finished", len(tasks), c.Tasks)
	}
	all := board.Task(0, 1)
	done, size := countDone(board, all, missing), p.sweep.Size()
	fmt.Fprintf(s.stdout, "%d of %d trials finished, %d of %d chunks missing, in %s\n", done, size, len(missing), len(all), board.Dir)
	return nil
}
