package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"carry"
	"carry/internal/book"
	"carry/reports"
)

// Output writes a run's files. They are made in a hidden folder beside their
// place and moved there when everything succeeded, so that a failure leaves
// what was there before.
type Output struct {
	dir, tmp string
	made     []string // folders that were not there before, innermost first
	ledger   *csvFile
	said     *csvFile
}

// csvFile is a buffered file that remembers its first error.
type csvFile struct {
	f   *os.File
	w   *bufio.Writer
	row []byte
}

// NewOutput prepares to write into dir, which is made if needed.
func NewOutput(dir string) (*Output, error) {
	o := &Output{dir: dir, made: missing(dir)}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		o.Discard()
		return nil, fmt.Errorf("make the output folder: %w", err)
	}
	var err error
	if o.tmp, err = os.MkdirTemp(dir, ".unfinished-"); err != nil {
		o.Discard()
		return nil, fmt.Errorf("write into %s: %w", dir, err)
	}
	return o, nil
}

// missing lists dir and the folders above it that do not exist.
func missing(dir string) []string {
	var out []string
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return out
		}
		out = append(out, dir)
		dir = filepath.Dir(dir)
	}
}

// Discard removes what was written so far, with the folders made for it. It is
// harmless after Commit.
func (o *Output) Discard() {
	for _, f := range [...]*csvFile{o.ledger, o.said} {
		if f != nil {
			f.f.Close()
		}
	}
	if o.tmp != "" {
		os.RemoveAll(o.tmp)
	}
	for _, dir := range o.made {
		os.Remove(dir) // one that holds something stays
	}
}

func (o *Output) create(name, header string) (*csvFile, error) {
	f, err := os.Create(filepath.Join(o.tmp, name))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	c := &csvFile{f: f, w: bufio.NewWriterSize(f, 1<<16), row: make([]byte, 0, 256)}
	_, err = c.w.WriteString(header)
	return c, err
}

func (c *csvFile) close() error { return errors.Join(c.w.Flush(), c.f.Close()) }

// Stream opens the two files that are written while the run goes on and
// returns the observer that fills them.
func (o *Output) Stream() (*Observer, error) {
	var err error
	if o.ledger, err = o.create("postings.csv", "time_ms,wallet,asset,amount,kind,coin,reference\n"); err != nil {
		return nil, err
	}
	if o.said, err = o.create("decisions.jsonl", ""); err != nil {
		return nil, err
	}
	return &Observer{Posting: o.posting, Command: o.command}, nil
}

func (o *Output) posting(pairs []carry.Pair, p *book.Posting) error {
	b := strconv.AppendInt(o.ledger.row[:0], int64(p.At), 10)
	b = append(append(b, ','), p.Wallet.String()...)
	b = append(b, ',')
	if p.Asset < 0 {
		b = append(b, "USDT"...)
	} else {
		b = append(b, pairs[p.Asset].Coin...)
	}
	b = append(b, ',')
	if v, ok := p.Amount.Int64(); ok {
		b = carry.AppendFixed(b, v)
	} else {
		b = append(b, p.Amount.Decimal(8).StringFixed(8)...)
	}
	b = append(append(b, ','), p.Kind.String()...)
	b = append(b, ',')
	if p.Pair >= 0 {
		b = append(b, pairs[p.Pair].Coin...)
	}
	b = append(b, ',')
	if p.Order != 0 {
		b = strconv.AppendUint(b, uint64(p.Order), 10)
	} else {
		b = append(b, 'e')
		b = strconv.AppendUint(b, p.Seq, 10)
	}
	o.ledger.row = append(b, '\n')
	_, err := o.ledger.w.Write(o.ledger.row)
	return err
}

