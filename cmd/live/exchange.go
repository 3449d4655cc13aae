package main

import (
	"fmt"
	"net"

	"carry/internal/cli"
	"carry/internal/lab"
)

type exchangeCmd struct {
	worldFlags
	Listen string  `help:"Address on this machine." default:"127.0.0.1:8700" placeholder:"127.0.0.1:PORT"`
	Speed  float64 `help:"Market seconds a second: 60 makes an hour a minute." default:"60" placeholder:"X"`
	// Lockstep leaves time to the client, as rehearsals want it.
	Lockstep bool   `help:"Time stands still until live --rehearse --connect lets it go on; limits by the minute are off."`
	Key      string `help:"API key that opens the account. It opens nothing else." default:"loopback-key" placeholder:"TEXT"`
	Secret   string `help:"The key's secret." default:"loopback-secret" placeholder:"TEXT"`
}

// Run serves until interrupted or the market ends.
func (c *exchangeCmd) Run(s *streams) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return cli.Failf(cli.Usage, "for example --listen 127.0.0.1:8700", "--listen %s is no address of this machine alone", c.Listen)
	}
	if !(c.Speed > 0 && c.Speed <= 1e6) {
		return cli.Failf(cli.Usage, "", "--speed: %g is not between 0 and 1e6", c.Speed)
	}
	spec, done, err := c.spec(s)
	if err != nil {
		return err
	}
	defer done()
	err = lab.Serve(s.ctx, spec, lab.ServeOptions{Listen: c.Listen, Speed: c.Speed, Key: c.Key, Secret: c.Secret, Lockstep: c.Lockstep}, func(e lab.Served) {
		if c.Lockstep {
			fmt.Fprintf(s.stdout, "EXCHANGE on this machine, not Binance: %s to %s, standing still\n", e.From, e.To)
			fmt.Fprintf(s.stdout, "  live --rehearse --connect %s, with the same market and settings\n", e.URL)
			return
		}
		ws := "ws" + e.URL[len("http"):]
		fmt.Fprintf(s.stdout, "EXCHANGE on this machine, not Binance: %s to %s at %gx\n", e.From, e.To, c.Speed)
		fmt.Fprintf(s.stdout, "  spot REST      %s/api/v3, %s/sapi/v1\n", e.URL, e.URL)
		fmt.Fprintf(s.stdout, "  futures REST   %s/fapi/v1\n", e.URL)
		fmt.Fprintf(s.stdout, "  spot streams   %s/ws, %s/stream; account %s/ws-api/v3\n", ws, ws, ws)
		fmt.Fprintf(s.stdout, "  futures        %s/public/ws, %s/market/ws, %s/private/ws\n", ws, ws, ws)
		fmt.Fprintf(s.stdout, "  key %s, secret %s\n", c.Key, c.Secret)
	})
	if err == nil && s.ctx.Err() == nil {
		fmt.Fprintln(s.stdout, "the market has ended")
	}
	return err
}
