package exchange

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"sync"

	"carry"
)

// klineHeader is the header row of klines files that have one.
const klineHeader = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"

// fundingHeader is the header row of funding files.
const fundingHeader = "calc_time,funding_interval_hours,last_funding_rate\n"

// klinesCSV writes a klines file: spot never with a header and in microseconds
// from 2025 on; futures with a header in files from 2022-06 on.
func klinesCSV(rows []Kline, step carry.Time, f *archiveFile, p filePlan) []byte {
	header := f.series.Kind != SpotKlines && f.from >= headersSince
	micros := f.series.Kind == SpotKlines && f.from >= microsSince
	if p.has(FaultHeaderFlipped) {
		header = !header
	}
	if p.has(FaultMicrosFlipped) {
		micros = !micros
	}
	mixed, repeated := p.has(FaultMicrosMixed), p.has(FaultHeaderRepeated)
	out := make([]byte, 0, 150*len(rows)+len(klineHeader))
	if header {
		out = append(out, klineHeader...)
	}
	for i := range rows {
		k := &rows[i]
		if repeated && i == len(rows)/2 {
			out = append(out, klineHeader...)
		}
		out = appendStamp(out, k.At, 0, micros != (mixed && i%2 == 1))
		for _, cell := range [...]string{k.Open, k.High, k.Low, k.Close, k.Volume} {
			out = append(append(out, ','), cell...)
		}
		out = append(out, ',')
		out = appendStamp(out, k.At+step, 1, micros != (mixed && i%2 == 1))
		out = append(append(out, ','), k.Quote...)
		out = append(out, ',')
		out = strconv.AppendInt(out, k.Trades, 10)
		out = append(append(out, ','), k.TakerVolume...)
		out = append(append(out, ','), k.TakerQuote...)
		out = append(out, ",0\n"...)
	}
	return out
}

// appendStamp writes a time less some of its last unit.
func appendStamp(dst []byte, at carry.Time, less int64, micros bool) []byte {
	if micros {
		return strconv.AppendInt(dst, int64(at)*1000-less, 10)
	}
	return strconv.AppendInt(dst, int64(at)-less, 10)
}

// fundingCSV writes a funding file.
func fundingCSV(rows []Funding, p filePlan) []byte {
	out := make([]byte, 0, 40*len(rows)+len(fundingHeader))
	if !p.has(FaultHeaderFlipped) {
		out = append(out, fundingHeader...)
	}
	micros, mixed, repeated := p.has(FaultMicrosFlipped), p.has(FaultMicrosMixed), p.has(FaultHeaderRepeated)
	for i := range rows {
		if repeated && i == len(rows)/2 {
			out = append(out, fundingHeader...)
		}
		out = appendStamp(out, rows[i].At, 0, micros != (mixed && i%2 == 1))
		out = append(out, ',')
		out = strconv.AppendInt(out, int64(rows[i].IntervalH), 10)
		out = append(append(out, ','), rows[i].Rate...)
		out = append(out, '\n')
	}
	return out
}

// packer makes zip files. It reuses its compressors, which are large.
type packer struct {
	bomb int
	pool sync.Pool // *flate.Writer
}

// compressor is a zip.Compressor.
func (k *packer) compressor(out io.Writer) (io.WriteCloser, error) {
	f, ok := k.pool.Get().(*flate.Writer)
	if !ok {
		var err error
		if f, err = flate.NewWriter(out, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	f.Reset(out)
	return &pooled{f, k}, nil
}

// pooled gives its compressor back when it is closed.
type pooled struct {
	*flate.Writer
	home *packer
}

// Close ends the stream.
func (p *pooled) Close() error {
	err := p.Writer.Close()
	p.home.pool.Put(p.Writer)
	return err
}

// pack makes a zip of one entry, with a data descriptor as streaming writers
// do. The same arguments give the same bytes.
func (k *packer) pack(entry string, text []byte, at carry.Time, p filePlan) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, k.compressor)
	switch {
	case p.has(FaultPathParent):
		entry = "../" + entry
	case p.has(FaultPathAbsolute):
		entry = "/tmp/" + entry
	case p.has(FaultPathBackslash):
		entry = `..\` + entry
	}
	h := &zip.FileHeader{Name: entry, Method: zip.Deflate, Modified: at.UTC()}
	if p.has(FaultSymlink) {
		h.SetMode(fs.ModeSymlink | 0o777)
		text = []byte("/etc/hostname")
	}
	out, err := w.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := out.Write(text); err != nil {
		return nil, err
	}
	if p.has(FaultZipBomb) {
		block := bytes.Repeat([]byte("0"), 1<<16)
		for n := 0; n < k.bomb; n += len(block) {
			if _, err := out.Write(block); err != nil {
				return nil, err
			}
		}
	}
	if p.has(FaultTwoEntries) {
		second, err := w.CreateHeader(&zip.FileHeader{Name: "second-" + entry, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return nil, err
		}
		if _, err := second.Write(text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// metaOf hashes a file.
func metaOf(body []byte) meta {
	return meta{size: len(body), sha256: fmt.Sprintf("%x", sha256.Sum256(body)), md5: fmt.Sprintf("%x", md5.Sum(body))}
}

// zipPart is a part of a zip file of one entry.
type zipPart int

const (
	partLocal zipPart = iota
	partName
	partData
	partDescriptor
	partCentral
	partEnd
)

// cutZip cuts a file of ours in the middle of a part.
func cutZip(body []byte, part zipPart) []byte {
	const end = 22
	if len(body) < 30+end {
		return body[:len(body)/2]
	}
	name := int(binary.LittleEndian.Uint16(body[26:]))
	data := 30 + name + int(binary.LittleEndian.Uint16(body[28:]))
	central := int(binary.LittleEndian.Uint32(body[len(body)-end+16:]))
	const descriptor = 16
	at := map[zipPart]int{
		partLocal: 14, partName: 30 + name/2, partData: (data + central - descriptor) / 2,
		partDescriptor: central - descriptor/2, partCentral: central + 20, partEnd: len(body) - end/2,
	}[part]
	return body[:at]
}
