package hedge

import "carry"

// operator does what a person asks for: close one pair (Pair) or all (−1), pause,
// resume, stop opening for good, or free money for a withdrawal.
func (d *Desk) operator(ev *carry.Event) {
	switch ev.Code {
	case carry.CodeAlarmTest, carry.CodeAlarmSent, carry.CodeAlarmLost, carry.CodeRereadRules, carry.CodeDeposit:
		return // for people; it asks for nothing
	case carry.CodeCloseAll, carry.CodeOperatorClose:
		for _, i := range d.active {
			if (ev.Pair < 0 || int(ev.Pair) == i) && d.held(i) {
				st := &d.st[i]
				st.closing, st.why, st.filling = carry.CodeOperatorClose, carry.CodeOperatorClose, false
			}
		}
		d.wakeBy(d.now)
	case carry.CodePause, carry.CodeKill:
		d.paused, d.killed = true, d.killed || ev.Code == carry.CodeKill
	case carry.CodeRevive:
		d.killed = false // and paused still
	case carry.CodeWithdraw:
		d.withdraw += ev.Amount.Float()
		d.wakeBy(d.now)
	case carry.CodeResume:
		if !d.killed {
			d.paused, d.foreigner = false, false
			d.wakeBy(d.now)
		}
	}
	d.note(int(ev.Pair), ev.Code, [3]float64{})
}

// setLeverage sets the exchange's leverage of a pair before its first opening:
// never more than the bracket of a full coin allows.
func (d *Desk) setLeverage(i int) {
	x := d.p.LeverageAtExchange()
	for k := range d.rules[i].Brackets {
		if b := &d.rules[i].Brackets[k]; b.Cap > d.coin {
			if b.MaxLeverage > 0 {
				x = min(x, b.MaxLeverage)
			}
			break
		}
	}
	if want := uint32(max(1, x)); want != d.st[i].leverage {
		d.st[i].leverage = want
		d.out = append(d.out, carry.Command{Kind: carry.CmdLeverage, Pair: int32(i), ID: want})
	}
}

// askLessMost is after how many refusals in a row a withdrawal asks the futures
// wallet no more and cuts pairs only.
const askLessMost = 6

// payOut frees what the owner wants to take out: first what the shorts do not
// need of the futures wallet, then by cutting both legs from the reduction queue.
// One USDT of notional sold frees one on spot and 1/L of margin.
func (d *Desk) payOut(m *carry.Market, s *survey) {
	lack := -s.free
	if d.transferID != 0 && d.transferFrom == carry.PerpWallet {
		lack -= d.transferUSDT // on its way
	}
	if lack <= 0.01 || d.inFlight > 0 {
		return
	}
	l := d.p.LeverageTargetX
	if spare := min(lack, s.margin-s.notional/l, d.whole.PerpUSDT.Float()); spare > 0 && d.transferID == 0 && d.askLess < askLessMost {
		sent := d.transfer(carry.PerpWallet, spare/float64(int(1)<<d.askLess), carry.CodeWithdraw, s)
		s.margin -= sent
		lack -= sent
	}
	if lack <= 0.01 {
		return
	}
	d.rankReductions(m)
	d.cutQueue(m, s, lack/(1+1/l), carry.CodeWithdraw)
}
