package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/book"
	"carry/strategy"
)

// LiveReport is what a session's journal tells: the result that a backtest would
// have given for the same events, and the session's income.
type LiveReport struct {
	Run    *carry.Result
	Income *Income
	// Starts is how often the session was started.
	Starts  int
	Session *data.Session
	spec    *Spec
	books   *book.Book
}

// ReadSession replays a journal through a fresh core, books and recorder. What the
// core says must be what the journal has.
func ReadSession(ctx context.Context, path, command string) (*LiveReport, error) {
	r := &replayer{}
	var log *sessionLog
	begin := func(s *data.Session) error {
		if err := r.begin(s); err != nil {
			return err
		}
		log = &sessionLog{HashJournal: strategy.NewHashJournal(), income: NewIncome(s.Pairs)}
		r.run.Journal, r.run.Recorder = log, strategy.NewRecorder(s.Pairs, r.run.Book)
		return nil
	}
	if err := data.ReadJournal(ctx, path, begin, r.record); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	r.spec.Command = command
	if log.last.Pairs == nil {
		return nil, fmt.Errorf("%w: %s", errNoInstant, path)
	}
	return r.report(log)
}

// errNoInstant says that a session ended before it decided anything.
var errNoInstant = errors.New("the journal has no cross-section after the windows were filled")

func (r *replayer) report(log *sessionLog) (*LiveReport, error) {
	s := r.out.Session
	h := r.spec.Settings.Hedge()
	if h != nil {
		r.run.Recorder.Adjust(h.ProfitAdjustUSDT, h.ProfitAdjustNote)
	}
	res, err := r.run.Recorder.Finish(&log.last)
	if err != nil {
		return nil, err
	}
	info := &carry.TapeInfo{Pairs: s.Pairs, From: r.out.First, To: log.last.At, Step: res.Curve.Step, Source: s.Source,
		Generated: strings.HasPrefix(s.Source, "generated")}
	res.Name, res.Strategy, res.Preset = "live", s.Strategy, s.Preset
	for k := range res.Years {
		y := &res.Years[k]
		y.Annual = Annual(y.Return, y.To-y.From)
	}
	res.Params = paramValues(r.spec.Settings, r.spec)
	res.Manifest = r.spec.manifest(info, res)
	res.Manifest.Program, res.Manifest.JournalHash = s.Program, log.Sum()
	explain(res, r.spec, info)
	if n := int((res.To-res.From)/carry.Hour) + 1; res.Counts.Instants < n && log.gap > carry.Hour {
		res.Warnings = append(res.Warnings, carry.Warning{Code: "session-gaps",
			Text: fmt.Sprintf("the session was not there all the time: the longest stretch without a cross-section is %.1f hours", float64(log.gap)/float64(carry.Hour))})
	}
	return &LiveReport{Run: res, Income: log.income, Starts: r.out.Starts, Session: s, spec: r.spec, books: r.run.Book}, nil
}

// Twin is the backtest of the session's days and settings on a market.
func (l *LiveReport) Twin(ctx context.Context, open Opener, seed uint64) (*Outcome, error) {
	spec := *l.spec
	spec.Open, spec.Seed, spec.From, spec.To = open, seed, l.Run.From, l.Run.To
	for i := range l.Session.Pairs {
		spec.Coins = append(spec.Coins, l.Session.Pairs[i].Coin)
	}
	out, err := Execute(ctx, &spec, nil)
	if err != nil {
		return nil, fmt.Errorf("backtest of the session's days: %w", err)
	}
	out.Run.Name = "backtest"
	return out, nil
}

// sessionLog is a journal that remembers the last market and books the income.
type sessionLog struct {
	*strategy.HashJournal
	income *Income
	last   carry.Market
	gap    carry.Time // longest between two cross-sections
}

// Event implements carry.Journal.
func (j *sessionLog) Event(ev *carry.Event) error {
	if ev.Kind == carry.EvMarket && !ev.Market.WarmUp {
		if !ev.Market.Within && j.last.At != 0 {
			j.gap = max(j.gap, ev.Market.At-j.last.At)
		}
		j.last = *ev.Market
	}
	if err := j.income.Event(ev); err != nil {
		return err
	}
	return j.HashJournal.Event(ev)
}
