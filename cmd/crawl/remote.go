package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"carry"
	"carry/internal/binance"
	"carry/internal/cli"
)

// remoteFlags say where Binance is and how to ask it.
type remoteFlags struct {
	SpotURL    string        `name:"spot-url" env:"CARRY_SPOT_URL" default:"${spotURL}" placeholder:"URL" help:"REST, spot (${default})." group:"where Binance is"`
	FuturesURL string        `name:"futures-url" env:"CARRY_FUTURES_URL" default:"${futuresURL}" placeholder:"URL" help:"REST, USDT-margined futures (${default})." group:"where Binance is"`
	ArchiveURL string        `name:"archive-url" env:"CARRY_ARCHIVE_URL" default:"${archiveURL}" placeholder:"URL" help:"Files (${default})." group:"where Binance is"`
	ListingURL string        `name:"listing-url" env:"CARRY_LISTING_URL" default:"${listingURL}" placeholder:"URL" help:"Listing of the files (${default})." group:"where Binance is"`
	Timeout    time.Duration `default:"60s" help:"Longest time for one request (${default})." group:"where Binance is"`
	Attempts   int           `default:"8" help:"How often a request is sent before it counts as failed (${default})." group:"where Binance is"`
	Seed       uint64        `default:"1" help:"Seed of the waits between attempts (${default})." hidden:""`
}

// client makes the client; file names the keys' file, if any.
func (f *remoteFlags) client(file string, log func(string)) (*binance.Client, error) {
	keys, err := binance.LoadKeys(file, os.Getenv)
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "a key is needed for leverage brackets only; give it read permission and nothing else")
	}
	if f.Attempts < 1 || f.Timeout <= 0 {
		return nil, cli.Failf(cli.Usage, "", "--attempts and --timeout must be above zero")
	}
	c, err := binance.NewClient(binance.Options{
		URLs:    binance.URLs{Spot: f.SpotURL, Futures: f.FuturesURL, Archive: f.ArchiveURL, Listing: f.ListingURL},
		Timeout: f.Timeout, Attempts: f.Attempts, Seed: f.Seed, Keys: keys, Log: log,
	})
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "")
	}
	return c, nil
}

// parseTime reads a flag; empty is 0.
func parseTime(flag, text string) (carry.Time, error) {
	if text == "" {
		return 0, nil
	}
	t, err := carry.ParseTime(text)
	if err != nil {
		return 0, cli.Fail(cli.Usage, fmt.Errorf("--%s: %w", flag, err), "")
	}
	return t, nil
}

// words splits a flag at commas.
func words(text string) []string {
	var out []string
	for _, w := range strings.Split(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// remoteError gives errors of the network their hints.
func remoteError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, binance.ErrUnreachable):
		return cli.Fail(cli.Failed, err, "check the network and the URLs, then run the same command again: it goes on where it stopped")
	case errors.Is(err, binance.ErrRefused):
		return cli.Fail(cli.Failed, err, "HTTP 451 or 403 mean that Binance does not serve this country or address")
	}
	return err
}
