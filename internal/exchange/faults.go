package exchange

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"time"

	"carry"
)

// FaultKind names a way to misbehave.
type FaultKind string

// The kinds of faults. Those of answers come instead of what was asked for;
// those of transfers spoil it on its way and are gone when it is asked for
// again (unless FaultRule.Published); those of content are what the server
// has: the same each time, and a checksum that fits.
const (
	// Answers.
	Fault429       FaultKind = "429"      // too many requests, Retry-After; holds until then
	Fault418       FaultKind = "418"      // banned, Retry-After; holds until then
	Fault500       FaultKind = "500"      // with a JSON error
	Fault502       FaultKind = "502"      // with plain text
	Fault503       FaultKind = "503"      // with futures' text for "unknown"
	Fault504       FaultKind = "504"      // with an empty body
	FaultHTML200   FaultKind = "html-200" // an HTML page with status 200
	FaultHTML502   FaultKind = "html-502" // an edge's HTML page
	FaultJSON200   FaultKind = "json-200" // a JSON error with status 200
	FaultEmptyBody FaultKind = "empty"    // status 200 and nothing
	FaultHang      FaultKind = "hang"     // no answer until the client leaves
	FaultReset     FaultKind = "reset"    // the connection is reset
	FaultRedirect  FaultKind = "redirect" // to another host
	FaultEmptyPage FaultKind = "no-rows"  // an empty list, status 200

	// Transfers.
	FaultTruncated       FaultKind = "truncated"        // half of the announced length
	FaultDrip            FaultKind = "drip"             // in pieces with pauses
	FaultCutLocal        FaultKind = "cut-local"        // zip cut in the local header
	FaultCutName         FaultKind = "cut-name"         // ... in the entry's name
	FaultCutData         FaultKind = "cut-data"         // ... in the data
	FaultCutDescriptor   FaultKind = "cut-descriptor"   // ... in the data descriptor
	FaultCutCentral      FaultKind = "cut-central"      // ... in the central directory
	FaultCutEnd          FaultKind = "cut-end"          // ... in the end record
	FaultWrongChecksum   FaultKind = "wrong-checksum"   // of another content
	FaultMissingChecksum FaultKind = "missing-checksum" // 404
	FaultWrongContent    FaultKind = "wrong-content"    // another symbol's answer or file

	// Content: rows of klines and funding, in files and by REST.
	FaultMissingDays    FaultKind = "missing-days"    // two days of a monthly file or a page
	FaultDuplicateRows  FaultKind = "duplicate-rows"  // every 50th row twice
	FaultReorderedRows  FaultKind = "reordered-rows"  // the second half before the first
	FaultNaNCell        FaultKind = "nan-cell"        // one price is NaN
	FaultEmptyCell      FaultKind = "empty-cell"      // one price is empty
	FaultFundingJitter  FaultKind = "funding-jitter"  // stamps up to a second off
	FaultIntervalChange FaultKind = "interval-change" // from At on, twice as often

	// Content of files alone.
	FaultHeaderFlipped  FaultKind = "header-flipped"  // a header row where there is none, none where there is one
	FaultHeaderRepeated FaultKind = "header-repeated" // in the middle too
	FaultMicrosFlipped  FaultKind = "micros-flipped"  // the other unit of time
	FaultMicrosMixed    FaultKind = "micros-mixed"    // every other row in the other unit
	FaultTickerReuse    FaultKind = "ticker-reuse"    // rows after the delivery
	FaultZipBomb        FaultKind = "zip-bomb"        // unpacks to Options.BombBytes more
	FaultPathParent     FaultKind = "path-parent"     // entry ../x
	FaultPathAbsolute   FaultKind = "path-absolute"   // entry /tmp/x
	FaultPathBackslash  FaultKind = "path-backslash"  // entry ..\x
	FaultTwoEntries     FaultKind = "two-entries"     // a second entry
	FaultSymlink        FaultKind = "symlink"         // the entry is a symbolic link
	FaultRepublished    FaultKind = "republished"     // until At the file has other content

	// Listing.
	FaultListRepeated FaultKind = "list-repeated"  // a later page is the first one again
	FaultListNoMarker FaultKind = "list-no-marker" // truncated, without NextMarker
)

// stage is where a kind of fault acts.
type stage uint8

const (
	stageAnswer stage = iota + 1
	stageTransfer
	stageRows
	stageFile
	stageListing
)

// faultKind is a line of the table of kinds.
type faultKind struct {
	kind  FaultKind
	stage stage
	// where: which requests it can hit.
	where func(h host, path string) bool
}

