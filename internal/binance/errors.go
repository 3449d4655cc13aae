package binance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Errors that a crawl decides by. They are wrapped with host and path; no
// message contains a query, which may be signed.
var (
	// ErrNotFound: the archive has no such file.
	ErrNotFound = errors.New("not found")
	// ErrUnknownSymbol: the exchange does not know the symbol (any more); −1121.
	ErrUnknownSymbol = errors.New("the exchange does not know this symbol")
	// ErrUnreachable: no answer after all attempts.
	ErrUnreachable = errors.New("no usable answer")
	// ErrRefused: the exchange answered, and will not serve this request.
	ErrRefused = errors.New("refused by the exchange")
	// ErrChecksum: a file's bytes are not those that its .CHECKSUM names.
	ErrChecksum = errors.New("checksum differs")
	// ErrArchive: a file is not an archive as the exchange makes them.
	ErrArchive = errors.New("archive refused")
)

// codeUnknownSymbol is Binance's "Invalid symbol.".
const codeUnknownSymbol = -1121

// StatusError is an answer with an HTTP status that is not 200.
type StatusError struct {
	Host   string // spot, futures, archive, listing
	Path   string
	Status int
	Code   int    // of the body; 0 where it was none of the exchange's
	Msg    string // of the body
}

// Error is one line without query.
func (e *StatusError) Error() string {
	if e.Code != 0 || e.Msg != "" {
		return fmt.Sprintf("%s %s: HTTP %d: %s (%d)", e.Host, e.Path, e.Status, e.Msg, e.Code)
	}
	return fmt.Sprintf("%s %s: HTTP %d", e.Host, e.Path, e.Status)
}

// Unwrap tells the kind.
func (e *StatusError) Unwrap() error {
	switch {
	case e.Status == 404 && e.Code == 0:
		return ErrNotFound
	case e.Code == codeUnknownSymbol:
		return ErrUnknownSymbol
	case e.transient():
		return ErrUnreachable
	}
	return ErrRefused
}

// transient tells whether the same request may succeed later.
func (e *StatusError) transient() bool {
	switch {
	case e.Status >= 500, e.Status == 408:
		return true
	case e.limited():
		return true
	case e.Code == -1001 || e.Code == -1007 || e.Code == -1008 || e.Code == -1021:
		return true
	}
	// A page of a proxy instead of an answer.
	return e.Status != 404 && e.Status != 403 && e.Status != 451 && e.Code == 0
}

// limited tells that we ask too much.
func (e *StatusError) limited() bool { return e.Status == 429 || e.Status == 418 }

// redact replaces a transport error, whose text holds the whole URL with its
// signature, by its cause.
func redact(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("host %s cannot be found", dns.Name)
	}
	if i := strings.IndexByte(err.Error(), '?'); i >= 0 {
		return errors.New(err.Error()[:i])
	}
	return err
}
