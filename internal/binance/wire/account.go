package wire

import "carry"

// Account is what a wallet holds, by asset: free and locked together.
type Account struct{ Balances []Holding }

// DecodeSpotAccount reads the answer of /api/v3/account.
func DecodeSpotAccount(body []byte) (Account, error) {
	f := readFields(body)
	var a Account
	for _, raw := range f.list("balances") {
		row := readFields(raw)
		sum, err := addText(row.text("free"), row.text("locked"))
		if row.err == nil {
			row.err = err
		}
		a.Balances = append(a.Balances, Holding{row.text("asset"), sum})
		if f.err == nil {
			f.err = row.err
		}
	}
	return a, f.err
}

// FuturesAccount is the futures wallet and what may leave it.
type FuturesAccount struct {
	Wallet, Withdrawable carry.Amount
	Positions            []Holding
}

// DecodeFuturesAccount reads the answer of /fapi/v3/account.
func DecodeFuturesAccount(body []byte) (FuturesAccount, error) {
	f := readFields(body)
	var a FuturesAccount
	found := false
	for _, raw := range f.list("assets") {
		row := readFields(raw)
		if row.text("asset") == "USDT" {
			a.Wallet, a.Withdrawable, found = carry.Amount(row.fixed("walletBalance")), carry.Amount(row.fixed("maxWithdrawAmount")), true
		}
		if f.err == nil {
			f.err = row.err
		}
	}
	for _, raw := range f.list("positions") {
		row := readFields(raw)
		a.Positions = append(a.Positions, Holding{row.text("symbol"), row.text("positionAmt")})
		if side := row.text("positionSide"); side != "BOTH" && row.err == nil {
			row.err = formatError("a position of side %s: the account is in hedge mode", clip([]byte(side)))
		}
		if f.err == nil {
			f.err = row.err
		}
	}
	if f.err == nil && !found {
		f.err = formatError("no USDT in the futures account")
	}
	return a, f.err
}

// Income is a line of the futures' income history.
type Income struct {
	Symbol, Kind, Asset string
	Amount              carry.Amount
	At                  carry.Time
	TranID              int64
}

// DecodeIncome reads the answer of /fapi/v1/income.
func DecodeIncome(body []byte) ([]Income, error) {
	var out []Income
	err := objects(body, func(f *fields) {
		out = append(out, Income{f.text("symbol"), f.text("incomeType"), f.text("asset"), carry.Amount(f.fixed("income")), f.moment("time"), f.integer("tranId")})
	})
	return out, err
}

// Transfer is a movement between the wallets.
type Transfer struct {
	ID     int64
	Status string // PENDING, CONFIRMED, FAILED
	Amount carry.Amount
	At     carry.Time
}

// DecodeTransferAnswer reads what a new transfer answers.
func DecodeTransferAnswer(body []byte) (int64, error) {
	f := readFields(body)
	id := f.integer("tranId")
	if f.err == nil && id <= 0 {
		f.err = formatError("a transfer without number")
	}
	return id, f.err
}

// DecodeTransfers reads the history of transfers, newest first.
func DecodeTransfers(body []byte) ([]Transfer, error) {
	f := readFields(body)
	if f.err == nil && f.integer("total") == 0 && !f.has("rows") {
		return nil, f.err // no rows are left out as a whole
	}
	var out []Transfer
	for _, raw := range f.list("rows") {
		row := readFields(raw)
		out = append(out, Transfer{row.integer("tranId"), row.text("status"), carry.Amount(row.fixed("amount")), row.moment("timestamp")})
		if f.err == nil {
			f.err = row.err
		}
	}
	return out, f.err
}

// Restrictions are what an API key may do.
type Restrictions struct {
	IPRestrict, Reading, SpotAndMargin, Futures, UniversalTransfer bool
	Withdrawals, InternalTransfer, Margin                          bool
}

// DecodeRestrictions reads the answer of /sapi/v1/account/apiRestrictions.
func DecodeRestrictions(body []byte) (Restrictions, error) {
	f := readFields(body)
	r := Restrictions{IPRestrict: f.truth("ipRestrict"), Reading: f.truth("enableReading"), SpotAndMargin: f.truth("enableSpotAndMarginTrading"),
		Futures: f.truth("enableFutures"), UniversalTransfer: f.truth("permitsUniversalTransfer"), Withdrawals: f.truth("enableWithdrawals"),
		InternalTransfer: f.truth("enableInternalTransfer"), Margin: f.truth("enableMargin")}
	return r, f.err
}