func anywhere(host, string) bool       { return true }
func restOnly(h host, _ string) bool   { return h == spotHost || h == futuresHost }
func zipOnly(h host, path string) bool { return h == archiveHost && strings.HasSuffix(path, ".zip") }
func sumOnly(h host, path string) bool {
	return h == archiveHost && strings.HasSuffix(path, ".CHECKSUM")
}
func listingOnly(h host, _ string) bool { return h == listingHost }
func monthlyOnly(h host, path string) bool {
	return restOnly(h, path) || strings.Contains(path, "/monthly/")
}
func fundingOnly(_ host, path string) bool { return strings.Contains(path, "/fundingRate") }
func klineRows(_ host, path string) bool   { return strings.Contains(strings.ToLower(path), "klines") }
func symbolled(h host, path string) bool {
	return zipOnly(h, path) || restOnly(h, path) && (klineRows(h, path) || fundingOnly(h, path))
}

// faultKinds is the table of all kinds.
var faultKinds = [...]faultKind{
	{Fault429, stageAnswer, anywhere}, {Fault418, stageAnswer, anywhere}, {Fault500, stageAnswer, anywhere},
	{Fault502, stageAnswer, anywhere}, {Fault503, stageAnswer, anywhere}, {Fault504, stageAnswer, anywhere},
	{FaultHTML200, stageAnswer, anywhere}, {FaultHTML502, stageAnswer, anywhere}, {FaultJSON200, stageAnswer, anywhere},
	{FaultEmptyBody, stageAnswer, anywhere}, {FaultHang, stageAnswer, anywhere}, {FaultReset, stageAnswer, anywhere},
	{FaultRedirect, stageAnswer, anywhere}, {FaultEmptyPage, stageAnswer, restOnly},
	{FaultTruncated, stageTransfer, anywhere}, {FaultDrip, stageTransfer, anywhere},
	{FaultCutLocal, stageTransfer, zipOnly}, {FaultCutName, stageTransfer, zipOnly}, {FaultCutData, stageTransfer, zipOnly},
	{FaultCutDescriptor, stageTransfer, zipOnly}, {FaultCutCentral, stageTransfer, zipOnly}, {FaultCutEnd, stageTransfer, zipOnly},
	{FaultWrongChecksum, stageTransfer, sumOnly}, {FaultMissingChecksum, stageTransfer, sumOnly}, {FaultWrongContent, stageTransfer, symbolled},
	{FaultMissingDays, stageRows, monthlyOnly}, {FaultDuplicateRows, stageRows, anywhere}, {FaultReorderedRows, stageRows, anywhere},
	{FaultNaNCell, stageRows, anywhere}, {FaultEmptyCell, stageRows, anywhere},
	{FaultFundingJitter, stageRows, fundingOnly}, {FaultIntervalChange, stageRows, fundingOnly},
	{FaultHeaderFlipped, stageFile, zipOnly}, {FaultHeaderRepeated, stageFile, zipOnly}, {FaultMicrosFlipped, stageFile, zipOnly},
	{FaultMicrosMixed, stageFile, zipOnly}, {FaultTickerReuse, stageFile, klineRows}, {FaultZipBomb, stageFile, zipOnly},
	{FaultPathParent, stageFile, zipOnly}, {FaultPathAbsolute, stageFile, zipOnly}, {FaultPathBackslash, stageFile, zipOnly},
	{FaultTwoEntries, stageFile, zipOnly}, {FaultSymlink, stageFile, zipOnly}, {FaultRepublished, stageFile, zipOnly},
	{FaultListRepeated, stageListing, listingOnly}, {FaultListNoMarker, stageListing, listingOnly},
}

// FaultKinds are the names of all kinds, in the order of the table.
func FaultKinds() []FaultKind {
	out := make([]FaultKind, len(faultKinds))
	for i := range faultKinds {
		out[i] = faultKinds[i].kind
	}
	return out
}

// Faults are a schedule of misbehaviour. The same seed and the same requests
// give the same faults; chance hangs on what is asked for and how often it was
// asked for before, not on which of several requests comes first.
type Faults struct {
	Seed  uint64
	Rules []FaultRule
}

// FaultRule says which requests a fault hits. A request takes the first fault
// of Answers and Transfers that hits it, in the order of the rules; faults of
// content add up.
type FaultRule struct {
	Kind FaultKind
	// Path is held against path?query; * stands for any text, and a pattern
	// without a ? is held against the path alone. "" is everything. Faults of
	// content in files are held against the path of the .zip.
	Path string
	// Nth spares the requests (files, for content) before the nth, from 1.
	Nth int
	// Prob is the chance of each; 0 means 1.
	Prob float64
	// Times limits how often it hits (how many files, for content); 0: no limit.
	Times int
	// RetryAfter of 429 and 418; 3 s and 2 min.
	RetryAfter time.Duration
	// At of interval-change and republished.
	At carry.Time
	// Published makes a cut a file's content: it is so each time and the
	// checksum fits.
	Published bool
}