// command writes one decision as a line of JSON. Names need no escaping but
// the coin's.
func (o *Output) command(pairs []carry.Pair, at carry.Time, c *carry.Command) error {
	b := append(o.said.row[:0], `{"time_ms":`...)
	b = strconv.AppendInt(b, int64(at), 10)
	b = append(append(append(b, `,"kind":"`...), c.Kind.String()...), `","reason":"`...)
	b = append(append(b, c.Code.String()...), '"')
	if c.Pair >= 0 {
		b = append(b, `,"coin":`...)
		b = strconv.AppendQuote(b, pairs[c.Pair].Coin)
	}
	switch c.Kind {
	case carry.CmdOrder:
		b = append(append(append(b, `,"leg":"`...), c.Leg.String()...), `","side":"`...)
		b = append(append(b, c.Side.String()...), `","qty":"`...)
		b = append(b, quantity(&pairs[c.Pair], c.Qty)...)
		b = append(append(append(b, `","mid":"`...), c.Ref.String()...), `","order":`...)
		b = strconv.AppendUint(b, uint64(c.Order), 10)
	case carry.CmdTransfer:
		b = append(append(append(b, `,"from":"`...), c.Wallet.String()...), `","amount":"`...)
		b = append(append(b, c.Amount.String()...), '"')
	}
	b = append(b, `,"x":[`...)
	for k, x := range c.X {
		if k > 0 {
			b = append(b, ',')
		}
		b = appendJSONFloat(b, x)
	}
	o.said.row = append(b, "]}\n"...)
	_, err := o.said.w.Write(o.said.row)
	return err
}

func appendJSONFloat(b []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, x, 'g', 8, 64)
}

// quantity is q in coins or contracts as exact decimal text.
func quantity(p *carry.Pair, q carry.Qty) string {
	return carry.WideFrom(int64(q)).Decimal(int32(p.QtyDp)).String()
}

// Save writes the tables and result.json.
func (o *Output) Save(out *Outcome) error {
	for _, f := range [...]*csvFile{o.ledger, o.said} {
		if f != nil {
			if err := f.close(); err != nil {
				return err
			}
		}
	}
	o.ledger, o.said = nil, nil
	if err := o.equity(out); err != nil {
		return err
	}
	if err := o.trades(out.Run); err != nil {
		return err
	}
	return o.SaveResult(out)
}

// SaveResult writes result.json.
func (o *Output) SaveResult(out *Outcome) error {
	return o.File("result.json", func(w io.Writer) error { return WriteJSON(w, out) })
}

// Path is where a file stands after Commit.
func (o *Output) Path(name string) string { return filepath.Join(o.dir, name) }

// WriteJSON writes the run and its baselines as one document.
func WriteJSON(w io.Writer, out *Outcome) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(struct {
		Run       *carry.Result   `json:"run"`
		Baselines []*carry.Result `json:"baselines"`
	}{out.Run, out.Baselines})
}

