package lab

import (
	"carry"
	"carry/sim"
)

// workings are the settings of how the exchange works, beside what it costs.
func (m *Models) workings() []carry.Param {
	no := carry.NoValue
	return []carry.Param{
		{Name: "bnbStockUSDT", Unit: "USDT", Doc: "part of the capital that starts as BNB for fees, half in each wallet; used up, fees are charged in full and in what is received; 0: refilled at no cost", Float: &m.BNBStockUSDT, Min: 0, Max: 1e9, Off: no, Auto: no},
		{Name: "volumeModel", Doc: "how much of a bar an order can have: a share of its volume as its time passes (share), or any size (all)", Text: &m.Volume, Choices: []string{"share", "all"}, Off: no, Auto: no},
		{Name: "fillShareFrac", Unit: "fraction", Doc: "share of a bar's volume that all our orders of a leg can have (share)", Float: &m.FillShareFrac, Min: 0.00001, Max: 1, Off: no, Auto: no},
		{Name: "fillDepthMin", Unit: "min", Doc: "minutes of the bar's trade that stand in the book when it opens (share)", Float: &m.FillDepthMin, Min: 0, Max: 1440, Off: no, Auto: no},
		{Name: "impactHalfLifeMin", Unit: "min", Doc: "half-life of what our orders took from a book: the next slice pays as if the rest of it were part of itself; 0: each order meets a fresh book", Float: &m.ImpactHalfLifeMin, Min: 0, Max: 1440, Off: no, Auto: no},
		{Name: "momentS", Unit: "s", Doc: "how often the market within an hour is looked at while orders rest", Int: &m.MomentS, Min: 1, Max: 3600, Off: no, Auto: no},
		{Name: "marginMode", Doc: "all shorts share the futures wallet (cross), or each has a margin of its own, notional / exchangeLeverageX (isolated)", Text: &m.Margin, Choices: []string{"cross", "isolated"}, Off: no, Auto: no},
		{Name: "transferModel", Doc: "transfers between the wallets always succeed (sure), or fail and lose their answer by chance (shaky)", Text: &m.Transfers, Choices: []string{"sure", "shaky"}, Off: no, Auto: no},
		{Name: "transferFailFrac", Unit: "fraction", Doc: "share of transfers that fail (shaky)", Float: &m.TransferFailFrac, Min: 0, Max: 1, Off: no, Auto: no},
		{Name: "transferLostFrac", Unit: "fraction", Doc: "share of transfers whose answer is lost (shaky)", Float: &m.TransferLostFrac, Min: 0, Max: 1, Off: no, Auto: no},
		{Name: "transferLostS", Unit: "s", Doc: "until it shows what became of such a transfer; its sum is locked meanwhile (shaky)", Int: &m.TransferLostS, Min: 1, Max: 86400, Off: no, Auto: no},
		{Name: "fundingWindowS", Unit: "s", Doc: "a fill this near to a settlement counts for it or not, whichever is worse; 0: sharp", Int: &m.FundingWindowS, Min: 0, Max: 60, Off: no, Auto: no},
		{Name: "adlModel", Doc: "auto-deleveraging: none, or winning shorts are taken away by chance in hours of a crash (crash)", Text: &m.ADL, Choices: []string{"none", "crash"}, Off: no, Auto: no},
		{Name: "adlFallFrac", Unit: "fraction", Doc: "fall of the perpetual within an hour that counts as a crash (crash)", Float: &m.ADLFall, Min: 0.001, Max: 1, Off: no, Auto: no},
		{Name: "adlChanceFrac", Unit: "fraction", Doc: "chance that a winning short goes in such an hour (crash)", Float: &m.ADLShare, Min: 0, Max: 1, Off: no, Auto: no},
	}
}

// work sets them in the exchange's options.
func (m *Models) work(o *sim.Options, seed uint64) {
	o.BNBUSDT = carry.AmountFloor(m.BNBStockUSDT)
	o.Volume = sim.ShareOfVolume{Frac: m.FillShareFrac, Depth: carry.Time(m.FillDepthMin * float64(carry.Minute))}
	if m.Volume == "all" {
		o.Volume = sim.AllVolume{}
	}
	o.ImpactHalfLife = carry.Time(m.ImpactHalfLifeMin * float64(carry.Minute))
	o.Moment = carry.Time(m.MomentS) * carry.Second
	o.Isolated = m.Margin == "isolated"
	if m.Transfers == "shaky" {
		o.Transfers = sim.ShakyTransfers{FailFrac: m.TransferFailFrac, UnknownFrac: m.TransferLostFrac,
			UnknownFor: carry.Time(m.TransferLostS) * carry.Second, Seed: seed}
	}
	o.FundingWindow = carry.Time(m.FundingWindowS) * carry.Second
	if m.ADL == "crash" {
		o.ADL = sim.CrashADL{FallFrac: m.ADLFall, ChanceFrac: m.ADLShare, Seed: seed}
	}
}
