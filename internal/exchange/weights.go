package exchange

import (
	"time"

	"carry"
)

// Limits are the published limits of one server (binance.md §1.3).
type Limits struct {
	// SpotWeight and FuturesWeight per minute; SpotRaw requests per 5 minutes;
	// Funding requests per 5 minutes, shared by fundingRate and fundingInfo.
	SpotWeight, FuturesWeight, SpotRaw, Funding int
	// Grace is how many requests may still come in after a 429 before its
	// Retry-After is over: those that were under way. The next one is a ban.
	Grace int
	// Ban is the first ban's length; each further one is twice as long, at most
	// three days. Binance: from 2 minutes up to 3 days.
	Ban time.Duration
	// FundingDefault is fundingRate's limit where none is sent. Sources say
	// 100, 200 and 500.
	FundingDefault int
	// Off: nothing is counted, where time stands still between a client's starts.
	Off bool
}

// DefaultLimits are those of 2026.
func DefaultLimits() Limits {
	return Limits{SpotWeight: 6000, FuturesWeight: 2400, SpotRaw: 300_000, Funding: 500, Grace: 10, Ban: 2 * time.Minute, FundingDefault: 100}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range [...]struct{ have, want *int }{
		{&l.SpotWeight, &d.SpotWeight}, {&l.FuturesWeight, &d.FuturesWeight}, {&l.SpotRaw, &d.SpotRaw},
		{&l.Funding, &d.Funding}, {&l.Grace, &d.Grace}, {&l.FundingDefault, &d.FundingDefault},
	} {
		if *f.have == 0 {
			*f.have = *f.want
		}
	}
	if l.Ban == 0 {
		l.Ban = d.Ban
	}
	return l
}

// maxBan is the longest ban that Binance announces.
const maxBan = 3 * 24 * time.Hour

// bucket counts weight over a sliding window: a request at t counts until, but
// not at, t + span.
type bucket struct {
	limit int
	span  carry.Time
	used  int
	peak  int
	items []spent // ascending in time from head on
	head  int
}

type spent struct {
	at     carry.Time
	weight int
}

// expire forgets what left the window.
func (b *bucket) expire(now carry.Time) {
	for b.head < len(b.items) && b.items[b.head].at+b.span <= now {
		b.used -= b.items[b.head].weight
		b.head++
	}
	if b.head > 64 && b.head > len(b.items)/2 {
		b.items = append(b.items[:0], b.items[b.head:]...)
		b.head = 0
	}
}

// fits tells whether weight may be spent now, and if not how long to wait.
func (b *bucket) fits(now carry.Time, weight int) (wait carry.Time, ok bool) {
	b.expire(now)
	over := b.used + weight - b.limit
	if over <= 0 {
		return 0, true
	}
	for _, it := range b.items[b.head:] {
		over -= it.weight
		if over <= 0 {
			return it.at + b.span - now, false
		}
	}
	return b.span, false // heavier than the whole limit
}

// spend records weight. A clock that was set back keeps the order of items.
func (b *bucket) spend(now carry.Time, weight int) {
	if n := len(b.items); n > b.head && b.items[n-1].at >= now {
		b.items[n-1].weight += weight
	} else {
		b.items = append(b.items, spent{now, weight})
	}
	b.used += weight
	b.peak = max(b.peak, b.used)
}

// warden holds one market's buckets and what became of clients that overran
// them. One server serves one client, so the whole market is one IP.
type warden struct {
	weight, raw, funding bucket
	limits               Limits

	waitUntil carry.Time // a 429 was sent: nothing is served before
	ignored   int        // requests since that came too early
	banUntil  carry.Time
	banSpan   time.Duration
}

func newWarden(m Market, l Limits) warden {
	w := warden{limits: l}
	w.weight = bucket{limit: l.FuturesWeight, span: carry.Minute}
	w.raw = bucket{limit: 1 << 40, span: 5 * carry.Minute}
	w.funding = bucket{limit: l.Funding, span: 5 * carry.Minute}
	if m == SpotMarket {
		w.weight.limit, w.raw.limit = l.SpotWeight, l.SpotRaw
	}
	return w
}

// verdict is what the warden says to a request.
type verdict struct {
	status int        // 0: go on; 429 or 418
	wait   carry.Time // for Retry-After
}

// admit judges a request of a weight and, if it counts there, of one unit in
// the funding bucket. Refused requests spend nothing: the sum that a client can
// count itself is the sum that counts.
func (w *warden) admit(now carry.Time, weight int, funding bool) verdict {
	if now < w.banUntil {
		return verdict{418, w.banUntil - now}
	}
	if now < w.waitUntil {
		if w.ignored++; w.ignored > w.limits.Grace {
			return w.ban(now)
		}
		return verdict{429, w.waitUntil - now}
	}
	wait, ok := w.weight.fits(now, weight)
	if raw, fit := w.raw.fits(now, 1); !fit {
		wait, ok = max(wait, raw), false
	}
	if funding {
		if f, fit := w.funding.fits(now, 1); !fit {
			wait, ok = max(wait, f), false
		}
	}
	if !ok {
		w.ignored = 0
		w.waitUntil = now + ceilSecond(wait)
		return verdict{429, wait}
	}
	w.weight.spend(now, weight)
	w.raw.spend(now, 1)
	if funding {
		w.funding.spend(now, 1)
	}
	return verdict{}
}

// ban starts a ban, twice as long as the one before.
func (w *warden) ban(now carry.Time) verdict {
	if w.banSpan == 0 {
		w.banSpan = w.limits.Ban
	} else {
		w.banSpan = min(2*w.banSpan, maxBan)
	}
	w.ignored = 0
	w.banUntil = now + carry.Time(w.banSpan.Milliseconds())
	return verdict{418, w.banUntil - now}
}

// ceilSecond is the Retry-After that is surely enough, in milliseconds.
func ceilSecond(t carry.Time) carry.Time { return (t + carry.Second - 1) / carry.Second * carry.Second }
