package lab

import (
	"context"
	"fmt"

	"carry"
	"carry/data"
)

// paperRun is in the journal of every paper session; no order bears it.
const paperRun = "ppr"

// paperBegun is a paper session about to begin, or to go on.
type paperBegun struct {
	paper   *paper
	lane    *lane
	log     *paperLog
	journal *data.Journal
}

func (b *paperBegun) close() {
	if b.paper.watch != nil {
		b.paper.watch.Close()
	}
	if b.journal != nil {
		_ = b.journal.Close() // every record is durable
	}
}

// paperBegin begins a session, or goes on with the one that the journal holds. What
// it returns is to be closed, with an error too.
func (s *Spec) paperBegin(ctx context.Context, o *PaperOptions) (*paperBegun, error) {
	b := &paperBegun{paper: &paper{brackets: o.Brackets}}
	p := b.paper
	c, err := s.paperAsks(ctx, o)
	if err != nil {
		return b, err
	}
	if o.JournalFile != "" {
		begun, err := data.JournalBegun(ctx, o.JournalFile)
		if err != nil {
			return b, err
		}
		if begun {
			return b, s.paperContinue(ctx, b, o, func() error { return p.connect(ctx, s, c, o, b.log.instantAt) })
		}
	}
	pairs, err := paperPairs(ctx, c, s, o)
	if err != nil {
		return b, err
	}
	p.info = &carry.TapeInfo{Pairs: pairs, Step: paperStep, Source: paperSource(o)}
	if err := p.connect(ctx, s, c, o, -1); err != nil {
		return b, err
	}
	if b.lane, b.log, err = s.paperLane(p, o); err != nil {
		return b, err
	}
	b.lane.truth = p.told.Exchange()
	p.told.Begin(p.info.From)
	if o.JournalFile != "" {
		if b.journal, err = data.CreateJournal(ctx, o.JournalFile, s.session(p.info, p.from, paperRun)); err != nil {
			return b, err
		}
	}
	b.keep(o)
	return b, nil
}

func paperSource(o *PaperOptions) string { return "paper: live prices of " + o.URLs.Futures }

// keep lets the journal see what comes from now on.
func (b *paperBegun) keep(o *PaperOptions) {
	b.log.second = o.Journal
	if b.journal != nil {
		b.log.second = alsoTo(o.Journal, b.journal)
	}
}

// paperContinue goes on with the journal's session: its records pass through core,
// books, gate and recorder as they did before; what was on its way then never
// reached the market; and for the hours in between the account is paid and judged by
// their bars, while nothing is decided.
func (s *Spec) paperContinue(ctx context.Context, b *paperBegun, o *PaperOptions, connect func() error) error {
	p, r := b.paper, &replayer{}
	var torn int64
	var err error
	b.journal, torn, err = data.ContinueJournal(ctx, o.JournalFile, func(have *data.Session) error {
		p.info, p.from = &carry.TapeInfo{Pairs: have.Pairs, Step: paperStep, Source: have.Source}, have.From
		want := s.session(&carry.TapeInfo{Pairs: have.Pairs, Source: paperSource(o)}, have.From, paperRun)
		if err := sameSession(have, want); err != nil {
			return err
		}
		if b.lane, b.log, err = s.paperLane(p, o); err != nil {
			return err
		}
		r.run = b.lane.run
		r.start(have)
		return nil
	}, r.record)
	if err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	if torn > 0 {
		o.Log(fmt.Sprintf("record %d of the journal was written in part only; it is cut off", torn))
	}
	if b.log.instantAt < 0 {
		return fmt.Errorf("%w: it ended before its account was opened; remove it, or name another", ErrSession)
	}
	b.keep(o)
	if err := b.lane.run.Say(ctx, r.out.Last, func(*carry.Command) {}); err != nil {
		return err
	}
	if err := connect(); err != nil {
		return err
	}
	p.told.Restore(b.lane.run.Book.Account())
	p.told.Announce(r.out.Last)
	b.lane.truth = p.told.Exchange()
	open, at := b.log.open(), max(r.out.Last, p.watch.Begun())
	o.Log(fmt.Sprintf("the account goes on after %d events, the last of %s; %d commands were on their way", r.out.Events, r.out.Last, len(open)))
	p.begin = append(p.begin, func() {
		for _, c := range open {
			p.told.Resume(c, at)
		}
	})
	return nil
}
