package hedge

import (
	"math"

	"carry"
)

// transfer sends USDT out of a wallet and returns what was sent, 0 if it is
// not worth it. Only one transfer is on its way at a time.
func (d *Desk) transfer(from carry.Wallet, usdt float64, code carry.Code, s *survey) float64 {
	if usdt < d.p.TransferMinUSDT {
		return 0
	}
	amount := carry.AmountFloor(usdt)
	if amount <= 0 {
		return 0
	}
	d.nextID++
	d.transferID, d.transferAt, d.transferFrom, d.transferUSDT = d.nextID, d.now, from, amount.Float()
	d.transferWhy = code
	d.out = append(d.out, carry.Command{Kind: carry.CmdTransfer, Pair: -1, Wallet: from, Amount: amount,
		Order: d.nextID, Code: code, X: [3]float64{s.used, d.p.LeverageTargetX, usdt}})
	return amount.Float()
}

func (d *Desk) transferDone(ev *carry.Event) {
	if ev.Order != d.transferID || d.transferID == 0 {
		return
	}
	if ev.Code == carry.CodeUnknown {
		d.loseTransfer() // another one tells what became of it
		return
	}
	d.transferID = 0
	d.refused = ev.Code != carry.OK
	switch {
	case !d.refused:
		d.askLess = 0
	case d.transferWhy == carry.CodeWithdraw:
		d.askLess++
	}
	if d.lostTransfer {
		d.lostTransfer = false
		d.note(-1, carry.CodeKnown, [3]float64{0, 0, ev.Amount.Float()})
		d.wakeBy(d.now)
	}
	if d.pool >= poolReduce && ev.Code == carry.OK {
		d.wakeBy(d.now) // is the rest of the reduction still needed?
	}
	d.moveProceeds()
}

// transferGapOver tells whether the last transfer is long enough ago.
func (d *Desk) transferGapOver() bool {
	return d.transferAt == 0 || d.now-d.transferAt >= carry.Time(d.p.TransferGapS)*carry.Second
}

// rebalance moves USDT towards the ratio at which the shorts, open and still to
// be opened, use leverageTargetX (S14). With C = B + F − V/L: if C ≥ 0 there is
// capital for R = min(room, C/(1+1/L)) more notional and the futures wallet
// should hold (V + R)/L; the surplus stays in futures. If C < 0 everything
// free goes to futures.
func (d *Desk) rebalance(s *survey) {
	if d.p.BalanceBandFrac == 0 || d.transferID != 0 || d.inFlight > 0 {
		return
	}
	if !d.transferGapOver() {
		return
	}
	l := d.p.LeverageTargetX
	c := s.free + s.margin - s.notional/l
	want := s.margin + max(s.free, 0)
	if c >= 0 {
		room := max(0, s.total-s.notional)
		want = (s.notional + min(room, c/(1+1/l))) / l
	}
	t := want - s.margin
	if t < 0 {
		// Only what the purchases lack leaves futures; the surplus that no limit
		// lets be used makes the shorts safer there.
		t = -min(-t, max(0, float64(want*l)-s.notional-s.free))
	}
	urgent := s.used > d.p.LeverageAlarmX && t > 0
	if math.Abs(t) <= max(d.p.TransferMinUSDT, d.p.BalanceBandFrac*s.equity) && !urgent {
		return
	}
	if t > 0 {
		sent := d.transfer(carry.SpotWallet, min(t, s.free), carry.CodeRebalance, s)
		s.free -= sent
		return
	}
	// Out of futures: unrealised profit stays, and so does the margin that keeps
	// used leverage at the target.
	most := min(d.acct.PerpUSDT.Float(), s.margin-s.notional/l)
	if sent := d.transfer(carry.PerpWallet, min(-t, most), carry.CodeRebalance, s); sent > 0 {
		s.margin -= sent // no longer there for openings
	}
}
