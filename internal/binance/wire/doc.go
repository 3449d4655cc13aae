// Package wire decodes Binance's public messages: REST answers, the archive's
// listing and its CSV files. It is strict: a mandatory field that is missing,
// null or of another type is an error that names it, never a zero. Fields that
// are not needed are ignored, so that new ones do no harm.
//
// Times are milliseconds. Prices and volumes are the float64 nearest to the
// decimal text; settled funding rates are exact steps of 1e-8.
package wire

import (
	"errors"
	"fmt"
)

// ErrFormat says that a message is not what the documentation promises. Such a
// message is not used in any part.
var ErrFormat = errors.New("unexpected message")

// formatError names what is wrong; it wraps ErrFormat.
func formatError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// clip shortens foreign text for an error message and keeps it on one line.
func clip(b []byte) string {
	const most = 60
	out := make([]byte, 0, most)
	for _, c := range b {
		if len(out) == most-3 {
			return string(out) + "..."
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}
