// Package cli holds the manners that all commands share: exit codes, one clear
// line for what went wrong, a hint on its own line, the result on stdout and
// everything else on stderr.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"
)

// Exit codes of all commands.
const (
	OK         = 0
	Failed     = 1
	Usage      = 2
	Incomplete = 3 // data missing, refused or not trustworthy
	Violated   = 4 // an invariant or the books
	Differs    = 5 // a replay is not identical
	Halted     = 6 // stopped or refused by risk
)

// Error is a failure as a user should read it.
type Error struct {
	Code int
	Err  error
	Hint string // what to do; may be empty
}

// Error is the message without the hint.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives access to the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fail wraps an error with an exit code and a hint.
func Fail(code int, err error, hint string) error { return &Error{Code: code, Err: err, Hint: hint} }

// Failf is Fail with a message.
func Failf(code int, hint, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...), Hint: hint}
}

// WriteJSON prints a value as --json shows it.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Report prints an error in the program's name and returns the exit code. A
// nil error is 0.
func Report(stderr io.Writer, program string, err error) int {
	if err == nil {
		return OK
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "%s: interrupted; nothing half-written was left\n", program)
		return Failed
	}
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	var e *Error
	if !errors.As(err, &e) {
		return Failed
	}
	if e.Hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", e.Hint)
	}
	return e.Code
}

// Main runs a command under a context that Ctrl-C and SIGTERM cancel. A second
// Ctrl-C ends the program at once.
func Main(run func(ctx context.Context, stdout, stderr io.Writer, args []string) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	code := run(ctx, os.Stdout, os.Stderr, os.Args[1:])
	stop()
	os.Exit(code)
}

// Terminal tells whether a person reads along.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
