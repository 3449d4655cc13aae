package swarm

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// roundTripper is a way to the exchange behind a bug.
type roundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// posts is a bug in what becomes of a request that changes something and has an
// answer that does not say what was done.
func posts(path string, then func(in http.RoundTripper, r *http.Request, body []byte) (*http.Response, error)) func() *seams {
	return func() *seams {
		return &seams{wire: func(in http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, path) {
					return in.RoundTrip(r)
				}
				var body []byte
				if r.Body != nil {
					var err error
					if body, err = io.ReadAll(r.Body); err != nil {
						return nil, err
					}
					r.Body = io.NopCloser(bytes.NewReader(body))
				}
				resp, err := in.RoundTrip(r)
				if err == nil && resp.StatusCode != http.StatusRequestTimeout && resp.StatusCode < 500 {
					return resp, err
				}
				if err == nil {
					resp.Body.Close()
				}
				return then(in, r, body)
			})
		}}
	}
}

// again sends the same request once more.
func again(in http.RoundTripper, r *http.Request, body []byte) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return in.RoundTrip(r)
}

// refused takes it for a refusal.
func refused(_ http.RoundTripper, r *http.Request, _ []byte) (*http.Response, error) {
	return answered(r, http.StatusBadRequest, `{"code":-2010,"msg":"Account has insufficient balance for requested action."}`), nil
}

func answered(r *http.Request, status int, body string) *http.Response {
	return &http.Response{Status: fmt.Sprint(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}

// noTrades gets no trades from the history, on a network whose links fall silent.
func noTrades() *seams {
	n := &network{dice: dice{rand.New(rand.NewPCG(7, 7))}}
	return &seams{pace: n.pace, wire: func(in http.RoundTripper) http.RoundTripper {
		in = n.over(in)
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/myTrades") || strings.HasSuffix(r.URL.Path, "/userTrades") {
				return answered(r, 200, "[]"), nil
			}
			return in.RoundTrip(r)
		})
	}}
}