// File writes one further file.
func (o *Output) File(name string, write func(io.Writer) error) error {
	c, err := o.create(name, "")
	if err != nil {
		return err
	}
	if err := write(c.w); err != nil {
		c.f.Close()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return c.close()
}

// equity writes one row an instant: this run's state and every baseline's
// equity.
func (o *Output) equity(out *Outcome) error {
	header := "time_ms,equity_usdt,short_notional_usdt,leverage_x,liquidation_up_frac"
	for _, b := range out.Baselines {
		header += "," + csvName(b.Name) + "_usdt"
	}
	curve := &out.Run.Curve
	value := curve.Equity
	if curve.Account != nil {
		value = curve.Account
		header += ",without_flows_usdt"
	}
	c, err := o.create("equity.csv", header+"\n")
	if err != nil {
		return err
	}
	for i := range curve.Equity {
		b := strconv.AppendInt(c.row[:0], int64(curve.At(i)), 10)
		for _, v := range [...]float64{value[i], curve.Notional[i]} {
			b = strconv.AppendFloat(append(b, ','), v, 'f', 4, 64)
		}
		for _, v := range [...]float64{curve.Leverage[i], curve.LiquidationUp[i]} {
			b = append(b, ',')
			if !math.IsInf(v, 0) && !math.IsNaN(v) {
				b = strconv.AppendFloat(b, v, 'f', 5, 64)
			}
		}
		for _, base := range out.Baselines {
			b = strconv.AppendFloat(append(b, ','), base.Curve.Equity[i], 'f', 4, 64)
		}
		if curve.Account != nil {
			b = strconv.AppendFloat(append(b, ','), curve.Equity[i], 'f', 4, 64)
		}
		c.row = append(b, '\n')
		if _, err := c.w.Write(c.row); err != nil {
			c.f.Close()
			return err
		}
	}
	return c.close()
}

func csvName(s string) string {
	b := []byte(s)
	for i, ch := range b {
		if ch == ' ' || ch == '+' || ch == '(' || ch == ')' || ch == ',' {
			b[i] = '_'
		}
	}
	return string(b)
}

func (o *Output) trades(r *carry.Result) error {
	return o.File("trades.csv", func(w io.Writer) error {
		if _, err := io.WriteString(w, "coin,open_ms,close_ms,still_open,max_notional_usdt,entry_premium_frac,exit_premium_frac,"+
			"settlements,open_reason,close_reason,funding_usdt,basis_usdt,fees_usdt,slippage_usdt,liquidation_usdt,total_usdt\n"); err != nil {
			return err
		}
		for i := range r.Trips {
			t := &r.Trips[i]
			a := &t.Attribution
			if _, err := fmt.Fprintf(w, "%s,%d,%d,%t,%.4f,%s,%s,%d,%s,%s,%.8f,%.8f,%.8f,%.8f,%.8f,%.8f\n", t.Coin, int64(t.OpenAt),
				int64(t.CloseAt), t.Open, t.MaxNotional, csvFloat(t.EntryPremium), csvFloat(t.ExitPremium), t.Settlements, t.OpenCode, t.CloseCode,
				a.FundingReceived+a.FundingPaid, a.Basis, a.SpotFees+a.PerpFees, a.Slippage, a.Liquidation, a.Total); err != nil {
				return err
			}
		}
		return nil
	})
}

// csvFloat leaves a cell empty where there is no figure.
func csvFloat(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', 8, 64)
}

// Drawings adds the pictures once more as SVG.
func (o *Output) Drawings(doc *reports.Document) error {
	_, err := reports.WriteSVGs(o.tmp, doc)
	return err
}

// Report adds the HTML page and the pictures.
func (o *Output) Report(ctx context.Context, doc *reports.Document) error {
	if err := o.File("report.html", func(w io.Writer) error { return reports.WriteHTML(w, doc) }); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := reports.WritePNGs(o.tmp, doc)
	return err
}

// leftovers are files that an earlier run may have left; beside this run's they
// would tell another story.
var leftovers = [...]string{"report.html", "equity.png", "drawdown.png", "attribution.png", "leverage.png", "result.json",
	"equity.svg", "drawdown.svg", "attribution.svg", "leverage.svg",
	"equity.csv", "trades.csv", "postings.csv", "decisions.jsonl"}

// Commit moves the finished files to their place and removes those of an
// earlier run that this one did not write.
func (o *Output) Commit() error {
	entries, err := os.ReadDir(o.tmp)
	if err != nil {
		return err
	}
	wrote := make(map[string]bool)
	for _, e := range entries {
		wrote[e.Name()] = true
		if err := os.Rename(filepath.Join(o.tmp, e.Name()), filepath.Join(o.dir, e.Name())); err != nil {
			return fmt.Errorf("put %s in place: %w", e.Name(), err)
		}
	}
	if !wrote["result.json"] {
		return os.RemoveAll(o.tmp) // a sweep stands beside a run
	}
	for _, name := range leftovers {
		if wrote[name] {
			continue
		}
		if err := os.Remove(filepath.Join(o.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove what an earlier run left: %w", err)
		}
	}
	return os.RemoveAll(o.tmp)
}
