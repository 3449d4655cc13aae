package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"

	"carry"
	"carry/data"
	"carry/internal/cli"
	"carry/internal/lab"
)

const program = "backtest"

// commands are all subcommands; `run` is the default.
type commands struct {
	Run     runCmd     `cmd:"" default:"withargs" help:"Replay a market through a strategy and write the report (the default)."`
	Screen  screenCmd  `cmd:"" help:"Print the mean funding rate of every coin over its last settlements (S1)."`
	Sweep   sweepCmd   `cmd:"" help:"Run many combinations of parameters and ask whether any beats holding by more than luck."`
	Compare compareCmd `cmd:"" help:"Set two or more finished runs side by side."`
	Params  paramsCmd  `cmd:"" help:"List all parameters with their ranges; each is also a flag: --openRateMinFrac=0.0002."`
}

// streams are what every subcommand gets besides its flags.
type streams struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	args   []string
	began  time.Time
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, args []string) int {
	var c commands
	s := &streams{ctx: ctx, stdout: stdout, stderr: stderr, args: args, began: time.Now()}
	exited := -1
	parser, err := kong.New(&c, kong.Name(program), kong.Writers(stdout, stderr),
		kong.Description("Backtest of funding-rate arbitrage: short the perpetual, hold the coin, collect funding.\n\n"+
			"Without arguments: ./carry.db if it is there, else a generated market; the report goes to ./out."),
		kong.Exit(func(code int) { exited = code }), kong.UsageOnError(), kong.Bind(s),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 80}))
	if err != nil {
		return cli.Report(stderr, program, err)
	}
	known, err := parser.Parse(lab.ParamFlags(args))
	switch {
	case exited >= 0:
		return exited
	case err != nil:
		return cli.Report(stderr, program, cli.Fail(cli.Usage, usage(err), usageHint))
	}
	err = known.Run(s)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // whatever the interrupt broke on its way
	}
	return cli.Report(stderr, program, classify(err))
}

// usage takes kong's parser type off its message and names the parameter that
// an unknown flag may have meant.
func usage(err error) error {
	var p *kong.ParseError
	if !errors.As(err, &p) {
		return err
	}
	return errors.New(lab.SuggestParam(p.Error()))
}

const usageHint = "backtest --help lists the flags, backtest params the parameters"

// classify gives known kinds of failure their exit code and hint.
func classify(err error) error {
	var known *cli.Error
	switch {
	case errors.As(err, &known):
		if known.Code == cli.Usage && known.Hint == "" {
			known.Hint = usageHint
		}
		return err
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case lab.BooksViolated(err):
		return cli.Fail(cli.Violated, err, "this is a bug of the program, not of your settings; please report the reproduce line")
	case errors.Is(err, lab.ErrUnknownCoin), errors.Is(err, data.ErrUnknownCoin):
		return cli.Fail(cli.Usage, err, "backtest screen lists the coins there are")
	case errors.Is(err, lab.ErrNoData), errors.Is(err, data.ErrNoLeg), errors.Is(err, data.ErrEmptyRange):
		return cli.Fail(cli.Incomplete, err, "crawl status shows what the data cover")
	case errors.Is(err, data.ErrCorrupt):
		return cli.Fail(cli.Incomplete, err, corruptHint)
	}
	return err
}

const corruptHint = "move the file away and fill a new one: crawl import DIR"

// storeHint says what to do about a database that does not open.
func storeHint(err error, path string) string {
	switch {
	case errors.Is(err, data.ErrNotDatabase):
		return "name another file; crawl import DIR --db FILE makes one, --generated needs none"
	case errors.Is(err, data.ErrCorrupt):
		return corruptHint
	case errors.Is(err, data.ErrNewerSchema):
		return "use the program that wrote it, or a newer one"
	case errors.Is(err, data.ErrMissing), errors.Is(err, data.ErrNoData):
		return "crawl import DIR --db " + path + " fills it; --generated needs none"
	}
	return ""
}

// openOutput prepares the folder that --out names.
func openOutput(dir string) (*lab.Output, error) {
	out, err := lab.NewOutput(dir)
	if err != nil {
		return nil, cli.Fail(cli.Failed, err, "--out names the folder to write into; choose one that can be made and written")
	}
	return out, nil
}

// parseSpan reads the --from and --to flags.
func parseSpan(from, to string) (a, b carry.Time, err error) {
	if from != "" {
		if a, err = carry.ParseTime(from); err != nil {
			return 0, 0, cli.Fail(cli.Usage, fmt.Errorf("--from: %w", err), "")
		}
	}
	if to != "" {
		if b, err = carry.ParseTime(to); err != nil {
			return 0, 0, cli.Fail(cli.Usage, fmt.Errorf("--to: %w", err), "")
		}
	}
	if to != "" && a >= b {
		return 0, 0, cli.Failf(cli.Usage, "--to is exclusive and must be later than --from", "the span %s to %s is empty", a, b)
	}
	return a, b, nil
}
