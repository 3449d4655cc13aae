package hedge

import "carry"

// Verdict is what a policy thinks of one pair now.
type Verdict struct {
	// CloseOnly is set by the desk where the pair can not be opened now anyhow;
	// the policy may then leave the opening fields alone.
	CloseOnly bool
	// Filling is set by the desk while the pair is being bought up to its limit,
	// slice by slice.
	Filling bool
	// Close is the reason to close, or carry.OK. Patient closings wait for the
	// premium gate, at most CloseWaitMaxH.
	Close   carry.Code
	Patient bool
	// Open is carry.OK if every gate for opening holds, else the first reason
	// against it. A pair that has a reason to close is never opened.
	Open carry.Code
	// Why is the reason written beside an opening.
	Why carry.Code
	// Rank orders openings, highest first (S7). Ties go to the higher Mean, then
	// to the pair that comes first.
	Rank, Mean float64
	// X are the numbers shown with the decision: rate per 8 h, premium, mean.
	X [3]float64
}

// Policy is what distinguishes one hedged strategy from another: which pairs it
// wants. Sizes, wallets, leverage, repair and order handling are the Desk's.
type Policy interface {
	// Observe sees every event before the desk decides, warm-up included.
	Observe(ev *carry.Event)
	// Judge fills v for pair i; held tells whether the desk has a position in
	// it. v arrives zeroed but
	// for CloseOnly and Filling.
	Judge(i int, m *carry.Market, held bool, v *Verdict)
	// Dormant tells of each pair whether it can not be opened before the next
	// settlement, whatever the market does until then: the desk then need not ask
	// about it unless it is held. The slice is the policy's own.
	Dormant() []bool
	// Calm tells of each pair whether Judge certainly finds no reason to close it
	// now, if it is held: the desk then need not ask about what is full. nil is
	// no to all. The slice is the policy's own, refreshed by Observe.
	Calm() []bool
	// Spread is the number of coins the total limit is spread over now; 0 leaves
	// it to coinsTargetN.
	Spread() int
}
