package panel

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names under which it is looked for where alarms go.
const (
	EnvWebhook       = "CARRY_ALARM_WEBHOOK"   // address that takes a POST of JSON
	EnvTelegramToken = "CARRY_TELEGRAM_TOKEN"  // a bot's
	EnvTelegramChat  = "CARRY_TELEGRAM_CHAT"   // id of the chat to write to
	EnvTelegramURL   = "CARRY_TELEGRAM_URL"    // of a server that takes the same; default Telegram's
	EnvWatchdog      = "CARRY_WATCHDOG_URL"    // address that wants a GET while all is well
	EnvWatchdogEvery = "CARRY_WATCHDOG_EVERYS" // seconds between two; 60
)

var wireNames = []string{EnvWebhook, EnvTelegramToken, EnvTelegramChat, EnvTelegramURL, EnvWatchdog, EnvWatchdogEvery}

// Wires are the ways out of the machine.
type Wires struct {
	Channels []Channel
	Watchdog *Watchdog
}

// LoadWires takes them from file where one is named, else from the environment.
// Addresses and tokens are secrets: the file must be its owner's alone, and no
// error tells what stands in it.
func LoadWires(file string, env func(string) string) (*Wires, error) {
	get := env
	if file != "" {
		values, err := readWires(file)
		if err != nil {
			return nil, err
		}
		get = func(name string) string { return values[name] }
	}
	w := &Wires{}
	if address := get(EnvWebhook); address != "" {
		c, err := NewWebhook(address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", EnvWebhook, err)
		}
		w.Channels = append(w.Channels, c)
	}
	if token, chat := get(EnvTelegramToken), get(EnvTelegramChat); token != "" || chat != "" {
		c, err := NewTelegram(get(EnvTelegramURL), token, chat)
		if err != nil {
			return nil, fmt.Errorf("%s, %s, %s: %w", EnvTelegramToken, EnvTelegramChat, EnvTelegramURL, err)
		}
		w.Channels = append(w.Channels, c)
	}
	if address := get(EnvWatchdog); address != "" {
		every, err := watchdogEvery(get(EnvWatchdogEvery))
		if err != nil {
			return nil, err
		}
		if w.Watchdog, err = NewWatchdog(address, every); err != nil {
			return nil, fmt.Errorf("%s: %w", EnvWatchdog, err)
		}
	}
	return w, nil
}

func watchdogEvery(text string) (time.Duration, error) {
	if text == "" {
		return time.Minute, nil
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s >= 0.1 && s <= 3600) {
		return 0, fmt.Errorf("%s is not between 0.1 and 3600 seconds", EnvWatchdogEvery)
	}
	return time.Duration(s * float64(time.Second)), nil
}

func readWires(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read where alarms go: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read where alarms go: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o, others may read it: chmod 600 %s", file, info.Mode().Perm(), file)
	}
	return parseWires(f, file)
}

func parseWires(r io.Reader, file string) (map[string]string, error) {
	values := map[string]string{}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || !slices.Contains(wireNames, name) {
			return nil, fmt.Errorf("%s line %d is not NAME=… with one of %s", file, n, strings.Join(wireNames, ", "))
		}
		values[name] = value
	}
	if err := in.Err(); err != nil {
		return nil, errors.New("read where alarms go: " + file + " has a line that is too long")
	}
	return values, nil
}
