package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"carry"
	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/exchange"
)

// serveCmd is crawl serve.
type serveCmd struct {
	History string   `placeholder:"DIR" help:"Serve this folder of recorded history instead (layout: docs/FORMATS.md)."`
	Coins   int      `default:"3" help:"Coins of the generated market (${default})."`
	From    string   `default:"2023-01" placeholder:"DATE" help:"First bar of the generated market (${default})."`
	To      string   `default:"2023-07" placeholder:"DATE" help:"Its end, which is the present of this exchange (${default})."`
	Seed    uint64   `default:"1" help:"Seed of the generated market and of the faults (${default})."`
	Fault   []string `placeholder:"KIND[=P]" help:"Misbehave, in a share P of the requests or files: 503=0.2, hang=0.01, zip-bomb. May be given several times; docs/FAULTS.md lists the kinds."`
	Command []string `arg:"" optional:"" passthrough:"" help:"After --, a command to run against it; the exchange ends with it."`
}

// Run implements the command.
func (c *serveCmd) Run(e *env) (err error) {
	facts, what, err := c.facts()
	if err != nil {
		return err
	}
	from, to := exchange.Range(facts)
	o := exchange.Options{Clock: exchange.NewOffsetClock(to + 20*carry.Minute), Keys: map[string]string{exchange.DemoKey: exchange.DemoSecret}}
	o.Faults.Seed = c.Seed
	for _, text := range c.Fault {
		rule, err := exchange.ParseFault(text)
		if err != nil {
			return cli.Fail(cli.Usage, fmt.Errorf("--fault: %w", err), "docs/FAULTS.md lists the kinds")
		}
		o.Faults.Rules = append(o.Faults.Rules, rule)
	}
	server, err := exchange.New(facts, o)
	if err != nil {
		return cli.Fail(cli.Usage, err, "")
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(e.stderr, "%s: playing Binance: %s, %s to %s\n", program, what, from.Date(), to.Date())
	if len(c.Command) > 0 {
		err = c.runCommand(e, server.URLs())
	} else {
		err = printPlaces(e.stdout, server.URLs())
		if err == nil {
			<-e.ctx.Done() // Ctrl-C is how it is meant to end
		}
	}
	tellServed(e.stderr, server.Stats())
	return err
}

// facts are what is served, and its description.
func (c *serveCmd) facts() (exchange.Facts, string, error) {
	if c.History != "" {
		f, err := exchange.NewFolderFacts(c.History)
		return f, "recorded history of " + c.History, err
	}
	from, err := parseTime("from", c.From)
	if err != nil {
		return nil, "", err
	}
	to, err := parseTime("to", c.To)
	if err != nil {
		return nil, "", err
	}
	f, err := exchange.NewDemoFacts(c.Coins, from, to, c.Seed)
	if err != nil {
		return nil, "", cli.Fail(cli.Usage, err, "")
	}
	coins := fmt.Sprintf("%d coins", c.Coins)
	if c.Coins == 1 {
		coins = "one coin"
	}
	return f, "a generated market of " + coins, nil
}

// variables tell fetch and its kin where the server is.
func variables(u exchange.URLs) []string {
	return []string{"CARRY_SPOT_URL=" + u.Spot, "CARRY_FUTURES_URL=" + u.Futures, "CARRY_ARCHIVE_URL=" + u.Archive, "CARRY_LISTING_URL=" + u.Listing,
		binance.EnvKey + "=" + exchange.DemoKey, binance.EnvSecret + "=" + exchange.DemoSecret}
}

func printPlaces(w io.Writer, u exchange.URLs) error {
	var b strings.Builder
	b.WriteString("In another window:\n\n")
	for _, v := range variables(u) {
		b.WriteString("export " + v + "\n")
	}
	b.WriteString("crawl fetch --coins all --db demo.db\n\nCtrl-C ends it.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// interruptWait is how long a command may take to end after Ctrl-C.
const interruptWait = 10 * time.Second

// runCommand runs a command with the server's places in its environment. The
// word crawl is this program, wherever it lies.
func (c *serveCmd) runCommand(e *env, u exchange.URLs) error {
	words := c.Command
	if words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		return cli.Failf(cli.Usage, "crawl serve -- crawl fetch --coins all --db demo.db", "no command after --")
	}
	cmd := exec.CommandContext(e.ctx, words[0], words[1:]...)
	if words[0] == program {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		cmd.Path, cmd.Err = self, nil
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, e.stdout, e.stderr
	cmd.Env = append(os.Environ(), variables(u)...)
	cmd.Cancel = func() error {
		// A terminal tells both of Ctrl-C, and a second one would be too much.
		time.AfterFunc(time.Second, func() { _ = cmd.Process.Signal(os.Interrupt) })
		return nil
	}
	cmd.WaitDelay = interruptWait
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case e.ctx.Err() != nil:
		return context.Cause(e.ctx)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return cli.Failf(exit.ExitCode(), "", "%s ended with exit code %d", filepath.Base(words[0]), exit.ExitCode())
	}
	return cli.Fail(cli.Usage, fmt.Errorf("run %s: %w", words[0], err), "name a program after --")
}

// tellServed says what the server counted: whether the client kept the limits.
func tellServed(w io.Writer, s exchange.Stats) {
	n, faults := 0, 0
	for _, v := range s.Requests {
		n += v
	}
	for _, v := range s.Faults {
		faults += v
	}
	fmt.Fprintf(w, "%s: served %s requests, %d with a fault;\n  most weight in a minute: spot %s, futures %s; refused for weight: %d\n",
		program, grouped(n), faults, grouped(s.PeakWeight[0]), grouped(s.PeakWeight[1]), s.Limited+s.Banned)
}
