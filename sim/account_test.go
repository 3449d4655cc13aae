package sim

import (
	"math/big"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

func toBig(w carry.Wide) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(w.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(w.Lo))
}

// floorDiv is the quotient rounded toward minus infinity, for d > 0.
func floorDiv(n, d *big.Int) *big.Int {
	q, _ := new(big.Int).DivMod(n, d, new(big.Int))
	return q
}

// The exchange's products and quotients of money, against math/big.
func TestExchangeArithmeticIsExact(t *testing.T) {
	unit := big.NewInt(carry.Unit)
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(1, 1e14).Draw(t, "price") >> rapid.IntRange(0, 40).Draw(t, "price shift")
		q := rapid.Int64Range(-1e15, 1e15).Draw(t, "q") >> rapid.IntRange(0, 40).Draw(t, "q shift")
		dp := int8(rapid.IntRange(0, 8).Draw(t, "dp"))
		value := notional(carry.Price(price), carry.Qty(q), dp)
		want := new(big.Int).Mul(big.NewInt(price), big.NewInt(q))
		want.Mul(want, big.NewInt(carry.Pow10[8-dp]))
		if toBig(value).Cmp(want) != 0 {
			t.Fatalf("%d × %d at %d decimals is %s, want %s", price, q, dp, value, want)
		}
		rate := rapid.Int64Range(-5e6, 5e6).Draw(t, "rate")
		product := floorDiv(new(big.Int).Mul(want, big.NewInt(rate)), unit)
		if got := mulRate(value, rate); toBig(got).Cmp(product) != 0 {
			t.Fatalf("%s × %d / 1e8 is %s, want %s", value, rate, got, product)
		}
		if paid := floorDiv(product, unit); paid.IsInt64() {
			if got := fundingOn(carry.Price(price), carry.Qty(q), dp, rate); big.NewInt(int64(got)).Cmp(paid) != 0 {
				t.Fatalf("funding of %d × %d at %d decimals and rate %d is %d, want %s", price, q, dp, rate, got, paid)
			}
		}
		// Amounts beyond an int64 (92 billion USDT) are a programmer's error.
		if small := new(big.Int).Quo(want, unit); small.IsInt64() {
			if got := floorTo8(value); big.NewInt(int64(got)).Cmp(floorDiv(want, unit)) != 0 {
				t.Fatalf("%s rounded down to 1e-8 is %d", value, got)
			}
			exact := new(big.Int).Mul(new(big.Int).Abs(want), big.NewInt(50000))
			up := floorDiv(new(big.Int).Neg(exact), new(big.Int).Mul(unit, unit))
			if got := feeOn(wideOf(new(big.Int).Abs(want)), 50000); big.NewInt(int64(-got)).Cmp(up) != 0 {
				t.Fatalf("0.05 %% of %s is a fee of %d, want %s", want, got, up.Neg(up))
			}
		}
		lots := rapid.Int64Range(0, 1e15).Draw(t, "lots")
		if got := mulQty(carry.WideFrom(price-5e13), carry.Qty(lots)); toBig(got).Cmp(new(big.Int).Mul(big.NewInt(price-5e13), big.NewInt(lots))) != 0 {
			t.Fatalf("%d × %d is %s", int64(price-5e13), lots, got)
		}
	})
}

func wideOf(v *big.Int) carry.Wide {
	lo := new(big.Int).And(v, new(big.Int).SetUint64(1<<64-1))
	return carry.Wide{Hi: new(big.Int).Rsh(v, 64).Int64(), Lo: lo.Uint64()}
}

// 0.01 BTC bought at 0.1 % leaves 0.00999 BTC; what is rounded goes against us.
func TestFeeInCoinsRoundsUp(t *testing.T) {
	for _, e := range []struct{ coins, rate, want int64 }{
		{1_000_000, 100_000, 1000}, {1, 100_000, 1}, {1001, 100_000, 2}, {0, 100_000, 0}, {1_000_000, 0, 0},
	} {
		if got := ceilCoins(carry.WideFrom(e.coins), e.rate); got != carry.WideFrom(e.want) {
			t.Errorf("the fee on %d is %s, want %d", e.coins, got, e.want)
		}
	}
}

// However a short is built and taken down, in any slices at any prices, the
// realised profits add up to what came in less what went out, to less than 1e-8
// USDT for each reduction; and nothing is left of its cost.
func TestRealisedProfitAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pair := carry.Pair{Mult: 1, QtyDp: int8(rapid.IntRange(0, 8).Draw(t, "dp"))}
		a := newAccount(3)
		exact := new(big.Int) // 1e-16 USDT
		sum, reductions := carry.Amount(0), int64(0)
		step := func(side carry.Side, q carry.Qty) {
			price := carry.Price(rapid.Int64Range(1, 1e10).Draw(t, "price"))
			before := a.qty[1]
			sum += a.trade(1, &pair, side, q, price)
			v := toBig(notional(price, q, pair.QtyDp))
			if side == carry.Sell {
				exact.Add(exact, v)
			} else {
				exact.Sub(exact, v)
				reductions++
			}
			if a.qty[1] != before+carry.Qty(side)*q {
				t.Fatalf("%s of %d leaves %d of %d", side, q, a.qty[1], before)
			}
		}
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			step(carry.Sell, carry.Qty(rapid.Int64Range(1, 1e8).Draw(t, "q")))
			if left := int64(-a.qty[1]); left > 1 && rapid.Bool().Draw(t, "some") {
				step(carry.Buy, carry.Qty(rapid.Int64Range(1, left-1).Draw(t, "back")))
			}
		}
		if len(a.open) != 1 || a.open[0] != 1 {
			t.Fatalf("the list of open pairs is %v", a.open)
		}
		step(carry.Buy, -a.qty[1])
		got := new(big.Int).Mul(big.NewInt(int64(sum)), big.NewInt(carry.Unit))
		diff := new(big.Int).Sub(exact, got)
		if diff.Sign() < 0 || diff.Cmp(new(big.Int).Mul(big.NewInt(reductions), big.NewInt(carry.Unit))) >= 0 {
			t.Fatalf("%d reductions realised %s of %s: %s went astray", reductions, got, exact, diff)
		}
		if a.cost[1] != (carry.Wide{}) || a.qtyF[1] != 0 || a.costF[1] != 0 || len(a.open) != 0 {
			t.Fatalf("a flat position still has cost %s and is listed in %v", a.cost[1], a.open)
		}
	})
}
