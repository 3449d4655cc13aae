package main

import (
	"fmt"

	"carry/internal/lab"
)

type replayCmd struct {
	Journal string `arg:"" help:"Journal of a session." placeholder:"FILE"`
}

// Run replays a journal.
func (c *replayCmd) Run(s *streams) error {
	r, err := lab.Replay(s.ctx, c.Journal)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%s: %s/%s, %d coins, written by %s\n", c.Journal, r.Session.Strategy, r.Session.Preset, len(r.Session.Pairs), r.Session.Program)
	fmt.Fprintf(s.stdout, "%d events from %s to %s given to a fresh core: it says the same %d commands\n", r.Events, r.First, r.Last, r.Commands)
	if r.Starts > 1 {
		fmt.Fprintf(s.stdout, "the session was started %d times\n", r.Starts)
	}
	if r.Unsaid > 0 {
		fmt.Fprintf(s.stdout, "the session ended before %d commands that follow from its last event\n", r.Unsaid)
	}
	return nil
}
