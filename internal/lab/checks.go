package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// ChecksOptions say where to look.
type ChecksOptions struct {
	URLs    binance.URLs
	Streams binance.LiveURLs
	Keys    *binance.Keys
	Speed   float64 // of a loopback exchange; 0: real time
	Pairs   []carry.Pair
	// PaperJournals are journals of paper sessions; Proofs is the file of proofs.
	PaperJournals []string
	Proofs        string
	Log           func(text string)
}

// Checks are what stands between a user and real money, in order.
type Checks struct {
	Exchange string            `json:"exchange"`
	List     []binance.Finding `json:"checks"`
	Open     int               `json:"open"`
	account  int               // how many of them are of exchange, key and account
}

// OpenAccount counts what is open of exchange, key and account, without the path
// that leads there.
func (c *Checks) OpenAccount() (n int) {
	for _, f := range c.List[:c.account] {
		if !f.OK {
			n++
		}
	}
	return n
}

// What paper must have shown.
const (
	paperDays     = 30
	paperDayHours = 20 // hours of a UTC day that a session must have seen
)

// RunChecks looks at everything. What cannot be looked at is open.
func RunChecks(ctx context.Context, spec *Spec, o ChecksOptions) (*Checks, error) {
	out := &Checks{Exchange: o.URLs.Futures}
	c, err := checksClient(ctx, spec, &o)
	if err != nil {
		out.List = append(out.List, binance.Finding{What: "endpoints", Detail: err.Error()})
	} else {
		pairs := o.Pairs
		if pairs == nil {
			if pairs, err = c.Universe(ctx, spec.Coins); err != nil {
				out.List = append(out.List, binance.Finding{What: "coins", Detail: err.Error()})
			}
		}
		e := binance.ExamineOptions{Streams: o.Streams, Pairs: pairs}
		if o.Speed > 0 {
			e.ClockMax = carry.Time(o.Speed * float64(carry.Second))
		}
		if h := spec.Settings.Hedge(); h != nil {
			e.LeverageX, e.LeastX = h.LeverageAtExchange(), min(h.LeverageEmergencyX, h.LeverageAtExchange())
		}
		out.List = append(out.List, c.Examine(ctx, e)...)
	}
	out.account = len(out.List)
	out.List = append(out.List, paperFinding(ctx, &o))
	proofs, err := ReadProofs(o.Proofs)
	if err != nil {
		return nil, err
	}
	out.List = append(out.List, proofFindings(proofs)...)
	for _, f := range out.List {
		if !f.OK {
			out.Open++
		}
	}
	return out, ctx.Err()
}

func checksClient(ctx context.Context, spec *Spec, o *ChecksOptions) (*binance.Client, error) {
	return exchangeClient(ctx, binance.Options{URLs: o.URLs, Keys: o.Keys, Seed: spec.Seed, Log: o.Log, Attempts: 3}, o.Speed)
}

// proofFindings hold what was proven against what must be. A rehearsal counts for
// the program that made it.
func proofFindings(proofs []Proof) []binance.Finding {
	list := []struct{ gate, what, todo string }{
		{GateRehearsal, "rehearsal passed with this program", "live --rehearse"},
		{GateTestnet, "order cycle on the testnet", "live --testnet, with a testnet's keys"},
		{GateKill, "kill switch tried", "live kill, on a paper session with --dashboard"},
		{GateAlarm, "alarm reached a channel", "live alarm-test, on a paper session with --alarms"},
		{GateReport, "report read", "read out/report.html, then live checks --read out --hash (in its foot)"},
	}
	var out []binance.Finding
	for _, l := range list {
		f := binance.Finding{What: l.what, Detail: "open: " + l.todo}
		for _, p := range proofs {
			if p.Gate == l.gate && (l.gate != GateRehearsal || p.Program == program()) {
				f.OK, f.Detail = true, p.At.Date()+", "+p.Detail
			}
		}
		out = append(out, f)
	}
	return out
}

// paperFinding counts the days that paper sessions at this exchange saw, from their
// journals, whose chains are checked and which are replayed.
func paperFinding(ctx context.Context, o *ChecksOptions) binance.Finding {
	f := binance.Finding{What: fmt.Sprintf("paper %d days", paperDays)}
	seen := map[carry.Time]bool{}
	var problems []string
	for _, path := range o.PaperJournals {
		err := paperHours(ctx, path, o.URLs.Futures, seen)
		if err == nil {
			_, err = Replay(ctx, path)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", filepath.Base(path), err))
		}
	}
	n, days := 0, map[carry.Time]int{}
	for at := range seen {
		days[at.Floor(carry.Day)]++
	}
	for _, hours := range days {
		if hours >= paperDayHours {
			n++
		}
	}
	f.OK, f.Detail = n >= paperDays && len(problems) == 0, fmt.Sprintf("%d with at least %d hours each; the journals replay", n, paperDayHours)
	if len(problems) > 0 {
		f.Detail = strings.Join(problems, "; ")
	}
	return f
}

var errOtherExchange = errors.New("it is of another exchange")

// paperHours notes the hours on which a session could decide.
func paperHours(ctx context.Context, path, exchange string, seen map[carry.Time]bool) error {
	return data.ReadJournal(ctx, path, func(s *data.Session) error {
		if s.Source != paperSource(&PaperOptions{URLs: binance.URLs{Futures: exchange}}) {
			return errOtherExchange
		}
		return nil
	}, func(r *data.JournalRecord) error {
		if r.Event != nil && r.Event.Kind == carry.EvMarket && !r.Event.Market.WarmUp && !r.Event.Market.Within {
			seen[r.Event.At] = true
		}
		return nil
	})
}

// ErrNotRead says that a report was not shown to be read.
var ErrNotRead = errors.New("that is not the hash in the report's foot")

// hashLeast is how much of a hash must be given: more than a summary shows.
const hashLeast = 16

// ReadReport proves that a report was read: whoever did knows the journal hash in
// its foot.
func ReadReport(proofs, dir, hash string) error {
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		return err
	}
	var doc struct {
		Run struct {
			Manifest struct {
				Hash string `json:"journal_sha256"`
			} `json:"manifest"`
		} `json:"run"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, "result.json"), err)
	}
	hash = strings.ToLower(strings.TrimSpace(hash))
	have := doc.Run.Manifest.Hash
	if len(hash) < hashLeast || have == "" || !strings.HasPrefix(have, hash) {
		return ErrNotRead
	}
	return AddProof(proofs, GateReport, "its journal hash "+have[:8]+"...")
}
