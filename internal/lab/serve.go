package lab

import (
	"context"
	"fmt"

	"carry"
	"carry/internal/exchange"
)

// ServeOptions are a served exchange's settings.
type ServeOptions struct {
	Listen string  // 127.0.0.1:PORT
	Speed  float64 // market seconds a second
	// Lockstep leaves time to the client that steps: a rehearsal that connects. The
	// exchange then serves until the context ends.
	Lockstep bool
	// Key and Secret open the account; in lockstep a rehearsal's own do.
	Key, Secret string
	Faults      exchange.TradeFaults
}

// Served is what a client needs to know.
type Served struct {
	URL  string // of REST; streams are at the same address
	From carry.Time
	To   carry.Time
}

// Serve lets a loopback exchange replay spec's market at a speed until the tape
// or the context ends. ready is told when clients may come.
func Serve(ctx context.Context, spec *Spec, o ServeOptions, ready func(Served)) error {
	if o.Lockstep {
		return serveLockstep(ctx, spec, o, ready)
	}
	if len(spec.Flows) > 0 {
		return fmt.Errorf("the loopback exchange knows no deposits and withdrawals yet; leave --flow out")
	}
	past, from, err := spec.open()
	if err != nil {
		return err
	}
	facts, err := exchange.NewMarketFacts(past)
	if err != nil {
		return err
	}
	tape, _, err := spec.open()
	if err != nil {
		return err
	}
	account := spec.Models.options(spec.Settings, spec.Seed)
	trading, err := exchange.NewTrading(ctx, facts, tape, exchange.TradingOptions{Quotes: spec.Models.quotes(), Account: account, From: from, Faults: o.Faults})
	if err != nil {
		return err
	}
	server, err := exchange.New(facts, exchange.Options{Trading: trading, Listen: o.Listen, Keys: map[string]string{o.Key: o.Secret}})
	if err != nil {
		return err
	}
	defer server.Close()
	ready(Served{URL: server.URLs().All, From: from, To: tape.Info().To})
	return trading.Run(ctx, o.Speed)
}

// serveLockstep serves an exchange whose time stands still between steps. Limits
// by the minute would then bound how often clients may come back, so there are
// none.
func serveLockstep(ctx context.Context, spec *Spec, o ServeOptions, ready func(Served)) error {
	g, err := spec.loopback(ctx, exchange.TradingOptions{Faults: o.Faults}, exchange.Options{Listen: o.Listen, Limits: exchange.Limits{Off: true}})
	if err != nil {
		return err
	}
	defer g.Close()
	ready(Served{URL: g.url, From: g.from, To: g.info.To})
	<-ctx.Done()
	return nil
}
