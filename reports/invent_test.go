package reports

import (
	"math"
	"math/rand/v2"

	"carry"
)

// invent makes a believable Result: hourly equity with a fat first year, a fall
// in its May, coins, trips and everything a report prints. Its numbers are
// invented and stand for no market.
func invent(years int, seed uint64) *Document {
	from := monthStart(2020, 12)
	to := from + carry.Time(years)*365*carry.Day
	run := inventCurve("this run", "funding", from, to, seed, 1, 2)
	rng := rand.New(rand.NewPCG(seed, 7))
	inventCoins(run, rng)
	inventTrips(run, rng)
	inventHappenings(run, rng)
	run.Preset = "default"
	run.Prediction = carry.Prediction{N: 41230, Correlation: 0.87, MeanAbsErr: 0.000042, SignAgree: 0.936}
	run.Counts = carry.Counts{Instants: len(run.Curve.Equity), Bars: 1_600_000, Events: 92_000, Commands: 8120, Orders: 6040, Fills: 9212,
		Rejects: 14, Refused: 3, Postings: 41230, Transfers: 212, Reductions: 37, MeanOpen: 8.4, TradedUSDT: 9_412_000}
	run.Extremes = carry.Extremes{MaxDrawdown: -0.031, NearestLiquidation: 0.117, NearestLiquidationAt: monthStart(2021, 5) + 18*carry.Day,
		MaxLeverage: 3.42, MaxLeverageAt: monthStart(2021, 5) + 18*carry.Day, MaxGapFrac: 0.0004}
	run.Warnings = []carry.Warning{
		{Code: "mark-fallback", Text: "91 % of settlements have no recorded mark price; the mark candle's open was used instead."},
		{Code: "survivors", Text: "All coins in the data still trade: delisted ones are missing, which flatters."},
		{Code: "fees-assumed", Text: "Fees before 2022 are today's VIP 0 rates."},
	}
	run.Assumptions = []string{"Orders fill at the next bar's open plus half a spread of 2 bp.", "Fees: VIP 0, 25 % off with BNB.",
		"Transfers between wallets take one instant."}
	run.NotIncluded = []string{"failure of the exchange", "USDT losing its peg", "tax", "your computer being off", "delisted coins"}
	for i, coin := range inventedCoins {
		for k, kind := range []string{"spot", "perp", "mark", "premium", "funding"} {
			run.Coverage = append(run.Coverage, carry.Coverage{Coin: coin, Kind: kind, First: from, Last: to, Present: 43800 - i*k, Missing: i * k})
		}
	}
	run.Manifest = carry.Manifest{Program: "carry v0.1.0 (81dc122)", GoVersion: "go1.26.8", TapeHash: "91be44d0c5f2a7730e1b6c",
		ParamsHash: "7f3ac1", JournalHash: "04dd9e", Seed: 1, Source: "Binance spot and USDT perpetuals, carry.db", Command: "backtest --from 2020-12 --capital 50000 --seed 1"}
	run.Params = []carry.ParamValue{{Group: "strategy", Name: "openRateMinFrac", Value: "0.0001", Default: "0.0001", Doc: "opens at or above this predicted rate per 8 h"},
		{Group: "strategy", Name: "leverageTargetX", Value: "2.5", Default: "2", Doc: "used leverage aimed at"},
		{Group: "venue", Name: "perpTakerFrac", Value: "0.0005", Default: "0.0005", Doc: "futures taker fee"}}
	return &Document{Run: run, Facts: inventFacts(run), Capacity: inventCapacity(), Baselines: []*carry.Result{
		inventCurve("hold BTC+ETH", "hold", from, to, seed+1, 0.72, 2), inventCurve("hold all", "hold", from, to, seed+2, 0.9, 2),
		inventCurve("cash", "cash", from, to, seed+3, 0, 0),
	}}
}

func inventFacts(run *carry.Result) *MarketFacts {
	f := &MarketFacts{LeverageX: 2, EveryDays: 7, Alone: []AloneRow{{30, 250, 12}, {90, 240, 60}, {365, 200, 110}}}
	for i := range run.Coins {
		f.Coins = append(f.Coins, run.Coins[i].Coin)
		series := make([]float64, 400)
		for d := range series {
			series[d] = 0.0003 + 0.0002*math.Sin(float64(d)/20) + 0.0002*math.Sin(float64(d*(i+2))/7)
		}
		f.Funding = append(f.Funding, series)
	}
	return f
}

func inventCapacity() []CapacityPoint {
	var out []CapacityPoint
	for i, c := range []float64{1e4, 1e5, 1e6, 1e7, 1e8} {
		out = append(out, CapacityPoint{CapitalUSDT: c, Annual: 0.1 - 0.02*float64(i), Exposure: 0.6, Cost: 0.02, Slippage: 0.01})
	}
	return out
}

// carryOfYear is about what funding paid a year on notional.
func carryOfYear(year int) float64 {
	switch year {
	case 2020, 2021:
		return 0.30
	case 2022:
		return 0.012
	case 2023:
		return 0.055
	case 2024:
		return 0.095
	}
	return 0.03
}