// faultBook decides and counts. It is safe for concurrent use.
type faultBook struct {
	seed  uint64
	facts Facts

	mu    sync.Mutex
	rules []ruleState
	count map[FaultKind]int
}

type ruleState struct {
	FaultRule
	faultKind
	index int
	seen  int             // matching requests or files
	done  int             // hits
	asked map[string]int  // for chance: how often a request came
	files map[string]bool // for content: what was decided of a file
}

// newFaultBook checks a schedule.
func newFaultBook(f Faults, facts Facts) (*faultBook, error) {
	b := &faultBook{seed: f.Seed, facts: facts, count: map[FaultKind]int{}}
	for i, r := range f.Rules {
		st := ruleState{FaultRule: r, index: i, asked: map[string]int{}, files: map[string]bool{}}
		for _, k := range faultKinds {
			if k.kind == r.Kind {
				st.faultKind = k
			}
		}
		switch {
		case st.stage == 0:
			return nil, fmt.Errorf("fault rule %d: there is no fault %q", i+1, r.Kind)
		case r.Prob < 0 || r.Prob > 1 || math.IsNaN(r.Prob):
			return nil, fmt.Errorf("fault rule %d (%s): probability %g is outside 0..1", i+1, r.Kind, r.Prob)
		case r.Nth < 0 || r.Times < 0:
			return nil, fmt.Errorf("fault rule %d (%s): nth and times must not be negative", i+1, r.Kind)
		case r.At == 0 && (r.Kind == FaultIntervalChange || r.Kind == FaultRepublished):
			return nil, fmt.Errorf("fault rule %d (%s): needs At, the time from which it holds", i+1, r.Kind)
		}
		if r.Published && strings.HasPrefix(string(r.Kind), "cut-") {
			st.stage = stageFile
		}
		b.rules = append(b.rules, st)
	}
	return b, nil
}

// counts are the faults served so far.
func (b *faultBook) counts() map[FaultKind]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.count)
}

// matches holds a rule's pattern and place against a request.
func (r *ruleState) matches(h host, path, query string) bool {
	if !r.where(h, path) {
		return false
	}
	if r.Path == "" {
		return true
	}
	if strings.Contains(r.Path, "?") && query != "" {
		path += "?" + query
	}
	return glob(r.Path, path)
}

// glob matches text with a pattern in which * stands for any text.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, last)
}

// hits decides whether a matching request is hit. The caller holds the lock.
func (b *faultBook) hits(r *ruleState, what string) bool {
	r.seen++
	n := 0
	if r.Prob > 0 && r.Prob < 1 {
		n = r.asked[what]
		r.asked[what] = n + 1
	}
	if r.seen < r.Nth || r.Times > 0 && r.done >= r.Times {
		return false
	}
	if r.Prob > 0 && r.Prob < 1 {
		h := mix(mix(b.seed+uint64(r.index)<<32+uint64(n), what), "chance")
		if float64(h>>11)/(1<<53) >= r.Prob {
			return false
		}
	}
	r.done++
	return true
}

// pick is the fault of an answer or transfer that hits a request, or nil. Only
// sound answers can be spoiled on their way.
func (b *faultBook) pick(h host, path, query string, sound bool) *FaultRule {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.rules {
		r := &b.rules[i]
		if r.stage != stageAnswer && !(r.stage == stageTransfer && sound) || !r.matches(h, path, query) {
			continue
		}
		if b.hits(r, path+"?"+query) {
			b.count[r.FaultRule.Kind]++
			rule := r.FaultRule
			return &rule
		}
	}
	return nil
}

// listing decides the faults of a listing's page.
func (b *faultBook) listing(query string, later, delimited bool) (repeated, markerless bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.rules {
		r := &b.rules[i]
		possible := r.FaultRule.Kind == FaultListRepeated && later || r.FaultRule.Kind == FaultListNoMarker && delimited
		if !possible || !r.matches(listingHost, listingPath, query) || !b.hits(r, query) {
			continue
		}
		b.count[r.FaultRule.Kind]++
		repeated = repeated || r.FaultRule.Kind == FaultListRepeated
		markerless = markerless || r.FaultRule.Kind == FaultListNoMarker
	}
	return repeated, markerless
}
