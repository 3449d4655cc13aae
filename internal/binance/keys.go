package binance

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"carry"
)

// Names under which keys are looked for, in the environment and in a key file.
const (
	EnvKey    = "CARRY_API_KEY"
	EnvSecret = "CARRY_API_SECRET"
)

// recvWindow is how late a signed request may arrive, milliseconds.
const recvWindow = 5000

// Keys sign requests. However they are printed, nothing of them shows.
type Keys struct{ key, secret string }

// String hides the keys.
func (*Keys) String() string { return "***" }

// GoString hides the keys from %#v.
func (*Keys) GoString() string { return "***" }

// MarshalJSON hides the keys.
func (*Keys) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// ErrKeys says that keys cannot be used as they were given.
var ErrKeys = errors.New("API keys")

// LoadKeys takes the keys from file where one is named, else from the
// environment; nil without error where there are none. A file holds the lines
// CARRY_API_KEY=… and CARRY_API_SECRET=… and must not be readable for others.
func LoadKeys(file string, env func(string) string) (*Keys, error) {
	get := env
	if file != "" {
		values, err := readKeyFile(file)
		if err != nil {
			return nil, err
		}
		get = func(name string) string { return values[name] }
	}
	k := &Keys{key: get(EnvKey), secret: get(EnvSecret)}
	switch {
	case k.key == "" && k.secret == "" && file == "":
		return nil, nil
	case k.key == "" || k.secret == "":
		return nil, fmt.Errorf("%w: both %s and %s are needed", ErrKeys, EnvKey, EnvSecret)
	case strings.ContainsAny(k.key+k.secret, " \t\r\n\"'"):
		return nil, fmt.Errorf("%w: a space or quote is in %s or %s", ErrKeys, EnvKey, EnvSecret)
	}
	return k, nil
}

func readKeyFile(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&^fs.FileMode(0o600) != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o, others may read it: chmod 600 %s", ErrKeys, file, info.Mode().Perm(), file)
	}
	return parseKeys(f, file)
}

// parseKeys reads the lines of a key file. No error tells what stands in it.
func parseKeys(r io.Reader, file string) (map[string]string, error) {
	values := map[string]string{}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || name != EnvKey && name != EnvSecret {
			return nil, fmt.Errorf("%w: %s line %d is neither %s=… nor %s=…", ErrKeys, file, n, EnvKey, EnvSecret)
		}
		values[name] = value
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeys, file, err)
	}
	return values, nil
}

// sign adds time and HMAC-SHA256 signature to an encoded query.
func (k *Keys) sign(query string, at carry.Time) string {
	if query != "" {
		query += "&"
	}
	query += "recvWindow=" + strconv.Itoa(recvWindow) + "&timestamp=" + strconv.FormatInt(int64(at), 10)
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte(query))
	return query + "&signature=" + hex.EncodeToString(mac.Sum(nil))
}
