package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"carry/data"
)

// Exit codes.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitIncomplete = 3 // data missing or refused
)

const about = `Bring Binance's history into a SQLite database and show what is there.

Exit codes: 0 ok, 1 failed, 2 usage, 3 data incomplete or refused.`

// cli is the command line; each subcommand has a file of its own.
type cli struct {
	Import importCmd `cmd:"" help:"Read a folder of recorded history into the database."`
	Status statusCmd `cmd:"" help:"Show coverage, recorded rules and gaps."`
}

// env is what a subcommand works with.
type env struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// hintError carries what to do about an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// run is the whole program: it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, args []string) int {
	var c cli
	exited := -1
	k, err := kong.New(&c, kong.Name("crawl"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fail(stderr, err)
	}
	parsed, err := k.Parse(args)
	if exited >= 0 {
		return exited // --help has been printed
	}
	if err != nil {
		fmt.Fprintf(stderr, "crawl: %v\nhint: crawl --help lists what there is\n", err)
		return exitUsage
	}
	if err := parsed.Run(&env{ctx, stdout, stderr}); err != nil {
		return fail(stderr, err)
	}
	return exitOK
}

// fail prints an error and its hint, one line each, and chooses the exit code.
func fail(stderr io.Writer, err error) int {
	hint, code := "", exitFailed
	var hinted *hintError
	switch {
	case errors.As(err, &hinted):
		hint = hinted.hint
	case errors.Is(err, data.ErrMissing), errors.Is(err, data.ErrNoData):
		hint = "crawl import DIR --db FILE makes one"
	case errors.Is(err, data.ErrNotDatabase):
		hint = "name another file with --db; this one was left as it is"
	case errors.Is(err, data.ErrCorrupt):
		hint = "move the file away and import again"
	case errors.Is(err, data.ErrNewerSchema):
		hint = "update carry, or name another file with --db"
	case errors.Is(err, data.ErrReadOnly):
		hint = "check the folder's and the file's permissions, or name another file with --db"
	}
	for _, sentinel := range []error{data.ErrRefused, data.ErrMissing, data.ErrNoData, data.ErrCorrupt, data.ErrNotDatabase, data.ErrNewerSchema} {
		if errors.Is(err, sentinel) {
			code = exitIncomplete
		}
	}
	fmt.Fprintf(stderr, "crawl: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return code
}
