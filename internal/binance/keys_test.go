package binance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sentinelKey, sentinelSecret = "SENTINELKEY0123456789", "SENTINELSECRET0123456789"

// hides fails when something of the keys shows in a text.
func hides(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, "SENTINEL") {
		t.Errorf("%s shows the keys: %s", what, text)
	}
}

// Keys come from the environment or from a file that nobody else may read, both
// of them or none; whatever goes wrong, they are not in the message.
func TestKeysComeFromTheEnvironmentOrAPrivateFile(t *testing.T) {
	none := func(string) string { return "" }
	if k, err := LoadKeys("", none); k != nil || err != nil {
		t.Errorf("without any: %v, %v", k, err)
	}
	k, err := LoadKeys("", func(name string) string {
		return map[string]string{EnvKey: sentinelKey, EnvSecret: sentinelSecret}[name]
	})
	if err != nil || k.key != sentinelKey || k.secret != sentinelSecret {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(struct{ K *Keys }{k})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), string(asJSON), k.sign("a=1", 5)} {
		hides(t, "printing", text)
	}
	both := EnvKey + "=" + sentinelKey + "\n" + EnvSecret + "=" + sentinelSecret + "\n"
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		ok         bool
	}{
		{"private", "# mine\n\n" + both, 0o600, true},
		{"read only", both, 0o400, true},
		{"for the group", both, 0o640, false},
		{"for all", both, 0o644, false},
		{"executable", both, 0o700, false},
		{"one of them", EnvKey + "=" + sentinelKey + "\n", 0o600, false},
		{"another name", both + "PASSWORD=" + sentinelKey + "\n", 0o600, false},
		{"a line without name", sentinelKey + "\n", 0o600, false},
		{"quoted", strings.Replace(both, "=S", "=\"S", 1), 0o600, false},
		{"a long line", strings.Repeat(sentinelKey, 10_000), 0o600, false},
		{"empty", "", 0o600, false},
	} {
		file := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		k, err := LoadKeys(file, none)
		switch {
		case c.ok && (err != nil || k.key != sentinelKey || k.secret != sentinelSecret):
			t.Errorf("%s: %v", c.name, err)
		case !c.ok && !errors.Is(err, ErrKeys):
			t.Errorf("%s was taken: %v", c.name, err)
		case err != nil:
			hides(t, c.name, err.Error())
		}
	}
	if _, err := LoadKeys(t.TempDir(), none); !errors.Is(err, ErrKeys) {
		t.Errorf("a folder: %v", err)
	}
}

// The exchange's own example of a signature (rest-api.md, SIGNED endpoints).
func TestSignatureIsTheDocumentedOne(t *testing.T) {
	k := &Keys{key: "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", secret: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"}
	got := k.sign("symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1", 1499827319559)
	const want = "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
	if !strings.HasSuffix(got, want) {
		t.Errorf("%s, want …%s", got, want)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add(EnvKey + "=a\n" + EnvSecret + "=b\n")
	f.Add("# x\n\n" + EnvKey + "==\n")
	f.Add("A=SENTINEL")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseKeys(strings.NewReader(text), "keys")
		if err != nil && !errors.Is(err, ErrKeys) {
			t.Fatal(err)
		}
		for name, value := range values {
			if name != EnvKey && name != EnvSecret || !strings.Contains(text, name+"="+value) {
				t.Fatalf("%q gave %s=%s", text, name, value)
			}
		}
	})
}
