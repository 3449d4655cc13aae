package panel

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// metric is one line of the exposition; a name's help is written once.
type metric struct {
	name, help, kind string
	labels           string
	value            float64
}

// metrics writes Prometheus' text format 0.0.4 by hand: a few dozen numbers of
// one process need no registry, and the client library would bring more modules
// than all of this program's HTTP (docs/adr/0015).
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.WriteString(w, exposition(s.figures()))
}

func (s *Server) figures() []metric {
	b := s.o.Board
	snap := b.Snapshot()
	out := append(accountFigures(snap), stateFigures(snap)...)
	out = append(out, pairFigures(snap)...)
	for kind, name := range [...]string{"opening", "reducing"} {
		n := &snap.Slices[kind]
		for _, x := range [...]struct {
			what string
			n    int
		}{{"sent", n.Sent}, {"filled", n.Filled}, {"partly", n.Partly}, {"missed", n.Missed}, {"refused", n.Refused}} {
			out = append(out, metric{"carry_orders_total", "Orders of the session, each leg's.", "counter", label("kind", name) + "," + label("outcome", x.what), float64(x.n)})
		}
	}
	levels := map[Level]int{}
	for k := range snap.Alarms {
		levels[snap.Alarms[k].Level]++
	}
	for _, l := range [...]Level{Info, Warn, Urgent} {
		out = append(out, metric{"carry_alarms_listed", "Alarms on the dashboard's list.", "gauge", label("level", l.String()), float64(levels[l])})
	}
	return append(out,
		metric{"carry_loop_idle_seconds", "Since the loop was last seen alive.", "gauge", "", b.Idle().Seconds()},
		metric{"carry_http_refused_total", "Requests to this server with a foreign host, origin or token.", "counter", "", float64(s.refused.Load())})
}

func gauge(name, help string, v float64) metric { return metric{name, help, "gauge", "", v} }

func accountFigures(s *Snapshot) []metric {
	y := &s.Money
	out := []metric{
		gauge("carry_equity_usdt", "Value of the account by the books.", float64(y.Equity)),
		gauge("carry_profit_usdt", "Profit since the session began, without deposits and withdrawals.", float64(y.Profit)),
		gauge("carry_day_usdt", "Profit since midnight UTC.", float64(y.Day)),
		gauge("carry_notional_usdt", "Short notional at mark.", float64(y.Notional)),
		gauge("carry_notional_limit_usdt", "Limit of the short notional.", float64(y.Limit)),
		gauge("carry_leverage_used", "Short notional over the futures wallet's margin.", float64(y.Used)),
		gauge("carry_liquidation_up_ratio", "Rise of all marks up to the first liquidation.", float64(y.LiquidationUp)),
		gauge("carry_margin_usdt", "Futures wallet with unrealised profit.", float64(y.Margin)),
		gauge("carry_maintenance_margin_usdt", "Maintenance margin of all shorts.", float64(y.Maintenance)),
	}
	for _, x := range [...]struct {
		wallet string
		v      Figure
	}{{"spot", y.Spot}, {"futures", y.Futures}} {
		out = append(out, metric{"carry_wallet_usdt", "USDT of a wallet.", "gauge", label("wallet", x.wallet), float64(x.v)})
	}
	for _, x := range [...]struct {
		part string
		v    float64
	}{{"funding_received", s.Parts.FundingReceived}, {"funding_paid", s.Parts.FundingPaid}, {"basis", s.Parts.Basis}, {"spot_fees", s.Parts.SpotFees},
		{"perp_fees", s.Parts.PerpFees}, {"slippage", s.Parts.Slippage}, {"liquidation", s.Parts.Liquidation}, {"dust", s.Parts.Dust}} {
		out = append(out, metric{"carry_attribution_usdt", "Where the change of equity came from; costs are negative.", "gauge", label("part", x.part), x.v})
	}
	return out
}

func stateFigures(s *Snapshot) []metric {
	truth := func(v bool) float64 {
		if v {
			return 1
		}
		return 0
	}
	n := &s.Counts
	out := []metric{
		gauge("carry_halted", "1 while nothing is opened: repair and reduce only.", truth(s.State.Halted)),
		gauge("carry_paused", "1 while a person paused it.", truth(s.State.Paused)),
		gauge("carry_killed", "1 while the kill switch is on.", truth(s.State.Killed)),
		gauge("carry_links_down", "Connections that are down.", float64(s.State.LinksDown)),
		gauge("carry_market_time_seconds", "Time of the last event, Unix.", float64(s.At)/1000),
	}
	for _, x := range [...]struct {
		name, help string
		n          int
	}{{"carry_events_total", "Events of the session.", n.Events}, {"carry_commands_total", "Commands of the session.", n.Commands},
		{"carry_instants_total", "Cross-sections decided on.", n.Instants}, {"carry_fills_total", "Fills.", n.Fills}, {"carry_fundings_total", "Funding payments.", n.Postings},
		{"carry_transfers_total", "Transfers between the wallets.", n.Transfers}, {"carry_liquidations_total", "Liquidations and deleveragings.", n.Liquidations},
		{"carry_unknown_outcomes_total", "Outcomes that were not known at first.", n.Unknown}, {"carry_link_breaks_total", "Connections lost.", n.LinkBreaks}} {
		out = append(out, metric{x.name, x.help, "counter", "", float64(x.n)})
	}
	return out
}

// pairFigures are those of what is held.
func pairFigures(s *Snapshot) (out []metric) {
	for _, f := range [...]struct {
		name, help string
		of         func(*PairLine) Figure
	}{
		{"carry_pair_value_usdt", "Short notional of a pair at mark.", func(p *PairLine) Figure { return p.Value }},
		{"carry_pair_rate8h_ratio", "Predicted funding rate of a pair for 8 hours.", func(p *PairLine) Figure { return p.Rate8h }},
		{"carry_pair_close_premium_ratio", "What closing a pair now would pay over spot.", func(p *PairLine) Figure { return p.ClosePremium }},
		{"carry_pair_gap_coins", "Coins of a pair less those that its contracts stand for.", func(p *PairLine) Figure { return p.Gap }},
	} {
		for i := range s.Pairs {
			if p := &s.Pairs[i]; p.Held() {
				out = append(out, metric{f.name, f.help, "gauge", label("coin", p.Coin), float64(f.of(p))})
			}
		}
	}
	return out
}

// label is one label with its value escaped as the format wants it.
func label(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// exposition writes the text. What is not known is left out.
func exposition(list []metric) string {
	var b strings.Builder
	before := ""
	for k := range list {
		m := &list[k]
		if math.IsNaN(m.value) {
			continue
		}
		if m.name != before {
			b.WriteString("# HELP " + m.name + " " + m.help + "\n# TYPE " + m.name + " " + m.kind + "\n")
			before = m.name
		}
		b.WriteString(m.name)
		if m.labels != "" {
			b.WriteString("{" + m.labels + "}")
		}
		value := strconv.FormatFloat(m.value, 'g', -1, 64)
		if math.IsInf(m.value, 1) {
			value = "+Inf"
		}
		b.WriteString(" " + value + "\n")
	}
	return b.String()
}
