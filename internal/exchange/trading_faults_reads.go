package exchange

import (
	"regexp"
	"strings"
	"time"
)

// readFaults are what may happen to a question that may be asked again.
var readFaults = [...]tradeFault{
	{"read-reset", "N1", "the connection is cut", RightEqual, 2, 0.1, 25, false, nil, cutOff},
	{"read-busy", "X3", "503 with -1008", RightEqual, 2, 0.1, 25, false, nil,
		says(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")},
	{"read-timeout", "X1", "408 with -1007", RightEqual, 2, 0.1, 25, false, nil, says(408, -1007, timeoutWords)},
	{"read-page", "N10", "a gateway's page with 502", RightEqual, 2, 0.1, 25, false, nil, body(502, "text/html", edgePage)},
	{"read-page-200", "N10", "a gateway's page with 200", RightEqual, 2, 0.1, 25, false, nil, body(200, "text/html", edgePage)},
	{"read-empty", "N10", "200 without a body", RightEqual, 2, 0.1, 25, false, nil, body(200, "", "")},
	{"read-null", "X8", "200 and null", RightEqual, 2, 0.1, 25, false, nil, body(200, "", "null")},
	{"read-error-200", "X8", "200 and an error object", RightEqual, 2, 0.1, 25, false, nil,
		says(200, -1001, "Internal error; unable to process your request. Please try again.")},
	{"read-truncated", "N8", "half of the answer", RightEqual, 2, 0.1, 25, true, nil, halved},
	{"read-gzip", "N8", "noise that calls itself gzip", RightEqual, 2, 0.1, 25, true, nil, noise},
	{"read-other", "N12", "the answer to another question", RightEqual, 2, 0.1, 25, false, nil, body(200, "", `{"serverTime":1499827319559}`)},
	{"read-slow", "N3", "answered after five seconds", RightEqual, 2, 0.1, 25, true, nil, after(5 * time.Second)},
	{"read-hang", "N3", "never answered", RightEqual, 2, 0.02, 5, false, nil, body(hangStatus, "", "")},
	{"read-limited", "X5", "429 and Retry-After: orders wait as well", RightHedged, 2, 0.1, 25, false, nil, stopped(429, "3")},
	{"read-banned", "X5", "418 and Retry-After: orders wait as well", RightHedged, 2, 0.05, 10, false, nil, stopped(418, "120")},
	{"read-clock", "X6 C1", "-1021", RightEqual, 2, 0.1, 25, false, nil, says(400, -1021, "Timestamp for this request is outside of the recvWindow.")},
}

// spoilRead lets a question meet its fault. Bars are spared: a start asks for so
// many that nothing else would be hit.
func (t *Trading) spoilRead(q *query, a answer) answer {
	if q.method != "GET" || strings.Contains(strings.ToLower(q.path), "klines") || strings.HasSuffix(q.path, "/time") {
		return a
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.faults.pickOf(readFaults[:], nil); f != nil {
		header := a.header
		a = f.spoil(t, nil, a)
		a.header = append(a.header, header...)
	}
	return a
}

// replaced is text with the first place that fits a pattern changed.
func replaced(text []byte, pattern, by string) []byte {
	re := regexp.MustCompile(pattern)
	at := re.FindSubmatchIndex(text)
	if at == nil {
		return text
	}
	out := append([]byte(nil), text[:at[0]]...)
	out = re.Expand(out, []byte(by), text, at)
	return append(out, text[at[1]:]...)
}
