package binance

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"carry"
)

// newTransport is the network with a deadline on everything.
func newTransport(conns int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       60 * time.Second,
		MaxIdleConnsPerHost:   conns,
		MaxConnsPerHost:       conns,
		ForceAttemptHTTP2:     true,
	}
}

// meter is a RoundTripper that keeps what clients hide: status, Retry-After and
// used weight of every answer, errors too. It closes the host's gate on 429 and
// 418, and bounds bodies. It logs nothing.
type meter struct {
	next  http.RoundTripper
	clock Clock
}

// call is what belongs to one request beside itself; it travels in the context.
type call struct {
	gate    *gate
	bodyMax int64
	// Filled in by the meter.
	status int
	used   int // X-MBX-USED-WEIGHT-1M, −1 where it is not sent
}

type callKey struct{}

// Waits where the exchange does not say how long.
const (
	limitedWait = 60 * carry.Second  // 429: the window of the weights
	bannedWait  = 120 * carry.Second // 418: the shortest ban
	waitMax     = 3 * carry.Day      // the longest ban
)

// RoundTrip implements http.RoundTripper.
func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(req)
	c, ok := req.Context().Value(callKey{}).(*call)
	if err != nil || !ok {
		return resp, err
	}
	c.status, c.used = resp.StatusCode, headerInt(resp.Header, "X-Mbx-Used-Weight-1m")
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		c.gate.close(m.clock.Now() + retryAfter(resp.Header, limitedWait))
	case http.StatusTeapot:
		c.gate.close(m.clock.Now() + retryAfter(resp.Header, bannedWait))
	}
	resp.Body = &cappedBody{resp.Body, c.bodyMax}
	return resp, nil
}

// headerInt reads a header that is a whole number, −1 where it is none.
func headerInt(h http.Header, name string) int {
	v, err := strconv.Atoi(h.Get(name))
	if err != nil || v < 0 {
		return -1
	}
	return v
}

// retryAfter reads Retry-After, which Binance sends in seconds.
func retryAfter(h http.Header, otherwise carry.Time) carry.Time {
	s := headerInt(h, "Retry-After")
	if s < 0 {
		return otherwise
	}
	return min(carry.Time(s)*carry.Second, waitMax)
}

// errBodyTooLarge ends a body that is larger than any right one.
var errBodyTooLarge = errors.New("the answer is larger than it can rightly be")

// cappedBody fails, rather than ends, beyond its cap.
type cappedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errBodyTooLarge
	}
	return n, err
}
