package binance

import (
	"fmt"
	"net/url"
	"strings"
)

// URLs are the hosts that are asked. Each may have a path, and none may have a
// query.
type URLs struct {
	Spot    string // REST, spot
	Futures string // REST, USDⓈ-M
	Archive string // files
	Listing string // S3 listing of the files
}

// DefaultURLs are Binance's own.
func DefaultURLs() URLs {
	return URLs{
		Spot: "https://api.binance.com", Futures: "https://fapi.binance.com",
		Archive: "https://data.binance.vision", Listing: "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision",
	}
}

// TestnetURLs are those of the testnets, which have no archive: it is never asked.
// The spot testnet has no sapi: no transfers, and nobody tells what a key may do.
func TestnetURLs() URLs {
	u := DefaultURLs()
	u.Spot, u.Futures = "https://testnet.binance.vision", "https://testnet.binancefuture.com"
	return u
}

// host names one of the four for limits and reports.
type host uint8

const (
	hostSpot host = iota
	hostFutures
	hostArchive
	hostListing
	hostCount
)

var hostNames = [hostCount]string{"spot", "futures", "archive", "listing"}

func (h host) String() string { return hostNames[h] }

// list returns the bases by host after checking them.
func (u URLs) list() ([hostCount]string, error) {
	out := [hostCount]string{u.Spot, u.Futures, u.Archive, u.Listing}
	for h, text := range out {
		p, err := url.Parse(text)
		if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" || p.RawQuery != "" || p.User != nil {
			return out, fmt.Errorf("%s URL %q is not of the form https://host[/path]", host(h), text)
		}
		out[h] = strings.TrimRight(text, "/")
	}
	return out, nil
}
