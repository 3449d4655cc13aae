package exchange

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"carry"
)

// query is one request, taken apart.
type query struct {
	now          carry.Time
	market       Market
	method, path string
	rawQuery     string
	rawBody      string
	apiKey       string
	params       []param
	route        *route
	trading      bool // the trading half is there
	// pace is how fast the market runs, at least 1: a network's milliseconds are real
	// ones, so that the window for signed requests is that much wider in market time.
	pace float64
}

// param is one name=value pair, decoded.
type param struct{ name, value string }

// parseParams reads name=value pairs as they come, from query and body. An
// undecodable pair is refused by its name.
func parseParams(dst []param, raw string) ([]param, *refusal) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return dst, illegal(name, ".*")
		}
		for i := range dst {
			if dst[i].name == n {
				return dst, &refusal{400, -1101, "Duplicate values for parameter '" + n + "'."}
			}
		}
		dst = append(dst, param{n, v})
	}
	return dst, nil
}

// get is a parameter's value and whether it was sent.
func (q *query) get(name string) (string, bool) {
	for i := range q.params {
		if q.params[i].name == name {
			return q.params[i].value, true
		}
	}
	return "", false
}

// must is a mandatory parameter.
func (q *query) must(name string) (string, *refusal) {
	v, _ := q.get(name)
	if v == "" {
		return "", missing(name)
	}
	return v, nil
}

// integer is an optional number in Binance's range of digits.
func (q *query) integer(name string) (v int64, sent bool, r *refusal) {
	text, sent := q.get(name)
	if !sent {
		return 0, false, nil
	}
	if text == "" {
		return 0, true, &refusal{400, -1105, "Parameter '" + name + "' was empty."}
	}
	if len(text) > 19 || strings.Trim(text, "0123456789") != "" {
		return 0, true, illegal(name, "^[0-9]{1,20}$")
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, true, illegal(name, "^[0-9]{1,20}$")
	}
	return v, true, nil
}

// moment is an optional time; spot accepts microseconds too (binance.md §1.1).
func (q *query) moment(name string) (carry.Time, bool, *refusal) {
	v, sent, r := q.integer(name)
	if q.market == SpotMarket && v > microsFrom {
		v /= 1000
	}
	return carry.Time(v), sent, r
}

// microsFrom separates milliseconds from microseconds: ms reach 1e14 in 5138.
const microsFrom = 100_000_000_000_000

// limit is the number of rows asked for: the default if none is sent, at most
// the maximum.
func (q *query) limit(normal, most int) (int, *refusal) {
	v, sent, r := q.integer("limit")
	switch {
	case r != nil:
		return 0, r
	case !sent:
		return normal, nil
	case v == 0:
		return 0, &refusal{400, -1130, "Data sent for parameter 'limit' is not valid."}
	}
	return int(min(v, int64(most))), nil
}

// refusal is an error as Binance words it.
type refusal struct {
	status int
	code   int
	msg    string
}

func missing(name string) *refusal {
	return &refusal{400, -1102, "Mandatory parameter '" + name + "' was not sent, was empty/null, or malformed."}
}

func illegal(name, legal string) *refusal {
	return &refusal{400, -1100, "Illegal characters found in parameter '" + name + "'; legal range is '" + legal + "'."}
}

func invalidSymbol() *refusal { return &refusal{400, -1121, "Invalid symbol."} }

func (r *refusal) answer() answer {
	return answer{status: r.status, body: []byte(`{"code":` + strconv.Itoa(r.code) + `,"msg":` + strconv.Quote(r.msg) + `}`)}
}

// unread refuses parameters that an endpoint does not know. Spot does this;
// the futures market ignores them.
func (q *query) unread() *refusal {
	if q.market != SpotMarket {
		return nil
	}
	read := 0
	for _, p := range q.params {
		for _, known := range q.route.params {
			if p.name == known {
				read++
			}
		}
	}
	if read == len(q.params) {
		return nil
	}
	return &refusal{400, -1104, "Not all sent parameters were read; read '" + strconv.Itoa(read) +
		"' parameter(s) but was sent '" + strconv.Itoa(len(q.params)) + "'."}
}

// maxRecvWindow and defaultRecvWindow are in milliseconds (binance.md §3.3).
const (
	maxRecvWindow     = 60_000
	defaultRecvWindow = 5_000
)

// authorize checks a signed request: key, signature, then time. secrets maps
// API keys to their secrets.
func (q *query) authorize(secrets map[string]string) *refusal {
	if q.apiKey == "" {
		return &refusal{401, -2014, "API-key format invalid."}
	}
	secret, ok := secrets[q.apiKey]
	if !ok {
		return &refusal{401, -2015, "Invalid API-key, IP, or permissions for action."}
	}
	at, sent, r := q.integer("timestamp")
	if r != nil || !sent {
		return missing("timestamp")
	}
	signature, r := q.must("signature")
	if r != nil {
		return r
	}
	want := Sign(secret, stripSignature(q.rawQuery)+stripSignature(q.rawBody))
	if subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(signature))) != 1 {
		return &refusal{400, -1022, "Signature for this request is not valid."}
	}
	window := int64(defaultRecvWindow)
	if text, sent := q.get("recvWindow"); sent {
		v, err := strconv.ParseFloat(text, 64) // three decimals are allowed
		if err != nil || !(v >= 0) {
			return illegal("recvWindow", "^[0-9]{1,20}$")
		}
		if v > maxRecvWindow {
			return &refusal{400, -1131, "recvWindow must be less than 60000"}
		}
		window = int64(v)
	}
	window, ahead := int64(float64(window)*max(q.pace, 1)), int64(1000*max(q.pace, 1))
	switch now := int64(q.now); {
	case at >= now+ahead:
		return &refusal{400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."}
	case now-at > window:
		return &refusal{400, -1021, "Timestamp for this request is outside of the recvWindow."}
	}
	return nil
}

// Sign is Binance's HMAC-SHA256 signature of a payload, which is the query
// followed by the body exactly as sent, in hexadecimal.
func Sign(secret, payload string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(payload))
	return hex.EncodeToString(mac.Sum(nil))
}

// stripSignature removes the signature from raw parameters and changes nothing
// else, since the order and the escapes of the others are signed.
func stripSignature(raw string) string {
	for start := 0; start <= len(raw); {
		end := strings.IndexByte(raw[start:], '&')
		if end < 0 {
			end = len(raw)
		} else {
			end += start
		}
		if strings.HasPrefix(raw[start:end], "signature=") {
			if end < len(raw) {
				return raw[:start] + raw[end+1:]
			}
			return strings.TrimSuffix(raw[:start], "&")
		}
		start = end + 1
	}
	return raw
}
