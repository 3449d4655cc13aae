package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"carry/data"
	"carry/internal/binance"
	"carry/internal/cli"
)

const program = "crawl"

const about = `Bring Binance's history into a SQLite database and show what is there.

Exit codes: 0 ok, 1 failed, 2 usage, 3 data incomplete or refused.`

// commands is the command line; each subcommand has a file of its own.
type commands struct {
	Fetch       fetchCmd       `cmd:"" help:"Fetch what is missing from Binance: archives first, REST for the rest."`
	Import      importCmd      `cmd:"" help:"Read a folder of recorded history into the database."`
	ImportBills importBillsCmd `cmd:"" help:"Read treasury bill rates for the cash baseline from a CSV file."`
	Status      statusCmd      `cmd:"" help:"Show coverage, recorded rules and gaps."`
	Verify      verifyCmd      `cmd:"" help:"Hold the database against itself, and samples of it against Binance."`
	List        listCmd        `cmd:"" help:"List symbols with their listing and delisting dates."`
	Export      exportCmd      `cmd:"" help:"Write the database as CSV or Parquet files."`
	Serve       serveCmd       `cmd:"" help:"Play Binance on this machine, to try the other commands without a network."`
}

// env is what a subcommand works with.
type env struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, args []string) int {
	var c commands
	exited := -1
	k, err := kong.New(&c, kong.Name(program), kong.Description(about), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 80}), places())
	if err != nil {
		return cli.Report(stderr, program, err)
	}
	parsed, err := k.Parse(args)
	if exited >= 0 {
		return exited // --help has been printed
	}
	if err != nil {
		return cli.Report(stderr, program, cli.Fail(cli.Usage, err, "crawl --help lists what there is"))
	}
	return cli.Report(stderr, program, classify(parsed.Run(&env{ctx, stdout, stderr})))
}

// places are Binance's own URLs, as defaults of the flags.
func places() kong.Vars {
	u := binance.DefaultURLs()
	return kong.Vars{"spotURL": u.Spot, "futuresURL": u.Futures, "archiveURL": u.Archive, "listingURL": u.Listing}
}

// hint is an error with what to do about it; its exit code follows from its
// cause.
func hint(err error, text string) error { return cli.Fail(exitCode(err), err, text) }

// exitCode is 3 for what is wrong with data, else 1.
func exitCode(err error) int {
	for _, sentinel := range []error{data.ErrRefused, data.ErrMissing, data.ErrNoData, data.ErrCorrupt, data.ErrNotDatabase, data.ErrNewerSchema, data.ErrConflict} {
		if errors.Is(err, sentinel) {
			return cli.Incomplete
		}
	}
	return cli.Failed
}

// classify gives an error its exit code and hint, and puts it on one line.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var known *cli.Error
	if !errors.As(err, &known) {
		known = &cli.Error{Code: exitCode(err), Err: err, Hint: hintOf(err)}
	}
	return cli.Fail(known.Code, errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")), known.Hint)
}

func hintOf(err error) string {
	switch {
	case errors.Is(err, data.ErrMissing), errors.Is(err, data.ErrNoData):
		return "crawl fetch --coins BTC,ETH --db FILE or crawl import DIR --db FILE makes one"
	case errors.Is(err, data.ErrNotDatabase):
		return "name another file with --db; this one was left as it is"
	case errors.Is(err, data.ErrCorrupt):
		return "move the file away and import again"
	case errors.Is(err, data.ErrNewerSchema):
		return "update carry, or name another file with --db"
	case errors.Is(err, data.ErrReadOnly):
		return "check the folder's and the file's permissions, or name another file with --db"
	case errors.Is(err, data.ErrLocked):
		return "wait for it to end, or give --wait"
	case errors.Is(err, data.ErrFull):
		return "free some space and run the same command again; what is stored is whole"
	}
	return ""
}
