package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/lab"
)

// testnetFlags are for an order cycle on a testnet.
type testnetFlags struct {
	Testnet   bool    `help:"An order cycle on Binance's testnets with a testnet's keys: both legs of one coin opened and closed through the adapter."`
	CycleUSDT float64 `name:"cycle-usdt" help:"Value of each leg of that cycle." default:"150" placeholder:"USDT"`
}

// cycleTimeout bounds an order cycle.
const cycleTimeout = 2 * time.Minute

// testnet makes an order cycle.
func (c *runCmd) testnet(s *streams) error {
	urls, live := binance.TestnetURLs(), binance.TestnetLiveURLs()
	if c.Endpoint != "" {
		if !c.loopback() {
			return cli.Failf(cli.Usage, "without --endpoint the testnets are asked", "--testnet --endpoint is for an exchange on this machine")
		}
		var err error
		if urls, live, err = c.urls(); err != nil {
			return err
		}
	}
	if !(c.CycleUSDT >= 10 && c.CycleUSDT <= 1000) {
		return cli.Failf(cli.Usage, "", "--cycle-usdt: %g is not between 10 and 1000", c.CycleUSDT)
	}
	keys, err := c.load()
	if err != nil {
		return err
	}
	if keys == nil {
		return cli.Failf(cli.Usage, "CARRY_API_KEY and CARRY_API_SECRET in the environment, or --keys FILE", "--testnet needs the testnet's keys")
	}
	o := lab.CycleOptions{URLs: urls, Streams: live, Keys: keys, Coin: "BTC", USDT: c.CycleUSDT, Timeout: cycleTimeout,
		Say: func(text string) { fmt.Fprintf(s.stdout, "  %s\n", text) },
		Log: func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }}
	if len(c.Coins) > 1 {
		return cli.Failf(cli.Usage, "for example --coins BTC", "--testnet makes a cycle of one coin")
	}
	if len(c.Coins) == 1 {
		o.Coin = strings.ToUpper(strings.TrimSpace(c.Coins[0]))
	}
	if c.loopback() {
		o.Speed = c.Speed
	}
	fmt.Fprintf(s.stdout, "TESTNET: an order cycle of %s at %s\n", o.Coin, urls.Futures)
	err = lab.Cycle(s.ctx, o)
	switch {
	case errors.Is(err, lab.ErrCycle):
		return cli.Fail(cli.Failed, err, "look at the account at the testnet")
	case errors.Is(err, binance.ErrUnreachable):
		return cli.Fail(cli.Failed, err, "check the network; the testnets are reset and down at times")
	case err != nil:
		return err
	}
	if c.Endpoint != "" {
		return nil // an exchange on this machine is no testnet
	}
	return lab.AddProof(proofsFile, lab.GateTestnet, "an order cycle of "+o.Coin)
}
