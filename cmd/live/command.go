package main

import (
	"context"
	"errors"
	"io"

	"github.com/alecthomas/kong"

	"carry/data"
	"carry/internal/cli"
	"carry/internal/lab"
	"carry/internal/panel"
)

const program = "live"

// commands are all subcommands; `run` is the default.
type commands struct {
	Run       runCmd       `cmd:"" default:"withargs" help:"Trade on paper; rehearse with --rehearse; trade with --trade (the default command)."`
	Plan      planCmd      `cmd:"" help:"Sizes, costs and dangers of a live run that would start now; needs no keys."`
	Checks    checksCmd    `cmd:"" help:"What stands between you and real money: exchange, key, account, and what was tried. Exit code 6 while anything is open."`
	Exchange  exchangeCmd  `cmd:"" help:"Serve a Binance on 127.0.0.1 that replays history or a generated market, for your own client."`
	Status    statusCmd    `cmd:"" help:"What a running session does: figures, pairs held, alarms."`
	Kill      killCmd      `cmd:"" help:"Stop all openings of a session for good: by a file beside its journal and by its dashboard."`
	Pause     pauseCmd     `cmd:"" help:"Stop openings until live resume."`
	Resume    resumeCmd    `cmd:"" help:"Go on after a pause."`
	CloseAll  closeAllCmd  `cmd:"" help:"Close every pair, slice by slice."`
	Close     closeCmd     `cmd:"" help:"Close one pair."`
	Withdraw  withdrawCmd  `cmd:"" help:"Free USDT in the spot wallet for its owner to take out."`
	Report    reportCmd    `cmd:"" help:"The backtest's report from a session's journal, with slippage against the backtest and the income in dated lots."`
	Deposit   depositCmd   `cmd:"" help:"Note in the journal that USDT are coming."`
	Rules     rulesCmd     `cmd:"" help:"Read the exchange's rules anew now; they are read at every cross-section anyway."`
	AlarmTest alarmTestCmd `cmd:"" help:"Send a test alarm through all channels."`
	Replay    replayCmd    `cmd:"" help:"Give a journal's events to a fresh core and compare what it says; exit code 5 if it differs."`
}

// streams are what every subcommand gets besides its flags.
type streams struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	args   []string
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, args []string) int {
	var c commands
	s := &streams{ctx: ctx, stdout: stdout, stderr: stderr, args: args}
	exited := -1
	parser, err := kong.New(&c, kong.Name(program), kong.Writers(stdout, stderr),
		kong.Description("The same strategy, gate, books and loop as backtest, on an exchange.\n\n"+
			"Without keys it trades on paper: live prices, simulated fills. With --trade it trades on an account, once live checks has nothing open. live --rehearse runs everything against an exchange on this machine."),
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
		return cli.Report(stderr, program, cli.Fail(cli.Usage, usage(err), "live --help lists the flags, backtest params the parameters"))
	}
	err = known.Run(s)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // whatever the interrupt broke on its way
	}
	return cli.Report(stderr, program, classify(err))
}

// usage shortens the parser's errors to one line and suggests parameters.
func usage(err error) error {
	var p *kong.ParseError
	if !errors.As(err, &p) {
		return err
	}
	return errors.New(lab.SuggestParam(p.Error()))
}

// classify gives known kinds of failure their exit code and hint.
func classify(err error) error {
	var known *cli.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case lab.BooksViolated(err), errors.Is(err, lab.ErrAudit):
		return cli.Fail(cli.Violated, err, "this is a bug of the program, not of your settings; please report it with the journal")
	case errors.Is(err, panel.ErrNotLoopback):
		return cli.Fail(cli.Usage, err, "for example --dashboard 127.0.0.1:8790; from elsewhere use an SSH tunnel")
	case lab.ReplayDiffers(err):
		return cli.Fail(cli.Differs, err, "another version of the program decides otherwise; the journal's session names the one that wrote it")
	case errors.Is(err, data.ErrChain):
		return cli.Fail(cli.Violated, err, "nothing of it can be relied on; keep the file, and look at the account at the exchange")
	case errors.Is(err, data.ErrJournal):
		return cli.Fail(cli.Incomplete, err, "a journal is written by live --rehearse --journal FILE")
	case errors.Is(err, data.ErrJournalBusy):
		return cli.Fail(cli.Failed, err, "it ends when that process ends, however it ends")
	case errors.Is(err, lab.ErrGone):
		return cli.Fail(cli.Usage, err, "rehearse with --connect against live exchange --lockstep; for a new rehearsal name another file")
	case errors.Is(err, lab.ErrSession):
		return cli.Fail(cli.Usage, err, "give the same market, strategy and settings as then, or name another file")
	case lab.Foreign(err):
		return cli.Fail(cli.Violated, err, "look at the account at the exchange; nothing was sent after this was found")
	case errors.Is(err, lab.ErrUnknownCoin), errors.Is(err, data.ErrUnknownCoin):
		return cli.Fail(cli.Usage, err, "backtest screen lists the coins there are")
	case errors.Is(err, lab.ErrNoData), errors.Is(err, data.ErrNoLeg), errors.Is(err, data.ErrEmptyRange), errors.Is(err, data.ErrCorrupt):
		return cli.Fail(cli.Incomplete, err, "crawl status shows what the data cover")
	}
	return err
}
