package sim

import (
	"math"

	"carry"
)

// grid is the number of ticks nearest to x, at least one; scale is 1/tick.
func grid(x, scale float64) int64 {
	n := int64(float64(x*scale) + 0.5)
	if n < 1 {
		n = 1
	}
	return n
}

// write rounds the bar to ticks and lots and puts it at column index k.
func (c *coinState) write(b *carry.Block, k int, w *weather) {
	u := c.volumeRand.Uint64()
	c.writeSpot(&b.Spot, k, nudge(u))
	c.printOpen = c.printClose
	c.printClose = c.print * w.noise * (float64(float64(u>>4&0xfff)*(2.0/4096)) - 1)
	c.writePerp(b, k, nudge(u>>2))
	b.Premium[k] = c.premiumClose

	activity := 0.25 + float64(0.45*c.ratio) + float64(0.6*bound(math.Abs(c.ret)*c.sigmaMeanInv, 0, 40))
	coins := c.valueBar * w.volume * activity / c.close
	n := int64(coins*c.spotLot*luck(u>>16)) + 1
	b.Spot.Volume[k] = float64(n) / c.spotLot
	n = int64(coins*c.perpRatio/c.mult*c.perpLot*luck(u>>40)) + 1
	b.Perp.Volume[k] = float64(n) / c.perpLot
	if w.outage {
		nan := math.NaN()
		s := &b.Spot
		s.Open[k], s.High[k], s.Low[k], s.Close[k], s.Volume[k] = nan, nan, nan, nan, nan
	}
}

// nudge is −1, 0, 0 or 1 tick between a close and the next open.
func nudge(u uint64) int64 { return int64(u&1)&int64(u>>1&1) - int64(u&1^1)&int64(u>>1&1) }

// luck is uniform in 0.4..1.6.
func luck(u uint64) float64 { return 0.4 + float64(float64(u&0xffffff)*(1.2/(1<<24))) }

func (c *coinState) writeSpot(s *carry.Bars, k int, nudge int64) {
	scale := c.spotScale
	o, h, l, e := max(grid(c.open, scale)+nudge, 1), grid(c.high, scale), grid(c.low, scale), grid(c.close, scale)
	s.Open[k] = float64(o) / scale
	s.High[k] = float64(max(h, o, e)) / scale
	s.Low[k] = float64(min(l, o, e)) / scale
	s.Close[k] = float64(e) / scale
}

// writePerp follows the spot path of the engine (see barPath: open, the nearer
// extreme at a third of the bar, the farther one at two thirds, close) times the
// premium in between, so that highs and lows of the two legs belong together.
// The mark follows the perpetual but for a tenth of its wick, which the mark's
// averaging takes away.
func (c *coinState) writePerp(b *carry.Block, k int, nudge int64) {
	change := float64((c.premiumClose - c.premiumOpen) * (1.0 / 3))
	base := 1 + c.premiumOpen
	atHigh, atLow := base+change, base+float64(2*change)
	if c.open-c.low < c.high-c.open {
		atHigh, atLow = atLow, atHigh
	}
	markOpen, markEnd := c.open*base*c.mult, c.close*(1+c.premiumClose)*c.mult
	open, end := markOpen*(1+c.printOpen), markEnd*(1+c.printClose)
	first, second := c.high*atHigh*c.mult, c.low*atLow*c.mult
	scale := c.perpScale
	o, e := max(grid(open, scale)+nudge, 1), grid(end, scale)
	h, l := grid(first, scale), grid(second, scale)
	h, l = max(h, l, e), min(h, l, e)
	p := &b.Perp
	p.Open[k] = float64(o) / scale
	p.High[k] = float64(max(h, o)) / scale
	p.Low[k] = float64(min(l, o)) / scale
	p.Close[k] = float64(e) / scale

	scale = c.markScale
	mo, me, top := grid(markOpen, scale), grid(markEnd, scale), grid(max(first, second), scale)
	body := max(mo, me)
	if wick := top - body; wick > 0 {
		body += wick - wick/10
	}
	b.MarkOpen[k] = float64(mo) / scale
	b.MarkHigh[k] = float64(body) / scale
	b.MarkClose[k] = float64(me) / scale
}