func inventCurve(name, strategy string, from, to carry.Time, seed uint64, scale, leverage float64) *carry.Result {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := int((to-from)/carry.Hour) + 1
	c := carry.Curve{Start: from, Step: carry.Hour, Equity: make([]float64, n), Leverage: make([]float64, n),
		LiquidationUp: make([]float64, n), Notional: make([]float64, n)}
	res := &carry.Result{Name: name, Strategy: strategy, From: from, To: to, Capital: 50000, Residual: "0.00000000"}
	equity, shock, lev := 50000.0, 0.0, leverage
	for i := range n {
		at := c.At(i)
		perHour := carryOfYear(at.Year()) * scale / (365 * 24)
		if scale == 0 {
			perHour = 0.022 / (365 * 24)
		} else {
			perHour += rng.NormFloat64() * 0.00022 * scale
		}
		if scale > 0 && rng.Float64() < 0.00025 {
			shock = 0.011 * rng.Float64() * (0.3 + scale)
			perHour -= shock
		}
		if d := at - (monthStart(2021, 5) + 18*carry.Day); scale > 0 && d >= 0 && d < 10*carry.Hour {
			perHour -= 0.0028
		}
		equity *= 1 + perHour
		lev += (leverage-lev)*0.02 + rng.NormFloat64()*0.03
		c.Equity[i], c.Leverage[i] = equity, math.Max(0, lev)
		c.LiquidationUp[i], c.Notional[i] = math.Inf(1), equity*c.Leverage[i]/3
		if c.Leverage[i] > 0.01 && scale > 0 {
			c.LiquidationUp[i] = (1+1/c.Leverage[i])/1.01 - 1
		}
	}
	res.Curve, res.Final = c, equity
	res.FinalExact = carry.AmountFloor(equity).String()
	res.Attribution = inventAttribution(equity - 50000)
	inventYears(res)
	return res
}

func inventAttribution(total float64) carry.Attribution {
	a := carry.Attribution{FundingReceived: total * 1.42, FundingPaid: -total * 0.09, Basis: total * 0.03, SpotFees: -total * 0.16,
		PerpFees: -total * 0.06, Slippage: -total * 0.11, Dust: -0.01, Interest: total * 0.004, Total: total}
	a.Basis += total - (a.FundingReceived + a.FundingPaid + a.Basis + a.SpotFees + a.PerpFees + a.Slippage + a.Dust + a.Interest)
	return a
}

func inventYears(res *carry.Result) {
	for year := res.From.Year(); monthStart(year, 1) < res.To; year++ {
		from, to := max(res.From, monthStart(year, 1)), min(res.To, monthStart(year+1, 1))
		a, b := equityAt(&res.Curve, res.Capital, from), equityAt(&res.Curve, res.Capital, to)
		res.Years = append(res.Years, carry.YearRow{Year: year, From: from, To: to, Return: b/a - 1, Annual: annualised(b/a, to-from),
			MaxDrawdown: -0.02, Attribution: inventAttribution(b - a)})
	}
}

var inventedCoins = []string{"BTC", "ETH", "BNB", "ADA", "XRP", "DOGE", "DOT", "LINK", "LTC", "BCH", "SOL", "AVAX", "MATIC", "ATOM",
	"TRX", "ALGO", "FIL", "THETA", "UNI", "1000SHIB"}

func inventCoins(res *carry.Result, rng *rand.Rand) {
	left := res.Final - res.Capital
	for i, coin := range inventedCoins {
		part := left * 0.05 * (0.2 + 2*rng.Float64())
		if i%7 == 6 {
			part = -part / 3
		}
		row := carry.CoinRow{Coin: coin, Trips: 4 + rng.IntN(25), Fills: 200 + rng.IntN(500), HeldHours: 2000 + 20000*rng.Float64(),
			MaxNotional: 3000 + 2000*rng.Float64(), MeanRate8h: 0.0001 + 0.0002*rng.Float64(), Attribution: inventAttribution(part)}
		for range res.Years {
			row.FundingByYear = append(row.FundingByYear, part*rng.NormFloat64()/3+part/4)
		}
		res.Coins = append(res.Coins, row)
	}
}

func inventTrips(res *carry.Result, rng *rand.Rand) {
	closings := []carry.Code{carry.CodeCloseMean, carry.CodeCloseRate, carry.CodeClosePremium, carry.CodeReduceLeverage, carry.CodeCloseUniverse}
	for i := range 300 {
		open := res.From + carry.Time(rng.Int64N(int64(res.To-res.From-40*carry.Day)))
		trip := carry.Trip{Coin: inventedCoins[rng.IntN(len(inventedCoins))], OpenAt: open, CloseAt: open + carry.Time(rng.ExpFloat64()*20*float64(carry.Day)),
			MaxNotional: 2000 + 3000*rng.Float64(), EntryPremium: 0.0006 + 0.0009*rng.NormFloat64(), ExitPremium: -0.0001 + 0.0012*rng.NormFloat64(),
			Settlements: 3 + rng.IntN(200), OpenCode: carry.CodeOpen.String(), CloseCode: closings[rng.IntN(len(closings))].String(),
			Attribution: inventAttribution(60 * (rng.NormFloat64() + 0.6))}
		if i > 292 {
			trip.Open, trip.CloseAt, trip.CloseCode = true, res.To, ""
		}
		res.Trips = append(res.Trips, trip)
	}
}

func inventHappenings(res *carry.Result, rng *rand.Rand) {
	codes := []carry.Code{carry.CodeRebalance, carry.CodeRebalance, carry.CodeRebalance, carry.CodeReduceLeverage, carry.CodeAlarm, carry.CodeTrimRise, carry.CodeFundingGap}
	for range 420 {
		code := codes[rng.IntN(len(codes))]
		res.Happenings = append(res.Happenings, carry.Happening{At: res.From + carry.Time(rng.Int64N(int64(res.To-res.From))),
			Coin: inventedCoins[rng.IntN(len(inventedCoins))], Code: code.String(), Text: "used leverage 3.12, target 2.00, short of 812 USDT"})
	}
}
