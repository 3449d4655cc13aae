package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"carry/internal/cli"
	"carry/internal/lab"
	"carry/internal/panel"
)

// operateFlags let people watch and steer a session.
type operateFlags struct {
	Dashboard string        `help:"Serve the dashboard at this address of this machine, for example 127.0.0.1:8790." placeholder:"127.0.0.1:PORT"`
	Alarms    string        `help:"Private file (mode 0600) that says where alarms go; without it the environment does. See docs/USER_GUIDE.md." placeholder:"FILE"`
	BarWait   time.Duration `help:"Show every cross-section for at least this long (200ms): a rehearsal is over in seconds otherwise." placeholder:"SPAN"`
}

// killName is the file that kills every session whose journal lies beside it.
const killName = "KILL"

// watched tells whether anybody asked to watch.
func (f *operateFlags) watched() bool { return f.Dashboard != "" || f.Alarms != "" }

// options makes a session's options; journal may be "".
func (f *operateFlags) options(s *streams, mode, journal string, log func(string)) (*lab.OperateOptions, error) {
	if f.BarWait < 0 || f.BarWait > time.Minute {
		return nil, cli.Failf(cli.Usage, "", "--bar-wait: %s is not between 0 and a minute", f.BarWait)
	}
	o := &lab.OperateOptions{Mode: mode, Dashboard: f.Dashboard, BarWait: f.BarWait, Limits: panel.DefaultAlarmLimits(), Log: log, Kill: killSignal(),
		DoorFile: panel.DoorFile(journal), KillFile: filepath.Join(filepath.Dir(journal), killName)}
	w, err := panel.LoadWires(f.Alarms, os.Getenv)
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "docs/USER_GUIDE.md shows such a file")
	}
	o.Channels, o.Watchdog = w.Channels, w.Watchdog
	o.Ready = func(url, withToken string) {
		if cli.Terminal(s.stderr) {
			url = withToken
		}
		log("dashboard: " + url + ", token in " + o.DoorFile)
	}
	return o, nil
}

// door finds the file of the session that a command means: that of a journal, or
// the only one in the current folder.
func door(journal string) (string, error) {
	if journal != "" {
		return panel.DoorFile(journal), nil
	}
	found, err := filepath.Glob("*" + panel.DoorFile("")[len("live"):])
	switch {
	case err != nil:
		return "", err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", cli.Failf(cli.Usage, "name one: --journal FILE", "there are %d sessions in this folder", len(found))
	}
	return "", noSession(panel.ErrNoDoor)
}

// noSession gives a session that does not answer its hint.
func noSession(err error) error {
	if errors.Is(err, panel.ErrNoDoor) {
		return cli.Fail(cli.Failed, err, "a session started with --dashboard writes JOURNAL.panel beside its journal; --journal FILE names it")
	}
	return err
}

// dial reaches a session.
func dial(journal string) (*panel.Client, error) {
	path, err := door(journal)
	if err != nil {
		return nil, err
	}
	c, err := panel.Dial(path)
	if err != nil {
		return nil, noSession(err)
	}
	return c, nil
}

// sessionFlag names a session.
type sessionFlag struct {
	Journal string `help:"The session's journal; default: the only session in this folder." placeholder:"FILE"`
}

type pauseCmd struct{ sessionFlag }

// Run asks a session to open nothing.
func (c *pauseCmd) Run(s *streams) error {
	return c.do(s, "pause", "", "", "paused: nothing is opened or closed by rule until live resume")
}

type resumeCmd struct{ sessionFlag }

// Run asks a session to go on.
func (c *resumeCmd) Run(s *streams) error { return c.do(s, "resume", "", "", "resumed") }

type closeAllCmd struct{ sessionFlag }

// Run asks a session to close everything.
func (c *closeAllCmd) Run(s *streams) error {
	return c.do(s, "close-all", "", "", "everything is being closed; live status shows how far it is")
}

type closeCmd struct {
	Coin string `arg:"" help:"Coin, for example BTC." placeholder:"COIN"`
	sessionFlag
}

// Run asks a session to close one pair.
func (c *closeCmd) Run(s *streams) error {
	return c.do(s, "close", c.Coin, "", c.Coin+" is being closed")
}

type withdrawCmd struct {
	Amount string `arg:"" help:"USDT to be freed." placeholder:"USDT"`
	sessionFlag
}

// Run tells a session that its owner wants to take money out.
func (c *withdrawCmd) Run(s *streams) error {
	return c.do(s, "withdraw", "", c.Amount, c.Amount+" USDT are being freed in the spot wallet; take them out yourself, the program's key cannot")
}

type depositCmd struct {
	Amount string `arg:"" help:"USDT that are coming." placeholder:"USDT"`
	sessionFlag
}

// Run notes in a session's journal that its owner sent money.
func (c *depositCmd) Run(s *streams) error {
	return c.do(s, "deposit", "", c.Amount, "noted; what arrives counts as a deposit, not as profit")
}

type rulesCmd struct{ sessionFlag }

// Run asks a session to read the exchange's rules anew.
func (c *rulesCmd) Run(s *streams) error {
	return c.do(s, "reread-rules", "", "", "the rules are being read anew; what changed is in the journal")
}

type alarmTestCmd struct{ sessionFlag }

// Run asks a session for an alarm.
func (c *alarmTestCmd) Run(s *streams) error {
	return c.do(s, "alarm-test", "", "", "a test alarm is on its way; live status tells which channels took it")
}

// do asks a session for an action and says what that means.
func (f *sessionFlag) do(s *streams, action, coin, amount, said string) error {
	c, err := dial(f.Journal)
	if err != nil {
		return err
	}
	if err := c.Do(s.ctx, action, coin, amount); err != nil {
		return noSession(err)
	}
	fmt.Fprintln(s.stdout, said)
	return nil
}

type killCmd struct{ sessionFlag }

// Run kills: by the file, which holds also if the session is started anew, and by
// the dashboard, which is quicker.
func (c *killCmd) Run(s *streams) error {
	path, err := door(c.Journal)
	if err != nil {
		return err
	}
	file := filepath.Join(filepath.Dir(path), killName)
	if err := os.WriteFile(file, []byte("nothing is opened while this file is here\n"), 0o600); err != nil {
		return fmt.Errorf("write the kill file: %w", err)
	}
	client, err := panel.Dial(path)
	if err == nil {
		err = client.Do(s.ctx, "kill", "", "")
	}
	switch {
	case errors.Is(err, panel.ErrNoDoor):
		fmt.Fprintf(s.stdout, "no session answers; one whose journal lies beside %s opens nothing while it is there\n", file)
		return nil
	case err != nil:
		return err
	}
	fmt.Fprintf(s.stdout, "killed: nothing is opened, transferred or closed by rule; what is held stays\nhedged; live close and close-all still work\n")
	fmt.Fprintf(s.stdout, "remove %s before the session is started anew\n", file)
	return nil
}
