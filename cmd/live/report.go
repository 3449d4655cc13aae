package main

import (
	"fmt"
	"strings"
	"time"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
	"carry/reports"
)

type reportCmd struct {
	Journal        string  `arg:"" help:"Journal of a session." placeholder:"FILE"`
	Out            string  `help:"Folder for report and tables." default:"live-report" placeholder:"DIR"`
	DB             string  `help:"SQLite store filled by crawl: compare with a backtest of the same days." placeholder:"FILE"`
	Generated      bool    `help:"Compare with a backtest on the generated market, which a rehearsal ran on."`
	GeneratedCoins int     `help:"Coins of the generated market." default:"8" placeholder:"N"`
	GeneratedYears float64 `help:"Years of the generated market, from 2021." default:"0.25" placeholder:"Y"`
	Seed           uint64  `help:"Seed of the generated market." default:"1"`
}

// Run writes the report of a session, or nothing.
func (c *reportCmd) Run(s *streams) error {
	live, err := lab.ReadSession(s.ctx, c.Journal, strings.TrimSpace(program+" "+strings.Join(s.args, " ")))
	if err != nil {
		return err
	}
	doc := &reports.Document{Run: live.Run, Now: time.Now().UTC().Format("2006-01-02 15:04 UTC")}
	outcome := &lab.Outcome{Run: live.Run}
	if c.DB != "" || c.Generated {
		twin, err := c.twin(s, live)
		if err != nil {
			return err
		}
		doc.Twin, doc.Baselines, outcome.Baselines = twin.Run, twin.Baselines, twin.Baselines
	}
	out, err := lab.NewOutput(c.Out)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := out.Save(outcome); err != nil {
		return err
	}
	if err := out.File("income.csv", live.Income.WriteRows); err != nil {
		return err
	}
	if err := out.File("lots.csv", live.Income.WriteLots); err != nil {
		return err
	}
	if err := out.Report(s.ctx, doc); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if err := reports.WriteSummary(s.stdout, doc); err != nil {
		return err
	}
	c.say(s, out, live, doc)
	return nil
}

// twin makes the backtest to compare with.
func (c *reportCmd) twin(s *streams, live *lab.LiveReport) (*lab.Outcome, error) {
	world := worldFlags{DB: c.DB, Generated: c.Generated, GeneratedCoins: c.GeneratedCoins, GeneratedYears: c.GeneratedYears, Seed: c.Seed}
	market := &lab.Spec{}
	done, err := world.market(s, market)
	if err != nil {
		return nil, err
	}
	defer done()
	twin, err := live.Twin(s.ctx, market.Open, c.Seed)
	if err == nil && (twin.Run.From != live.Run.From || twin.Run.To != live.Run.To) {
		err = cli.Failf(cli.Incomplete, "crawl status shows what the data cover", "the market has %s to %s of the session's %s to %s",
			twin.Run.From, twin.Run.To, live.Run.From, live.Run.To)
	}
	return twin, err
}

func (c *reportCmd) say(s *streams, out *lab.Output, live *lab.LiveReport, doc *reports.Document) {
	if t := doc.Twin; t != nil {
		fmt.Fprintf(s.stdout, "slippage: live %s, backtest %s of what was traded\n", slipped(live.Run), slipped(t))
	}
	fmt.Fprintf(s.stdout, "income: %d lines, %s USDT; lots not sold have cost %s USDT\n", len(live.Income.Rows), live.Income.Total().StringFixed(2), live.Income.Open().StringFixed(2))
	fmt.Fprintf(s.stdout, "report: %s (opens offline), income.csv, lots.csv\n", out.Path("report.html"))
}

// slipped is slippage in basis points of what was traded.
func slipped(r *carry.Result) string {
	if !(r.Counts.TradedUSDT > 0) {
		return "nothing"
	}
	return fmt.Sprintf("%.1f bp", -r.Attribution.Slippage/r.Counts.TradedUSDT*1e4)
}
