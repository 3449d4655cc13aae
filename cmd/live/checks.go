package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/lab"
)

// proofsFile is where the program notes what was tried and passed.
const proofsFile = "proofs.jsonl"

// keyFlags say where keys are. They are sent to the exchange and nowhere else.
type keyFlags struct {
	Keys string `help:"File with CARRY_API_KEY=... and CARRY_API_SECRET=..., which nobody else may read (mode 0600). Default: the environment." placeholder:"FILE"`
}

// load reads the keys; nil where there are none.
func (f *keyFlags) load() (*binance.Keys, error) {
	k, err := binance.LoadKeys(f.Keys, os.Getenv)
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "docs/USER_GUIDE.md says which permissions the key needs")
	}
	return k, nil
}

type checksCmd struct {
	worldFlags
	placeFlags
	keyFlags
	Paper []string `help:"Journals of paper sessions." default:"paper.db" placeholder:"FILE"`
	Read  string   `help:"Folder of a backtest whose report you have read; give --hash with it." placeholder:"DIR"`
	Hash  string   `help:"Journal hash in the foot of that report." placeholder:"TEXT"`
	JSON  bool     `help:"Print the list as JSON." name:"json"`
}

// Run prints what stands between a user and real money; it fails while anything is
// open.
func (c *checksCmd) Run(s *streams) error {
	if (c.Read == "") != (c.Hash == "") {
		return cli.Failf(cli.Usage, "for example --read out --hash 4f83fb83f9faf...", "--read and --hash belong together")
	}
	if c.Read != "" {
		if err := lab.ReadReport(proofsFile, c.Read, c.Hash); errors.Is(err, lab.ErrNotRead) {
			return cli.Fail(cli.Usage, err, "open "+c.Read+"/report.html; the whole hash stands at its end")
		} else if errors.Is(err, fs.ErrNotExist) {
			return cli.Fail(cli.Incomplete, err, "backtest --out "+c.Read+" writes one")
		} else if err != nil {
			return err
		}
	}
	spec, err := c.settingsOnly(s)
	if err != nil {
		return err
	}
	keys, err := c.load()
	if err != nil {
		return err
	}
	out, err := c.look(s, spec, keys)
	if err != nil {
		return err
	}
	if c.JSON {
		err = cli.WriteJSON(s.stdout, out)
	} else {
		_, err = io.WriteString(s.stdout, checksText(out))
	}
	if err == nil && out.Open > 0 {
		return cli.Failf(cli.Halted, "each line says how; live --trade refuses until all hold", "%s", openText(out.Open))
	}
	return err
}

// look runs all checks.
func (c *checksCmd) look(s *streams, spec *lab.Spec, keys *binance.Keys) (*lab.Checks, error) {
	urls, live, err := c.urls()
	if err != nil {
		return nil, err
	}
	o := lab.ChecksOptions{URLs: urls, Streams: live, Keys: keys, PaperJournals: c.Paper, Proofs: proofsFile,
		Log: func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }}
	if c.loopback() {
		o.Speed = c.Speed
	}
	var p lab.PaperOptions
	if err := c.universe(s, spec, &p, c.Endpoint); err != nil {
		return nil, err
	}
	o.Pairs = p.Pairs
	out, err := lab.RunChecks(s.ctx, spec, o)
	if errors.Is(err, lab.ErrProofs) {
		return nil, cli.Fail(cli.Violated, err, "only this program writes it; move it away and try again what it proved")
	}
	return out, err
}

func openText(n int) string {
	if n == 1 {
		return "1 check is open"
	}
	return fmt.Sprintf("%d checks are open", n)
}

// checksText is the list in lines of at most 80 columns.
func checksText(out *lab.Checks) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CHECKS of %s\n", out.Exchange)
	for _, f := range out.List {
		mark := " "
		if f.OK {
			mark = "x"
		}
		line := fmt.Sprintf("  [%s] %s: ", mark, f.What)
		for _, word := range strings.Fields(f.Detail) {
			if len(line)+len(word) > 80 {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = "      "
			}
			line += word + " "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
