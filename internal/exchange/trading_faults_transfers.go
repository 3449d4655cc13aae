package exchange

import (
	"time"

	"carry"
)

// Kinds of faults of transfers that other rooms name.
const (
	TransferLost       TradeFaultKind = "transfer-lost"
	TransferAnswerLost TradeFaultKind = "transfer-answer-lost"
)

// transferFaults are what may happen to a transfer that is asked for; it has no
// name of its own.
var transferFaults = [...]tradeFault{
	{TransferLost, "R4 N1", "the connection is cut before it was made", RightHedged, 1, 1, 3, false, nil, cutOff},
	{TransferAnswerLost, "H9", "made; the connection is cut before the answer", RightEqual, 1, 1, 25, true, nil, cutOff},
	{"transfer-unknown", "H9 X2", "made; 503 \"Unknown error\"", RightEqual, 1, 1, 25, true, nil, says(503, -1, "Unknown error, please check your request or try again later.")},
	{"transfer-page", "H9 N10", "made; a gateway's page with 502", RightEqual, 1, 1, 25, true, nil, body(502, "text/html", edgePage)},
	{"transfer-empty", "H9 X8", "made; 200 and {}", RightEqual, 1, 1, 25, true, nil, body(200, "", "{}")},
	{"transfer-hang", "H9 N3", "made; never answered", RightEqual, 1, 1, 3, true, nil, body(hangStatus, "", "")},
	{"transfer-slow", "U7", "made; answered after five seconds", RightEqual, 1, 1, 25, true, nil, after(5 * time.Second)},
	{"transfer-busy", "X3", "not made; 503 with -1008", RightHedged, 1, 1, 3, false, nil,
		says(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")},
	{"transfer-refused", "T1 H8", "not made; -5013: withdrawable is below available", RightHedged, 1, 1, 3, false, nil, says(400, -5013, "Asset transfer failed: insufficient balance")},
	{"transfer-not-permitted", "X21 H8", "not made; -2015", RightHedged, 1, 1, 3, false, nil, says(401, -2015, "Invalid API-key, IP, or permissions for action.")},
	{"transfer-failed", "T1 H8", "taken, and FAILED in the history", RightHedged, 1, 1, 3, false, nil, failsLater},
	{"transfer-pending", "H8", "made, and PENDING in the history for hours", RightHedged, 1, 1, 3, true, nil, pending},
	{"transfer-unlisted", "N12", "made, and not in the history for hours", RightHedged, 1, 1, 3, true, nil, unlisted},
}

// transfer lets a transfer meet its fault.
func (b *tradeFaultBook) transfer(t *Trading, x *transfer, accept func() answer) answer {
	f := b.pickOf(transferFaults[:], nil)
	if f == nil {
		return accept()
	}
	t.asked = x
	if f.taken {
		return f.spoil(t, nil, accept())
	}
	return f.spoil(t, nil, answer{})
}

func failsLater(t *Trading, _ *order, _ answer) answer {
	t.asked.status = "FAILED"
	t.transfers = append(t.transfers, t.asked)
	return asJSON(object{{"tranId", t.asked.id}})
}

// laggingFor is how long the history of transfers lags behind.
const laggingFor = 3 * carry.Hour

func pending(t *Trading, _ *order, a answer) answer {
	t.asked.pendingUntil = t.clock.at() + laggingFor
	return a
}

func unlisted(t *Trading, _ *order, a answer) answer {
	t.asked.hiddenUntil = t.clock.at() + laggingFor
	return a
}
